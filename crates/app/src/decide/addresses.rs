//! E-mail addresses: which accounts have one, and what was thought of sign-ups until the first login.

use countersign_core::{Micros, Score, SubjectId, TenantId, Timestamp, Verdict};
use countersign_risk::Profile;
use countersign_store::{
    AddressRow, Commit, DecisionRow, NewDecision, Scope, SignUpRow, Standing, StoreError, Write,
};
use moka::sync::Cache;

use super::{Asked, asked::Who, gather::Gathered};
use crate::{App, Error, Tenant, subjects::PersonKey};

/// How long a sign-up is carried to the first login, in microseconds: 30 days, after which few are still to come.
const CARRIED_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;

/// How long after the question about a sign-up its account is told of; judgement: the tenant runs both Actions in one breath.
pub(crate) const MADE_WITHIN: Micros = 10 * 60 * 1_000_000;

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

/// What a first login inherits from a sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) score: Score,
    /// Whether a challenge or more was decided about it, or a person called it fraudulent.
    pub(super) owes_challenge: bool,
}

impl Carried {
    /// The strictest of what was decided about one sign-up. A person's word about any of it is about all of it, and that it was
    /// fraud the stronger one.
    fn of(known: &[Known]) -> Option<Self> {
        let is_called = |standing| known.iter().any(|known| known.standing() == standing);
        let is_fraud = is_called(Standing::Fraudulent);
        if !is_fraud && is_called(Standing::Legitimate) {
            return None;
        }
        let score = known.iter().map(|known| known.row.score).max()?;
        let owes_challenge = is_fraud || known.iter().any(|known| known.row.is_challenged);
        Some(Self { score, owes_challenge })
    }
}

/// A sign-up with what is known of its decision; `None` where that is not kept.
struct Known {
    row: SignUpRow,
    decision: Option<DecisionRow>,
}

impl Known {
    fn standing(&self) -> Standing {
        self.decision.as_ref().map_or(Standing::Open, |row| row.standing)
    }

    /// Whether this was asked of an address just before the account was made: by the order of the ledger, since what somebody else
    /// tries afterwards may be of the same moment.
    fn led_to(&self, made: &Self) -> bool {
        let place = |known: &Self| known.decision.as_ref().map(|row| row.leaf_index);
        let is_before = place(self).zip(place(made)).is_some_and(|(asked, made)| asked < made);
        is_before && (-SKEW_MICROS..MADE_WITHIN).contains(&made.row.at.since(self.row.at))
    }
}

/// What a decision teaches about addresses, and what is known once it is on record.
#[derive(Default)]
pub(super) struct Learned {
    pub(super) writes: Vec<Write>,
    link: Option<AddressRow>,
}

impl App {
    /// What is carried to a login of an account without a confirmed one from its sign-up: the account's own, with what was asked
    /// before it was made; else the address's at this connection. Nothing where a person vouched for it.
    pub(super) async fn carried<T: Asked>(
        &self,
        tenant: &Tenant,
        event: &T,
        (key, profile): (&PersonKey, Option<&Profile>),
        at: Timestamp,
    ) -> Result<Option<Carried>, Error> {
        let store = &self.ports.store;
        let own = store.find_sign_up(&tenant.id, &key.subject, "").await?;
        let asked = self.sign_up_of_address(tenant, event).await?;
        let own = self.with_standing(tenant, own).await?;
        let asked = self.with_standing(tenant, asked).await?;
        let asked = asked.filter(|asked| own.as_ref().is_none_or(|own| asked.led_to(own)));
        let is_carried = |known: &Known| {
            // Why ahead too: the login follows on the sign-up, maybe in a process whose clock is behind.
            let is_young = (-SKEW_MICROS..CARRIED_MICROS).contains(&at.since(known.row.at));
            is_young && !profile.is_some_and(|profile| profile.is_vouched(known.row.at))
        };
        let known: Vec<Known> = [own, asked].into_iter().flatten().filter(is_carried).collect();
        Ok(Carried::of(&known))
    }

    /// What was decided before an account was made that is told of at this time.
    pub(super) async fn asked_before<T: Asked>(
        &self,
        tenant: &Tenant,
        event: &T,
        at: Timestamp,
    ) -> Result<Option<SignUpRow>, Error> {
        let asked = self.sign_up_of_address(tenant, event).await?;
        Ok(asked.filter(|asked| (-SKEW_MICROS..MADE_WITHIN).contains(&at.since(asked.at))))
    }

    async fn sign_up_of_address<T: Asked>(
        &self,
        tenant: &Tenant,
        event: &T,
    ) -> Result<Option<SignUpRow>, StoreError> {
        let (Some(email), Some(connection)) = (event.address(), event.connection()) else { return Ok(None) };
        self.ports.store.find_sign_up(&tenant.id, &tenant.keys.address(email), connection).await
    }

    async fn with_standing(
        &self,
        tenant: &Tenant,
        row: Option<SignUpRow>,
    ) -> Result<Option<Known>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let decision = self.ports.store.find_decision(Scope::Tenant(&tenant.id), &row.decision).await?;
        Ok(Some(Known { row, decision }))
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
            // Why what was asked before, too: a client's policy is known there alone, and what anybody tries with the address later
            // may hide it.
            let asked = gathered.asked.as_ref();
            let row = SignUpRow {
                holder: subject.clone(),
                connection: connection.to_owned(),
                decision: decision.id.clone(),
                score: asked.map_or(decision.score, |asked| asked.score.max(decision.score)),
                is_challenged: decision.verdict >= Verdict::Challenge
                    || asked.is_some_and(|asked| asked.is_challenged),
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
