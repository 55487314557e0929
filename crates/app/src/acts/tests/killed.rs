use std::collections::BTreeMap;

use countersign_plan::{gate::Settings, testing::World};
use serde_json::{Value, json};

use super::scene::{Stage, block, revoke};

/// Forty changes, of which some make, some mail and some can't be sent twice.
fn forty() -> Vec<Value> {
    let mut wanted = vec![
        json!({"change": "create_organization", "name": "new", "display_name": "New"}),
        json!({"change": "enable_connection", "organization": {"made": "new"}, "connection": "con_1"}),
        json!({"change": "add_members", "organization": {"made": "new"}, "users": ["auth0|1", "auth0|2"]}),
        json!({"change": "notify", "receiver": "soc", "text": "half"}),
        json!({"change": "force_password_reset", "user": "auth0|0"}),
    ];
    for user in 0..6_u8 {
        let id = format!("auth0|{user}");
        wanted.extend([block(user), revoke(user)]);
        wanted.push(json!({"change": "assign_roles", "user": id, "roles": ["rol_0"]}));
        wanted.push(json!({"change": "set_app_metadata", "user": id, "keys": {"a": user}}));
        wanted.push(json!({"change": "set_user_metadata", "user": id, "keys": {"b": user}}));
        wanted.push(json!({"change": "add_members", "organization": {"id": "org_a"}, "users": [id]}));
    }
    wanted
}

/// How often each write was taken.
fn made(taken: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for write in taken {
        *counts.entry(write.as_str()).or_default() += 1;
    }
    counts
}

/// The tenant as it is seen; the password that nobody learns is another each time.
fn seen(stage: &Stage) -> World {
    let mut world = stage.fake.world.lock().state();
    let new = world.passwords.remove("auth0|0");
    assert!(new.is_some_and(|new| new.starts_with("Aa1-") && new.len() > 40));
    world
}

#[tokio::test]
async fn whenever_the_tenant_goes_away_the_run_ends_right_and_nothing_that_is_seen_is_done_twice() {
    let whole = Stage::new(Settings::default()).await;
    let plan = whole.approved(&forty()).await;
    assert_eq!(plan.steps, 42);
    whole.run().await;
    assert_eq!(whole.state(&plan.id).await, "done");
    let (wanted, all) = (seen(&whole), whole.fake.taken.lock().clone());
    for (goes_late, first) in [(false, 1), (true, 4)] {
        for fuse in (first..200).step_by(17) {
            let stage = Stage::new(Settings::default()).await;
            let plan = stage.approved(&forty()).await;
            *stage.fake.goes_late.lock() = goes_late;
            *stage.fake.fuse.lock() = Some(fuse);
            stage.run().await;
            *stage.fake.fuse.lock() = None;
            stage.run_later().await;
            let mut state = stage.state(&plan.id).await;
            if state == "halted" {
                // What can't be seen is for a person to say: whether the message or the address went out.
                let shown = stage.app().plan(&stage.scene.tenant, &plan.id).await.unwrap();
                let halt = shown.halt.unwrap();
                assert_eq!(halt.why.code(), "uncertain", "{goes_late} {fuse}");
                let mia = stage.mia().await;
                let done = shown.steps.iter().filter(|step| step.state.as_str() == "done").count();
                let is_done = stage.fake.taken.lock().len() + stage.fake.told.lock().len() > done;
                stage.app().settle_step(&mia, &plan.id, (halt.step, is_done)).await.unwrap();
                stage.run().await;
                state = stage.state(&plan.id).await;
            }
            assert_eq!(state, "done", "{goes_late} {fuse}");
            assert_eq!(seen(&stage), wanted, "{goes_late} {fuse}");
            let taken = stage.fake.taken.lock().clone();
            let (once, now) = (made(&all), made(&taken));
            let more = now.iter().filter(|(write, count)| once.get(*write).is_none_or(|once| once < *count));
            // Whether these were done can't be seen, and doing them again is the same: nobody learns either password.
            let is_same =
                |write: &str| write.contains("by chance") || write.starts_with("sessions.revoke_access");
            let twice: Vec<_> = more.filter(|(write, _)| !is_same(write)).collect();
            assert_eq!(twice, [], "{goes_late} {fuse}");
            assert!(taken.len() <= all.len() + 1, "{goes_late} {fuse}: {}", taken.len());
        }
    }
}
