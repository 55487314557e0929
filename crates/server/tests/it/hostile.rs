//! Whatever is sent, nothing breaks: no request is answered with a fault of ours, and no refusal repeats what came.

use countersign_testkit::{Answer, TestApp, post_login, refresh};
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::world::{bare, check_problem_shape, id_of, with_token};

/// Stands for a value of the request.
const MARK: &str = "m4rkedv4lue";

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })
}

/// A service and the runtime that it answers on.
struct World {
    runtime: tokio::runtime::Runtime,
    service: TestApp,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let service = runtime.block_on(TestApp::start(|_| {}));
        Self { runtime, service }
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.runtime.block_on(self.service.signed(path, body.to_vec(), self.service.signing()))
    }
}

/// Checks that an answer is a decision, an outcome or a refusal of the request, and holds nothing of it.
fn check(answer: &Answer) -> Result<(), TestCaseError> {
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    prop_assert!(
        matches!(answer.status, 200 | 400 | 403 | 404 | 409 | 413 | 422),
        "{} {text}",
        answer.status
    );
    if answer.status != 200 {
        check_problem_shape(answer);
    }
    prop_assert!(!text.contains(MARK), "{text}");
    Ok(())
}

/// Any small JSON value, with marked texts and the numbers that break things.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(u64::MAX)),
        Just(json!(MARK)),
        Just(json!("")),
        Just(json!(format!("{MARK}, expected a string"))),
        Just(json!(format!("sub_{MARK}"))),
        Just(json!(format!("{MARK}\u{0}\n\u{202e}"))),
        any::<String>().prop_map(|text| json!(format!("{MARK}{text}"))),
        Just(json!(MARK.repeat(500))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Pointers to every value in `value`, itself first.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(member, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Takes the value at a pointer out.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
        _ => {}
    }
}

#[test]
fn random_bytes_are_refused() {
    let world = World::new();
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..2_000),
        "[\\[\\]{}\":,0-9eE.\\\\ntfu -]{0,200}".prop_map(String::into_bytes),
        values().prop_map(|value| value.to_string().into_bytes()),
    ];
    runner(300)
        .run(&bytes, |body| {
            for path in ["/v1/decisions", "/v1/outcomes"] {
                let answer = world.post(path, &body);
                check(&answer)?;
                prop_assert_ne!(answer.status, 200);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_request_with_any_value_replaced_or_left_out_is_decided_or_refused() {
    let world = World::new();
    let bodies = [TestApp::question(&post_login()), TestApp::question(&refresh())];
    let places = bodies.each_ref().map(|body| {
        let mut found = Vec::new();
        pointers(body, "", &mut found);
        found
    });
    let change = (any::<bool>(), any::<Index>(), prop::option::weighted(0.8, values()));
    let changes = prop::collection::vec(change, 1..4);
    let mut decided = 0;
    runner(500)
        .run(&changes, |changes| {
            let which = usize::from(changes[0].0);
            let mut body = bodies[which].clone();
            for (_, place, value) in changes {
                let pointer = place.get(&places[which]);
                match value {
                    Some(value) => body.pointer_mut(pointer).into_iter().for_each(|old| *old = value.clone()),
                    None if body.pointer(pointer).is_some() => remove(&mut body, pointer),
                    None => {}
                }
            }
            check(&world.post("/v1/decisions", body.to_string().as_bytes()))
        })
        .unwrap();
    for body in &bodies {
        decided += u32::from(world.post("/v1/decisions", body.to_string().as_bytes()).status == 200);
    }
    assert_eq!(decided, 2, "the service is whole");
    let tenant = world.service.tenant();
    world.runtime.block_on(world.service.app.audit(&tenant)).unwrap();
}

#[test]
fn a_request_with_bytes_changed_cut_or_added_is_decided_or_refused() {
    let world = World::new();
    let body = TestApp::question(&post_login()).to_string().into_bytes();
    let edits = prop::collection::vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..6);
    runner(300)
        .run(&edits, |edits| {
            let mut body = body.clone();
            for (place, byte, kind) in edits {
                // Nothing is left to edit once all was cut.
                let Some(last) = body.len().checked_sub(1) else { break };
                let at = place.index(last + 1);
                match kind {
                    0 => body[at] = byte,
                    1 => body.insert(at, byte),
                    2 => drop(body.remove(at)),
                    _ if at > 0 => body.truncate(at),
                    _ => {}
                }
            }
            check(&world.post("/v1/decisions", &body))
        })
        .unwrap();
}

#[test]
fn an_outcome_of_any_values_is_taken_or_refused() {
    let world = World::new();
    let id = id_of(&world.runtime.block_on(world.service.decide(&post_login())));
    let kinds = prop_oneof![
        Just("completed"),
        Just("challenge_passed"),
        Just("challenge_failed"),
        Just("verdict"),
        Just("login_failed"),
    ];
    let ids = prop_oneof![Just(json!(id)), Just(json!(format!("dec_{MARK}"))), values()];
    let user_ids = prop_oneof![any::<String>().prop_map(Value::from), values()];
    let times =
        prop_oneof![Just(json!("2026-08-20T08:00:00Z")), Just(json!("-009000-01-01T00:00:00Z")), values()];
    let member = |values: BoxedStrategy<Value>| prop::option::of(values);
    let outcomes = (
        kinds,
        member(ids.boxed()),
        member(user_ids.boxed()),
        member(times.boxed()),
        member(values().boxed()),
        member(values().boxed()),
    );
    runner(300)
        .run(&outcomes, |(kind, id, user_id, at, factor, verdict)| {
            let members = [
                ("decision_id", id),
                ("user_id", user_id),
                ("at", at),
                ("factor", factor),
                ("verdict", verdict),
            ];
            let mut outcome = json!({ "kind": kind });
            for (name, value) in members {
                if let Some(value) = value {
                    outcome[name] = value;
                }
            }
            check(&world.post("/v1/outcomes", outcome.to_string().as_bytes()))
        })
        .unwrap();
}

#[test]
fn whatever_an_operator_asks_for_nothing_breaks() {
    let world = World::new();
    let id = id_of(&world.runtime.block_on(world.service.decide(&post_login())));
    let segments = prop_oneof![
        Just(id),
        Just("example-tenant".to_owned()),
        Just("post-login".to_owned()),
        Just(MARK.to_owned()),
        Just(format!("dec_{MARK}")),
        Just("%00".to_owned()),
        Just("%ff".to_owned()),
        Just("..%2f..".to_owned()),
        "[a-zA-Z0-9_.~-]{1,300}",
    ];
    let routes = prop_oneof![
        Just("/v1/decisions/{}"),
        Just("/v1/decisions/{}/receipt"),
        Just("/v1/decisions"),
        Just("/v1/ledger/{}/checkpoint"),
        Just("/v1/ledger/{}/verifier"),
        Just("/v1/switches/{}/{}"),
        Just("/{}"),
    ];
    let names = prop_oneof![
        Just("tenant"),
        Just("level"),
        Just("organization"),
        Just("before"),
        Just("aliases"),
        Just("m4rkedv4lue")
    ];
    let parameters = prop_oneof![
        Just("example-tenant".to_owned()),
        Just("true".to_owned()),
        Just("high".to_owned()),
        Just(u64::MAX.to_string()),
        Just("0".to_owned()),
        Just(MARK.to_owned()),
        Just("%ff%00".to_owned()),
        Just(String::new()),
    ];
    let queries = prop::collection::vec((names, parameters), 0..4);
    let methods = prop_oneof![Just("GET"), Just("GET"), Just("PUT"), Just("POST"), Just("DELETE")];
    runner(500)
        .run(
            &(methods, routes, segments.clone(), segments, queries),
            |(method, route, first, second, query)| {
                let path = route.replacen("{}", &first, 1).replacen("{}", &second, 1);
                let query: Vec<String> =
                    query.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let request = with_token(bare(method, &format!("{path}?{}", query.join("&"))));
                let answer = world.runtime.block_on(world.service.send(request));
                prop_assert!(answer.status < 500, "{method} {path}?{query:?}: {}", answer.status);
                let text = String::from_utf8_lossy(&answer.bytes).into_owned();
                prop_assert!(!text.contains(MARK), "{method} {path}?{query:?}: {text}");
                if answer.status >= 400 {
                    check_problem_shape(&answer);
                }
                Ok(())
            },
        )
        .unwrap();
}
