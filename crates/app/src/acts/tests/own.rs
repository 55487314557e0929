//! What would lock out whoever administers the service, or the service itself, by what holds when it is carried out.

use std::sync::Arc;

use countersign_plan::gate::Settings;
use countersign_rights::{Action, How, Role};
use countersign_store::{AccessWrite, Commit, GrantRow, Write};
use serde_json::json;
use tokio::sync::Semaphore;

use super::scene::{Stage, block};
use crate::{
    Error,
    access::provider::{Begin, Finish, Identity, IdentityProvider, ProviderError},
    acts::PlanRefusal,
    incidents::tests::Scene,
    management::Pending,
};

/// A provider at which nobody signs in here; it has a name.
struct Named;

impl IdentityProvider for Named {
    fn issuer(&self) -> &'static str {
        "https://login.example.com/"
    }

    fn begin<'a>(&'a self, _: &'a Begin) -> Pending<'a, Result<String, ProviderError>> {
        Box::pin(async { Err(ProviderError::Refused("none")) })
    }

    fn finish<'a>(&'a self, _: &'a Finish) -> Pending<'a, Result<Identity, ProviderError>> {
        Box::pin(async { Err(ProviderError::Refused("none")) })
    }
}

impl Stage {
    async fn administered(by: &[&str]) -> Self {
        let scene = Scene::signing_in(vec![], Some(Arc::new(Named))).await;
        let stage = Self::on(scene, Settings::default());
        for user in by {
            stage.make_administrator(user).await;
        }
        stage
    }

    async fn make_administrator(&self, user: &str) {
        self.permit((user, Role::Administrator, How::Oidc), Action::ReadPlans).await.unwrap();
        self.write(AccessWrite::AddGrant(GrantRow {
            id: format!("rec_{user}"),
            principal: format!("per_{user}"),
            role: Role::Administrator.as_str().to_owned(),
            tenant: Some(self.tenant().clone()),
            organization: None,
            given_at: self.app().ports.clock.now(),
            given_by: "per_mia".to_owned(),
            ended_at: None,
            ended_by: None,
        }))
        .await;
    }

    async fn end_administrator(&self, user: &str) {
        let (at, by) = (self.app().ports.clock.now(), "per_mia".to_owned());
        self.write(AccessWrite::EndGrant { id: format!("rec_{user}"), at, by }).await;
    }

    async fn write(&self, write: AccessWrite) {
        let commit =
            Commit { writes: vec![Write::Access(write)], ..Commit::background(self.tenant().clone()) };
        self.app().ports.store.commit(commit).await.unwrap();
    }

    async fn halt_of(&self, plan: &str) -> Option<(usize, &'static str)> {
        let shown = self.app().plan(&self.scene.tenant, plan).await.unwrap();
        shown.halt.map(|halt| (halt.step, halt.why.code()))
    }
}

#[tokio::test]
async fn who_would_be_the_last_by_the_time_of_the_run_is_not_blocked() {
    let stage = Stage::administered(&["auth0|1", "auth0|2"]).await;
    let refused = stage.propose(&[block(1), block(2)]).await;
    assert!(matches!(refused, Err(Error::Plan(PlanRefusal::Faults(_)))), "{refused:?}");
    let plan = stage.approved(&[block(3), block(1)]).await;
    stage.end_administrator("auth0|2").await;
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.halt_of(&plan.id).await, Some((0, "lock_out")), "before anything is done");
    assert!(stage.fake.taken.lock().is_empty());
    assert_eq!(stage.changes_of(&plan.id).await, ["proposed", "approved", "begun", "halted"]);
    stage.make_administrator("auth0|4").await;
    stage.app().resume_plan(&stage.mia().await, &plan.id).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!((stage.state(&plan.id).await.as_str(), stage.fake.taken.lock().len()), ("done", 2));
}

#[tokio::test]
async fn whoever_can_not_sign_in_at_the_tenant_is_nobody_who_is_left() {
    let stage = Stage::administered(&["auth0|1", "auth0|2", "auth0|9"]).await;
    let plan = stage.approved(&[block(3), block(1)]).await;
    stage.set_user("auth0|2", "blocked", true);
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.halt_of(&plan.id).await, Some((1, "lock_out")), "looked at just before the step");
    assert_eq!(stage.fake.taken.lock().len(), 1);
    stage.set_user("auth0|2", "blocked", false);
    stage.app().resume_plan(&stage.mia().await, &plan.id).await.unwrap();
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.state(&plan.id).await, "done");
}

#[tokio::test]
async fn two_runs_at_once_do_not_each_block_one_of_the_last_two() {
    let stage = Stage::administered(&["auth0|1", "auth0|2"]).await;
    let plans = [stage.approved(&[block(1)]).await.id, stage.approved(&[block(2)]).await.id];
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let open = async {
        for plan in &plans {
            while stage.state(plan).await != "running" {
                tokio::task::yield_now().await;
            }
        }
        while !intended(&stage, &plans).await.contains(&true) {
            tokio::task::yield_now().await;
        }
        // Time for the other one to come as far, if nothing keeps it.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(intended(&stage, &plans).await.iter().filter(|is_intended| **is_intended).count(), 1);
        gate.add_permits(9);
    };
    tokio::join!(stage.run(), open);
    let mut ends = [stage.state(&plans[0]).await, stage.state(&plans[1]).await];
    ends.sort();
    assert_eq!(ends, ["done", "halted"]);
    let halted = [stage.halt_of(&plans[0]).await, stage.halt_of(&plans[1]).await];
    assert!(halted.contains(&Some((0, "lock_out"))), "{halted:?}");
    assert_eq!(stage.fake.taken.lock().len(), 1);
}

/// Of which plans a step is on its way, or was.
async fn intended(stage: &Stage, plans: &[String]) -> Vec<bool> {
    let mut intended = Vec::new();
    for plan in plans {
        intended.push(stage.changes_of(plan).await.contains(&"step_intended".to_owned()));
    }
    intended
}

#[tokio::test]
async fn the_service_s_own_client_keeps_its_secret_also_when_it_became_its_own_meanwhile() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[json!({"change": "rotate_client_secret", "client": "ours"})]).await;
    stage.scene.tenant.name_own_clients(["ours".parse().unwrap()].into());
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.halt_of(&plan.id).await, Some((0, "lock_out")));
    assert!(stage.fake.taken.lock().is_empty());
}
