//! The breaker of a tenant: what went wrong lets nothing go by itself until a person says so.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_plan::gate::Breaker;
use countersign_store::{Commit, PlanWrite, StoreError, Write};

use super::beside::Beside;
use crate::{App, Error, Tenant, access::Permit, leaves::Draft};

/// How often a change is made anew at the most.
const TRIES: u32 = 3;

impl App {
    pub(super) async fn breaker(&self, tenant: &Tenant) -> Result<(u64, Breaker), Error> {
        let Some((version, document)) = self.ports.store.find_breaker(&tenant.id).await? else {
            return Ok((0, Breaker::default()));
        };
        Ok((version, serde_json::from_str(&document).map_err(Error::internal)?))
    }

    /// Whether nothing goes by itself at the tenant.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn is_breaker_open(&self, tenant: &Tenant) -> Result<bool, Error> {
        Ok(self.breaker(tenant).await?.1.is_open())
    }

    /// A person reports that what was done did harm: nothing goes by itself from now on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn report_harm(&self, permit: &Permit) -> Result<(), Error> {
        let at = self.ports.clock.now();
        self.change_breaker(permit, ("breaker_opened", permit.caller().id()), |breaker| breaker.harmed(at))
            .await
    }

    /// A person closes the breaker; what went wrong before counts no more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn close_breaker(&self, permit: &Permit) -> Result<(), Error> {
        self.change_breaker(permit, ("breaker_closed", permit.caller().id()), Breaker::closed).await
    }

    /// What counts that a run failed or halted; `Stale` when it is kept where somebody acted on the breaker since.
    pub(super) async fn failure(&self, tenant: &Tenant) -> Result<Beside, Error> {
        let at = self.ports.clock.now();
        self.breaker_change(tenant, ("breaker_counted", "executor"), |breaker| breaker.failed(at)).await
    }

    /// A change of the breaker as it is now.
    async fn breaker_change(
        &self,
        tenant: &Tenant,
        (change, principal): (&str, &str),
        how: impl Fn(Breaker) -> Breaker,
    ) -> Result<Beside, Error> {
        let (expected_version, breaker) = self.breaker(tenant).await?;
        let breaker = how(breaker);
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Plan)
            .fact("change", &change)
            .fact("principal", &principal)
            .fact("is_open", &breaker.is_open());
        let document = serde_json::to_string(&breaker).map_err(Error::internal)?;
        Ok(Beside {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Plan(PlanWrite::Breaker { expected_version, document })],
        })
    }

    async fn change_breaker(
        &self,
        tenant: &Tenant,
        (change, principal): (&str, &str),
        how: impl Fn(Breaker) -> Breaker,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let Beside { leaves, writes } = self.breaker_change(tenant, (change, principal), &how).await?;
            let commit = Commit { leaves, writes, ..Commit::background(tenant.id.clone()) };
            match self.ports.store.commit(commit).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Stale)
    }
}
