//! Plans about somebody who is erased meanwhile.

use std::sync::Arc;

use countersign_plan::gate::Settings;
use tokio::sync::Semaphore;

use super::scene::{Stage, block, revoke};
use crate::{
    App,
    acts::{PlanFilter, PlanListed, Ran},
};

impl Stage {
    async fn erase(&self, user: &str) {
        let subject = App::subject(&self.scene.tenant, user);
        assert!(self.app().erase(&self.scene.tenant, &subject).await.unwrap());
    }

    async fn only_plan(&self) -> PlanListed {
        let filter = PlanFilter::default();
        self.app().plans(&self.scene.tenant, filter, 9).await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_plan_about_somebody_who_was_erased_fails_once_and_says_so() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1)]).await;
    stage.erase("auth0|1").await;
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.run_later().await, Ran::default(), "it is looked at no more");
    let listed = stage.only_plan().await;
    assert_eq!((listed.plan.state.as_str(), listed.is_erased), ("failed", true));
    assert!(stage.fake.taken.lock().is_empty());
    assert_eq!(stage.changes_of(&plan.id).await, ["proposed", "approved", "failed"]);
    let failed = stage.leaves().await.pop().unwrap();
    assert_eq!(
        (failed["reason"].as_str(), failed["step"].as_str(), failed["state"].as_str()),
        ("erased", "0", "failed")
    );
    assert!(!stage.app().is_breaker_open(&stage.scene.tenant).await.unwrap());
}

#[tokio::test]
async fn a_proposal_about_somebody_who_was_erased_ends_with_its_time() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.propose(&[block(1)]).await.unwrap();
    stage.erase("auth0|1").await;
    assert_eq!(stage.run().await, Ran::default());
    stage.scene.clock.advance(std::time::Duration::from_secs(25 * 3_600));
    assert_eq!(stage.run().await.ended, 1);
    assert_eq!(stage.run().await, Ran::default());
    assert_eq!(stage.changes_of(&plan.id).await, ["proposed", "failed"]);
}

#[tokio::test]
async fn what_was_on_its_way_when_somebody_was_erased_is_accounted_for_and_nothing_follows() {
    let stage = Stage::new(Settings::default()).await;
    let plan = stage.approved(&[block(1), revoke(1)]).await;
    let gate = Arc::new(Semaphore::new(0));
    *stage.fake.gate.lock() = Some(Arc::clone(&gate));
    let erase = async {
        while !stage.changes_of(&plan.id).await.contains(&"step_intended".to_owned()) {
            tokio::task::yield_now().await;
        }
        stage.erase("auth0|1").await;
        gate.add_permits(9);
    };
    let (ran, ()) = tokio::join!(stage.run(), erase);
    stage.run().await;
    assert_eq!((ran.ended + ran.waiting, stage.fake.taken.lock().len()), (1, 1));
    assert_eq!(stage.only_plan().await.plan.state, "failed");
    let told = ["proposed", "approved", "begun", "step_intended", "step_ended", "failed"];
    assert_eq!(stage.changes_of(&plan.id).await, told);
    assert_eq!(stage.leaves().await.pop().unwrap()["step"], "1");
}
