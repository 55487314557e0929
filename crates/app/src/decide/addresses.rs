//! E-mail addresses: which accounts have one, and what was thought of sign-ups until the first login.

use countersign_core::{SubjectId, TenantId, Timestamp, Verdict};
use countersign_store::{AddressRow, Commit, NewDecision, SignUpRow, Write};
use moka::sync::Cache;

use super::{Asked, asked::Who, gather::Gathered};
use crate::{App, Error, Tenant};

/// How long a sign-up is carried to the first login, in microseconds: 30 days, after which few are still to come.
const CARRIED_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;

/// How far the clocks of two processes may lie apart, in microseconds.
const SKEW_MICROS: i64 = 60 * 1_000_000;

/// Links that are known to be on record, some 200 bytes each; of others it is written again that they hold.
const KNOWN: u64 = 100_000;

/// Links of accounts and addresses that this process knows to be on record.
pub(crate) struct Links(Cache<(TenantId, SubjectId, SubjectId), bool>);

impl Links {
    pub(crate) fn new() -> Self {
        Self(Cache::new(KNOWN))
    }

    /// Forgets all: some were deleted, and nobody says which.
    pub(crate) fn forget(&self) {
        self.0.invalidate_all();
    }
}

/// What a decision teaches about addresses, and what is known once it is on record.
#[derive(Default)]
pub(super) struct Learned {
    pub(super) writes: Vec<Write>,
    link: Option<AddressRow>,
}

impl App {
    /// The sign-up that is carried to a login of an account without a confirmed one: the account's own, else the
    /// address's at this connection.
    pub(super) async fn carried<T: Asked>(
        &self,
        tenant: &Tenant,
        event: &T,
        subject: &SubjectId,
        at: Timestamp,
    ) -> Result<Option<SignUpRow>, Error> {
        let store = &self.ports.store;
        let mut found = store.find_sign_up(&tenant.id, subject, "").await?;
        if let (None, Some(email), Some(connection)) = (&found, event.address(), event.connection()) {
            found = store.find_sign_up(&tenant.id, &tenant.keys.address(email), connection).await?;
        }
        // Why ahead too: the login follows on the sign-up, maybe in a process whose clock is behind.
        let is_young = |row: &SignUpRow| (-SKEW_MICROS..CARRIED_MICROS).contains(&at.since(row.at));
        Ok(found.filter(is_young))
    }

    /// The one account that is known to have an address; `None` where several claim it, or nobody proved it.
    pub(super) async fn holder(&self, tenant: &Tenant, email: &str) -> Result<Option<SubjectId>, Error> {
        let address = tenant.keys.address(email);
        let holders = self.ports.store.list_address_holders(&tenant.id, &address).await?;
        let mut verified = holders.into_iter().filter(|row| row.is_verified).map(|row| row.subject);
        Ok(verified.next().filter(|_| verified.next().is_none()))
    }

    /// What a decision teaches: an account's address, and a sign-up for the first login.
    pub(super) fn learned<T: Asked>(
        &self,
        event: &T,
        tenant: &Tenant,
        gathered: &Gathered,
        decision: &NewDecision,
    ) -> Learned {
        let subject = &gathered.key.subject;
        let is_account = matches!(event.who(), Who::User(_));
        let mut learned = Learned::default();
        if let (true, Some(email)) = (is_account, event.address()) {
            let row = AddressRow {
                address: tenant.keys.address(email),
                subject: subject.clone(),
                is_verified: event.is_verified(),
            };
            let known = self.links.0.get(&(tenant.id.clone(), row.address.clone(), row.subject.clone()));
            if known.is_none_or(|was_verified| row.is_verified && !was_verified) {
                learned.writes.push(Write::Address(row.clone()));
                learned.link = Some(row);
            }
        }
        if event.is_sign_up() {
            let connection = if is_account { "" } else { event.connection().unwrap_or_default() };
            let row = SignUpRow {
                holder: subject.clone(),
                connection: connection.to_owned(),
                decision: decision.id.clone(),
                score: decision.score,
                is_challenged: decision.verdict >= Verdict::Challenge,
                at: decision.at,
            };
            learned.writes.push(Write::SignUp { row, since: decision.at.plus(-CARRIED_MICROS) });
        }
        learned
    }

    /// Notes that what was learned is on record.
    pub(super) fn remember(&self, tenant: &Tenant, learned: Learned) {
        if let Some(AddressRow { address, subject, is_verified }) = learned.link {
            self.links.0.insert((tenant.id.clone(), address, subject), is_verified);
        }
    }

    /// Forgets sign-ups that are too old to be carried.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_sign_ups(&self, tenant: &Tenant) -> Result<(), Error> {
        let before = self.ports.clock.now().plus(-CARRIED_MICROS);
        let commit =
            Commit { writes: vec![Write::PruneSignUps { before }], ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await?;
        Ok(())
    }
}
