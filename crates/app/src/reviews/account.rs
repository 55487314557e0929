//! Whose account a decision is about, by the id that the tenant gave it.

use countersign_auth0::management::users::{self, User};
use countersign_core::{Micros, Mode, Timestamp, Trigger, Verdict};
use countersign_detect::{HOUR, MINUTE};
use countersign_store::DecisionRow;
use serde::Deserialize;

use crate::{App, Error, Tenant, acts::PlanRefusal, management::Lane};

/// An account that is not there so long after its sign-up was not made by it.
const MADE_WITHIN: Micros = HOUR;

/// How far the tenant's clock may lie behind ours.
const SKEW: Micros = MINUTE;

/// What is read of an event.
#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    user: Option<Who>,
    #[serde(default)]
    connection: Option<Connection>,
}

#[derive(Deserialize)]
struct Who {
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
struct Connection {
    #[serde(default)]
    name: Option<String>,
}

/// What is known of the account of a decision.
pub(super) enum Account {
    /// Its user id.
    Known(String),
    /// It may still come to be.
    NotYet,
    /// There is none, and there will be none.
    Never,
}

impl App {
    /// Whose sign-in or sign-up it was. Before the registration there is no account: then the one that was made since at the same connection
    /// with the same address, as the tenant says now. One that was there before is somebody's whom whoever signed up named.
    pub(super) async fn account_of(&self, tenant: &Tenant, decision: &DecisionRow) -> Result<Account, Error> {
        let record = self.open_record(tenant, decision).await?;
        let event: Event = serde_json::from_str(record.event.get())
            .map_err(|_| Error::internal("an event of a record can't be read"))?;
        let Some(user) = event.user else { return Ok(Account::Never) };
        if let Some(id) = user.user_id {
            return Ok(Account::Known(id));
        }
        let is_sign_up = decision.decision.trigger == Trigger::PreUserRegistration;
        let (true, Some(email), Some(connection)) =
            (is_sign_up, user.email, event.connection.and_then(|connection| connection.name))
        else {
            return Ok(Account::Never);
        };
        let made = decision.decision.at;
        if is_refused(decision) || self.ports.clock.now().since(made) > MADE_WITHIN {
            return Ok(Account::Never);
        }
        let found = self.made_since(tenant, (&email, &connection), made.plus(-SKEW)).await?;
        Ok(found.map_or(Account::NotYet, Account::Known))
    }

    async fn made_since(
        &self,
        tenant: &Tenant,
        (email, connection): (&str, &str),
        from: Timestamp,
    ) -> Result<Option<String>, Error> {
        let unread = |error: &dyn std::fmt::Display| Error::Plan(PlanRefusal::Read(error.to_string()));
        let request = users::by_email(email);
        let reply = tenant.hands()?.port.api().fetch(request.any(), Lane::Bulk).await;
        let users: Vec<User> =
            reply.map_err(|error| unread(&error))?.read().map_err(|error| unread(&error))?;
        let mut made = users.into_iter().filter(|user| is_made_at(user, connection, from));
        let one = made.next().map(|user| user.user_id.as_str().to_owned());
        Ok(one.filter(|_| made.next().is_none()))
    }
}

/// Whether the sign-up was refused: in any other mode it was let in, whatever the verdict.
fn is_refused(decision: &DecisionRow) -> bool {
    decision.decision.verdict == Verdict::Deny && decision.decision.mode == Mode::Enforce
}

fn is_made_at(user: &User, connection: &str, from: Timestamp) -> bool {
    let made =
        user.created_at.as_option().and_then(|at| at.0.as_str()).and_then(|at| at.parse::<Timestamp>().ok());
    let identities = user.identities.as_option().map_or(&[][..], Vec::as_slice);
    let is_of = |name: Option<&String>| name.is_some_and(|name| name == connection);
    made.is_some_and(|made| made >= from)
        && identities.iter().any(|identity| is_of(identity.connection.as_option()))
}
