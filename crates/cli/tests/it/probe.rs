//! Asking a tenant what is not documented: at the sandbox tenant as it is, and at ones that differ.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use countersign_sandbox::tenant::{Plan, scopes};
use serde_json::{Value, json};

use crate::{
    tenant_sandbox::{Fate, Sandbox},
    world::{Service, complained, countersign, now, told},
};

/// What is made by a probe.
const MADE: &str = "countersign-probe-";

/// Far above what a stop takes.
const SOON: Duration = Duration::from_secs(30);

fn answer(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

fn begun() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    Service::start(home.path()).stop();
    home
}

fn is_organization(path: &str) -> bool {
    path.strip_prefix("/api/v2/organizations/").is_some_and(|rest| !rest.contains('/'))
}

/// How many organizations and Actions there are.
fn left(sandbox: &Sandbox) -> usize {
    let tenant = sandbox.shell.tenant();
    let tenant = tenant.lock();
    ["organizations", "actions"].map(|name| tenant.state().objects.count(name)).iter().sum()
}

fn with_heap(sandbox: &Sandbox, bytes: u64) {
    let ran = move |_: &_, _: &Value| json!({"logs": format!("countersign-probe heap={bytes};")});
    sandbox.shell.tenant().lock().set_tester(Arc::new(ran));
}

fn with_writes(sandbox: &Sandbox, home: &Path) -> Output {
    let all = scopes().join(" ");
    sandbox.command(home, "probe", &["--with-writes", "--accept-scopes", &all, "--format", "json"])
}

fn report(output: &Output) -> Value {
    serde_json::from_str(&told(output)).unwrap_or_else(|_| panic!("{}{}", told(output), complained(output)))
}

/// How a question was answered, and what was found.
fn of<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str) {
    let rows = report["questions"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name).unwrap();
    (row["answer"].as_str().unwrap(), row["found"].as_str().unwrap())
}

#[test]
fn the_sandbox_answers_as_assumed_and_nothing_is_left_in_it() {
    let (home, sandbox) = (begun(), Sandbox::start());
    with_heap(&sandbox, 128 << 20);
    let probe = with_writes(&sandbox, home.path());
    assert_eq!(probe.status.code(), Some(0), "{}{}", told(&probe), complained(&probe));
    let report = report(&probe);
    for (name, found) in [
        ("triggers", "all 6 triggers are in the version that we take"),
        ("scopes", "it has: "),
        ("log-fields", "`log_id` in "),
        ("metadata", "it is replaced"),
        ("members", "11 ids are refused"),
        ("memory", "its heap may grow to 128 MiB"),
    ] {
        let (answer, text) = of(&report, name);
        assert!(answer == "as assumed" && text.starts_with(found), "{name}: {answer}, {text}");
    }
    for (name, why) in [
        ("log-mobile", "no log event at hand is of somebody's user agent"),
        ("failure-log", "the log events at hand tell of no Action's failure"),
        ("limit-body", "it takes --with-flood"),
        ("failure-told", "no program can ask it; these are the steps"),
    ] {
        assert_eq!(of(&report, name), ("not asked", why));
    }
    assert_eq!(report["left"], json!([]));
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn without_being_told_to_it_writes_nothing_and_a_person_gets_steps() {
    let writes = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&writes);
    let whim = move |method: &Method, path: &str| {
        if *method != Method::GET && path != "/oauth/token" {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        Fate::Own
    };
    let (home, sandbox) = (begun(), Sandbox::start_with(Plan::Unlimited, Arc::new(whim)));
    let probe = sandbox.command(home.path(), "probe", &[]);
    assert_eq!(probe.status.code(), Some(0), "{}{}", told(&probe), complained(&probe));
    let text = told(&probe);
    for part in [
        "not asked   how many members can be added to an organization in one call\n            assumed: 10\n",
        "why not: it takes --with-writes",
        "why not: it takes --with-flood",
        "            1. On a test tenant make a custom webhook stream",
        "as assumed  the current version of each trigger",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let fewer = ["--with-writes", "--accept-scopes", "read:organizations"];
    let fewer = sandbox.command(home.path(), "probe", &fewer);
    assert_eq!(fewer.status.code(), Some(1), "{}", told(&fewer));
    assert!(complained(&fewer).contains("scopes that were not accepted"), "{}", complained(&fewer));
    assert_eq!(writes.load(Ordering::Relaxed), 0);
}

/// A tenant that differs wherever it can be asked.
fn odd(method: &Method, path: &str) -> Fate {
    let is = |wanted: &Method, end: &str| method == wanted && path.ends_with(end);
    let log = |kind: &str, details: Value| json!({"log_id": kind, "type": kind, "user_agent": "x", "is_mobile": true, "isMobile": true, "details": details});
    if is(&Method::GET, "/actions/triggers") {
        let known = json!({"id": "post-login", "version": "v4", "status": "CURRENT", "runtimes": ["node24"]});
        return Fate::Instead(answer(200, &json!({"triggers": [known]})));
    }
    if is(&Method::GET, "/api/v2/logs") {
        return Fate::Instead(answer(200, &json!([log("f", json!({"error_class": "new"}))])));
    }
    if is(&Method::POST, "/members") {
        return Fate::Instead(StatusCode::NO_CONTENT.into_response());
    }
    if *method == Method::GET && is_organization(path) {
        let merged = json!({"id": "org_1", "metadata": {"first": "1", "second": "2"}});
        return Fate::Instead(answer(200, &merged));
    }
    Fate::Own
}

#[test]
fn what_differs_is_told_and_is_a_check_that_fails() {
    let (home, sandbox) = (begun(), Sandbox::start_with(Plan::Unlimited, Arc::new(odd)));
    with_heap(&sandbox, 32 << 20);
    let probe = with_writes(&sandbox, home.path());
    assert_eq!(probe.status.code(), Some(3), "{}{}", told(&probe), complained(&probe));
    let report = report(&probe);
    for (name, found) in [
        ("triggers", "`post-login` is v4 on node24; we take v3 on node22"),
        ("log-fields", "`log_id` in 1, `date` in 0 of 1 log events"),
        ("log-mobile", "`is_mobile` in 1, `isMobile` in 1 of 1 log events"),
        ("failure-log", "1 lack `trigger_id`"),
        ("metadata", "it is merged"),
        ("members", "501 ids at once are not refused for their number"),
        ("memory", "its heap may grow to 32 MiB"),
    ] {
        let (answer, text) = of(&report, name);
        assert!(answer == "differs" && text.contains(found), "{name}: {answer}, {text}");
    }
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn members_that_are_refused_for_another_reason_tell_nothing_of_their_number() {
    let refusing = |method: &Method, path: &str| {
        let refused = json!({"statusCode": 400, "error": "Bad Request", "message": "nobody has these ids"});
        let is_it = method == Method::POST && path.ends_with("/members");
        if is_it { Fate::Instead(answer(400, &refused)) } else { Fate::Own }
    };
    let (home, sandbox) = (begun(), Sandbox::start_with(Plan::Unlimited, Arc::new(refusing)));
    let probe = with_writes(&sandbox, home.path());
    let report = report(&probe);
    let (answer, why) = of(&report, "members");
    assert!(answer == "not asked" && why.contains("(400 nobody has these ids)"), "{answer}, {why}");
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn a_flood_shows_how_requests_are_refused() {
    let (home, sandbox) = (begun(), Sandbox::start_with(Plan::Free, Arc::new(|_, _| Fate::Own)));
    let flood = ["--with-flood", "--format", "json"];
    let probe = sandbox.command(home.path(), "probe", &flood);
    assert_eq!(probe.status.code(), Some(0), "{}{}", told(&probe), complained(&probe));
    let assumed = report(&probe);
    let (word, found) = of(&assumed, "limit-body");
    assert!(word == "as assumed" && found.contains("`Too Many Requests` (`too_many_requests`)"), "{found}");
    let headers = ("as assumed", "`x-ratelimit-reset` is there, `Retry-After` is absent");
    assert_eq!(of(&assumed, "limit-headers"), headers);
    // Another tenant, which says nothing but the status once it was asked for the triggers and the test floods it.
    let asked = AtomicBool::new(false);
    let whim = move |_: &Method, path: &str| {
        let is_flood = path.ends_with("/actions/triggers") && asked.swap(true, Ordering::Relaxed);
        if is_flood {
            Fate::Instead((StatusCode::TOO_MANY_REQUESTS, "no").into_response())
        } else {
            Fate::Own
        }
    };
    let silent = Sandbox::start_with(Plan::Unlimited, Arc::new(whim));
    let probe = silent.command(home.path(), "probe", &flood);
    assert_eq!(probe.status.code(), Some(3), "{}{}", told(&probe), complained(&probe));
    let differs = report(&probe);
    assert_eq!(of(&differs, "limit-body"), ("differs", "after 0 answers a body that is not JSON"));
    let headers = ("differs", "`x-ratelimit-reset` is absent, `Retry-After` is absent");
    assert_eq!(of(&differs, "limit-headers"), headers);
    // And one without limits.
    let probe = Sandbox::start().command(home.path(), "probe", &flood);
    let why = ("not asked", "none of 300 requests was refused for their number");
    assert_eq!(of(&report(&probe), "limit-body"), why);
}

#[test]
fn what_was_made_is_deleted_when_asking_fails_or_nobody_knows_whether_it_was_made() {
    let failed = || answer(500, &json!({}));
    let asking = move |method: &Method, path: &str| {
        let is_asked = (*method == Method::PATCH && is_organization(path))
            || (*method == Method::POST && path.ends_with("/test"));
        if is_asked { Fate::Instead(failed()) } else { Fate::Own }
    };
    let making = move |method: &Method, path: &str| {
        let makes = path == "/api/v2/organizations" || path == "/api/v2/actions/actions";
        if *method == Method::POST && makes { Fate::After(failed()) } else { Fate::Own }
    };
    let home = begun();
    let asking = Sandbox::start_with(Plan::Unlimited, Arc::new(asking));
    with_heap(&asking, 128 << 20);
    let making = Sandbox::start_with(Plan::Unlimited, Arc::new(making));
    let unknown = ["organizations.update", "actions.test", "organizations.create", "actions.create"]
        .map(|operation| format!("nobody knows whether `{operation}` was done: it answered with status 500"));
    let [updated, tested, organization, action] = &unknown;
    for (sandbox, reasons) in [(asking, [updated, tested]), (making, [organization, action])] {
        let probe = with_writes(&sandbox, home.path());
        assert_eq!(probe.status.code(), Some(0), "{}{}", told(&probe), complained(&probe));
        let report = report(&probe);
        for (name, why) in ["metadata", "memory"].into_iter().zip(reasons) {
            assert_eq!(of(&report, name), ("not asked", why.as_str()));
        }
        assert_eq!(left(&sandbox), 0, "{reasons:?}");
    }
}

#[test]
fn what_can_t_be_deleted_is_named() {
    let whim = |method: &Method, path: &str| {
        let refused = json!({"statusCode": 409, "error": "Conflict", "message": "it is in use"});
        let is_last = *method == Method::DELETE && is_organization(path);
        if is_last { Fate::Instead(answer(409, &refused)) } else { Fate::Own }
    };
    let (home, sandbox) = (begun(), Sandbox::start_with(Plan::Unlimited, Arc::new(whim)));
    with_heap(&sandbox, 128 << 20);
    let probe = with_writes(&sandbox, home.path());
    assert_eq!(probe.status.code(), Some(3), "{}{}", told(&probe), complained(&probe));
    let report = report(&probe);
    let named = report["left"][0].as_str().unwrap();
    let wanted = format!("the organization `{MADE}");
    assert!(named.starts_with(&wanted) && named.contains("it is in use"), "{named}");
    assert_eq!(of(&report, "metadata").0, "as assumed");
    assert_eq!(left(&sandbox), 1);
}

#[test]
fn what_was_made_is_deleted_when_the_process_is_asked_to_end() {
    let hangs = Arc::new(AtomicBool::new(false));
    let hung = Arc::clone(&hangs);
    let whim = move |method: &Method, path: &str| {
        let is_asked = *method == Method::PATCH && is_organization(path);
        hung.fetch_or(is_asked, Ordering::Relaxed);
        if is_asked { Fate::Never } else { Fate::Own }
    };
    let (home, sandbox) = (begun(), Sandbox::start_with(Plan::Unlimited, Arc::new(whim)));
    let all = scopes().join(" ");
    let mut command = countersign(home.path());
    command.args(sandbox.arguments(home.path(), "probe"));
    command.args(["--with-writes", "--accept-scopes", &all]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = now();
    while !hangs.load(Ordering::Relaxed) {
        assert!(began.elapsed() < SOON, "it never asks");
        std::thread::yield_now();
    }
    assert_eq!(left(&sandbox), 1);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}{}", told(&ended), complained(&ended));
    assert!(complained(&ended).contains("it was interrupted"), "{}", complained(&ended));
    assert_eq!(left(&sandbox), 0);
}
