//! Whose turn it is.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use countersign_adapters::management::Plan;
use countersign_app::management::Lane;
use countersign_auth0::management::{members, users};
use countersign_core::{Clock, testing::HeldClock};
use tokio::task::JoinSet;

use super::tenant::{PATIENCE, START, answer, cause, id, ok, serve, settings, tenant_on, token, user};

/// The server's own bucket: 20 at once and 200 a minute.
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Bucket {
    /// What is left when there was one to take.
    fn take(&mut self, now: Duration) -> Option<u32> {
        let filled = (now - self.at).as_secs_f64() * 200.0 / 60.0;
        self.tokens = (self.tokens + filled).min(20.0);
        self.at = now;
        // Why: nanoseconds of the client against fractions here.
        if self.tokens < 1.0 - 1e-4 {
            return None;
        }
        self.tokens -= 1.0;
        (0..20).rev().find(|left| f64::from(*left) <= self.tokens)
    }
}

#[tokio::test]
async fn five_thousand_members_get_their_roles_in_the_time_that_the_plan_dictates_without_a_429() {
    let clock = Arc::new(HeldClock::at(START));
    let bucket = Mutex::new(Bucket { tokens: 20.0, at: clock.monotonic() });
    let refused = Arc::new(AtomicUsize::new(0));
    let (server_clock, counted) = (Arc::clone(&clock), Arc::clone(&refused));
    let act = move |asked: &super::tenant::Asked| {
        if asked.target == "/oauth/token" {
            return token(0, 86_400);
        }
        let left = bucket.lock().unwrap().take(server_clock.monotonic());
        let Some(left) = left else {
            counted.fetch_add(1, Ordering::SeqCst);
            return answer("429 Too Many Requests", &["retry-after: 1"], "{}");
        };
        answer("204 No Content", &["x-ratelimit-limit: 20", &format!("x-ratelimit-remaining: {left}")], "")
    };
    let tenant = serve(clock, act, |url| settings(url, Plan::Professional)).await;
    let began = tenant.clock.monotonic();
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let (management, next) = (Arc::clone(&tenant.management), Arc::clone(&next));
        workers.spawn(async move {
            while next.fetch_add(1, Ordering::SeqCst) < 5_000 {
                let roles = ["rol_1".parse().unwrap()];
                let request = members::assign_roles(&"org_1".parse().unwrap(), &id(), &roles);
                management.write(&request, Lane::Bulk, &cause()).await.unwrap();
            }
        });
    }
    workers.join_all().await;
    let took = tenant.clock.monotonic() - began;
    let dictated = Duration::from_secs_f64((5_000.0 - 20.0) * 60.0 / 200.0);
    assert_eq!((tenant.asked().len(), refused.load(Ordering::SeqCst)), (5_000, 0));
    assert!(took <= dictated.mul_f64(1.1), "{took:?} of {dictated:?}");
}

#[tokio::test]
async fn containment_goes_before_all_that_waits() {
    let tenant = tenant_on(Plan::Professional, |_| ok(&user())).await;
    // So that the token is there.
    tenant.management.read(&users::list(), Lane::Interactive).await.unwrap_err();
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let management = Arc::clone(&tenant.management);
        tasks.spawn(async move { drop(management.write(&users::delete(&id()), Lane::Bulk, &cause()).await) });
    }
    // All of them are in the queue when this one comes.
    tokio::task::yield_now().await;
    let contain = users::block(&"auth0|2".parse().unwrap(), true);
    tenant.management.write(&contain, Lane::Containment, &cause()).await.unwrap();
    tasks.join_all().await;
    let place = tenant.asked().iter().position(|asked| asked.contains("auth0%7C2")).unwrap();
    assert!(place <= 20, "{place}");
    assert_eq!(tenant.asked().len(), 202);
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_the_turn_to_others() {
    let tenant = tenant_on(Plan::Free, |_| ok(&user())).await;
    for _ in 0..50 {
        let request = users::list();
        let mut given_up = Box::pin(tenant.management.read(&request, Lane::Bulk));
        // Asked once and dropped, whether it has its turn or not.
        drop(asked_once(&mut given_up));
    }
    let before = tenant.clock.monotonic();
    tenant.management.read(&users::get(&id()), Lane::Interactive).await.unwrap();
    assert_eq!(tenant.clock.monotonic(), before, "nobody is before it");
}

fn asked_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_a_turn_whoever_gives_up_meanwhile() {
    for round in 0..5 {
        let tenant = tenant_on(Plan::Professional, |_| ok(&user())).await;
        let (mut staying, mut leaving) = (JoinSet::new(), JoinSet::new());
        for n in 0..300_usize {
            let management = Arc::clone(&tenant.management);
            let lane = Lane::ALL[n % 3];
            let call = async move { management.read(&users::get(&id()), lane).await.is_ok() };
            if n % 4 == round % 4 { drop(leaving.spawn(call)) } else { drop(staying.spawn(call)) }
        }
        tokio::task::yield_now().await;
        leaving.abort_all();
        let all = tokio::time::timeout(PATIENCE, staying.join_all()).await.expect("nobody waits for ever");
        assert!(all.len() == 225 && all.into_iter().all(|is_ok| is_ok));
    }
}
