use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A host that does what the event tells it to.
const FAKE: &str = r#"
import { createInterface } from 'node:readline';
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n');
const echo = ({ id, handler, event, secrets }) => say({
  id, ok: true, outcome: 'returned', error: null, duration_ms: 1.5,
  result: { decision: 'allow', denied: null, challenge: [], calls: [{ call: handler, args: [event, secrets] }],
    claims: { id_token: { pid: process.pid }, access_token: {} }, app_metadata: {}, transaction_metadata: {} },
});
const held = [];
const deeds = {
  echo,
  crash: () => process.exit(3),
  hang: () => {},
  garbage: () => process.stdout.write('not json\n'),
  flood: () => process.stdout.write('x'.repeat(1100000) + '\n'),
  noise: (request) => { process.stderr.write('e'.repeat(1000000), () => echo(request)); },
  refuse: ({ id }) => say({ id, ok: false, error: { message: 'no such handler' } }),
  hold: (request) => { held.push(request); if (held.length === 20) held.reverse().forEach(echo); },
};
createInterface({ input: process.stdin })
  .on('line', (line) => { const request = JSON.parse(line); deeds[request.event.do](request); })
  .on('close', () => process.exit(0));
say({ ready: true, node: process.version });
"#;

fn launch(directory: &TempDir, script: &str) -> Launch {
    let host = directory.path().join("fake.mjs");
    fs::write(&host, script).unwrap();
    let mut launch = Launch::new(host);
    launch.limits.back_off = Duration::from_millis(1);
    launch.limits.grace = Duration::from_millis(100);
    launch
}

fn execution(event: Value) -> Execution {
    let secrets = [("KEY".to_owned(), "value".to_owned())].into();
    let action = Action { key: "it".into(), code: ACTION.into() };
    let handler = Handler::ExecutePostLogin;
    Execution { action, handler, event, secrets, cache: None, state: None, timeout_ms: 20_000 }
}

async fn ask(host: &Host, deed: &str) -> Result<Answer, HostError> {
    host.run(&execution(json!({ "do": deed }))).await
}

/// The process that answered.
async fn process_id(host: &Host) -> Value {
    ask(host, "echo").await.unwrap().result.unwrap().claims.id_token["pid"].clone()
}

#[tokio::test]
async fn an_execution_comes_back_with_its_effects() {
    let directory = TempDir::new().unwrap();
    let host = Host::start(launch(&directory, FAKE)).await.unwrap();
    assert!(host.node().starts_with('v'));
    let answer = host.run(&execution(json!({ "do": "echo", "text": "two\nlines \u{2028}" }))).await.unwrap();
    assert_eq!((answer.outcome, answer.error, answer.duration_ms), (Outcome::Returned, None, 1.5));
    let effects = answer.result.unwrap();
    assert_eq!(effects.decision, "allow");
    assert_eq!(effects.calls[0].call, "onExecutePostLogin");
    assert_eq!(
        effects.calls[0].args,
        [json!({ "do": "echo", "text": "two\nlines \u{2028}" }), json!({ "KEY": "value" })]
    );
}

#[tokio::test]
async fn answers_in_any_order_find_their_requests() {
    let directory = TempDir::new().unwrap();
    let host = Arc::new(Host::start(launch(&directory, FAKE)).await.unwrap());
    let mut runs = JoinSet::new();
    for n in 0..20 {
        let host = Arc::clone(&host);
        runs.spawn(async move { (n, host.run(&execution(json!({ "do": "hold", "n": n }))).await.unwrap()) });
    }
    let mut count = 0;
    while let Some(run) = runs.join_next().await {
        let (n, answer) = run.unwrap();
        assert_eq!(answer.result.unwrap().calls[0].args[0]["n"], n);
        count += 1;
    }
    assert_eq!(count, 20);
}

#[tokio::test]
async fn a_death_fails_what_is_in_flight_and_the_next_process_serves_again() {
    let directory = TempDir::new().unwrap();
    let host = Host::start(launch(&directory, FAKE)).await.unwrap();
    let before = process_id(&host).await;
    for deed in ["crash", "garbage", "flood"] {
        let (hung, died) = tokio::join!(ask(&host, "hang"), ask(&host, deed));
        assert_eq!((hung.unwrap_err(), died.unwrap_err()), (HostError::Died, HostError::Died), "{deed}");
        assert_ne!(process_id(&host).await, before, "{deed}");
    }
}

#[tokio::test]
async fn a_stuck_process_is_replaced() {
    let directory = TempDir::new().unwrap();
    let host = Host::start(launch(&directory, FAKE)).await.unwrap();
    let before = process_id(&host).await;
    let mut stuck = execution(json!({ "do": "hang" }));
    stuck.timeout_ms = 10;
    assert_eq!(host.run(&stuck).await.unwrap_err(), HostError::TimedOut);
    assert_ne!(process_id(&host).await, before);
}

#[tokio::test]
async fn complaints_and_refusals_leave_the_process_alone() {
    let directory = TempDir::new().unwrap();
    let host = Host::start(launch(&directory, FAKE)).await.unwrap();
    let before = process_id(&host).await;
    assert_eq!(ask(&host, "noise").await.unwrap().outcome, Outcome::Returned);
    assert_eq!(ask(&host, "refuse").await.unwrap_err(), HostError::Refused);
    let long = execution(json!({ "do": "echo", "text": "x".repeat(MAX_LINE) }));
    assert_eq!(host.run(&long).await.unwrap_err(), HostError::TooLarge);
    assert_eq!(host.run(&execution(json!("text"))).await.unwrap_err(), HostError::Refused);
    assert_eq!(process_id(&host).await, before);
}

#[tokio::test]
async fn restarts_are_bounded() {
    let directory = TempDir::new().unwrap();
    // Ready once; after that, the marker makes each start fail.
    let script = r"
import { existsSync, writeFileSync } from 'node:fs';
const marker = process.argv[1] + '.started';
if (existsSync(marker)) process.exit(1);
writeFileSync(marker, '');
process.stdin.on('data', () => process.exit(1));
process.stdout.write(JSON.stringify({ ready: true, node: process.version }) + '\n');
";
    let host = Host::start(launch(&directory, script)).await.unwrap();
    assert_eq!(ask(&host, "echo").await.unwrap_err(), HostError::Died);
    assert_eq!(ask(&host, "echo").await.unwrap_err(), HostError::Gone);
}

#[tokio::test]
async fn a_missing_program_and_a_silent_script_are_told_apart() {
    let directory = TempDir::new().unwrap();
    let mut missing = launch(&directory, FAKE);
    missing.program = directory.path().join("no-such-node");
    assert_eq!(Host::start(missing).await.unwrap_err(), HostError::NodeMissing);
    for script in
        ["process.exit(0)", "console.log('{\"ready\":false,\"node\":\"v20\"}')", "console.log('hello')"]
    {
        assert_eq!(
            Host::start(launch(&directory, script)).await.unwrap_err(),
            HostError::NotReady,
            "{script}"
        );
    }
    let mut slow = launch(&directory, "setInterval(() => {}, 1000)");
    slow.limits.ready = Duration::from_millis(50);
    assert_eq!(Host::start(slow).await.unwrap_err(), HostError::NotReady);
}

#[tokio::test]
async fn stopping_ends_the_process() {
    let directory = TempDir::new().unwrap();
    let ended = directory.path().join("ended");
    let script = FAKE.replace(
        "process.exit(0)",
        "(fs.writeFileSync(new URL('./ended', import.meta.url), ''), process.exit(0))",
    );
    let launch = launch(&directory, &format!("import fs from 'node:fs';{script}"));
    let host = Host::start(launch).await.unwrap();
    ask(&host, "echo").await.unwrap();
    host.stop().await;
    assert!(ended.exists());
}

/// An Action that uses the real `api`, and misbehaves on demand.
const ACTION: &str = r#"
exports.onExecutePostLogin = async (event, api) => {
  if (event.request.query.state === 'throw') throw new Error('on purpose');
  if (event.request.query.state === 'hang') await new Promise(() => {});
  api.idToken.setCustomClaim('https://sandbox.example/level', event.secrets.KEY);
  api.user.setAppMetadata('sandbox', { seen: true });
  if (event.user.enrolledFactors?.length) api.authentication.challengeWithAny(event.user.enrolledFactors);
};
exports.onContinuePostLogin = async (event, api) => {
  if (!event.authentication.methods.some((method) => method.name === 'mfa')) api.access.deny('no factor');
};
"#;

async fn real_host(directory: &TempDir) -> Host {
    let host = materialize(&directory.path().join("host")).unwrap();
    Host::start(Launch::new(host)).await.unwrap()
}

/// An honest sign-in of somebody with a factor, at a browser.
fn honest() -> crate::SignIn {
    let at = "2026-08-20T14:00:00Z".parse().unwrap();
    let mut traffic = crate::Traffic::new(crate::Population::new(1), 1);
    std::iter::repeat_with(|| traffic.honest(at).unwrap())
        .find(|s| s.passes_challenge() && s.channel == countersign_core::Channel::Interactive)
        .unwrap()
}

#[tokio::test]
async fn a_generated_sign_in_runs_through_the_real_host() {
    let directory = TempDir::new().unwrap();
    let host = real_host(&directory).await;
    let sign_in = honest();
    let mut first = execution(sign_in.event.clone());
    let effects = host.run(&first).await.unwrap().result.unwrap();
    assert_eq!(effects.decision, "challenge");
    assert!(!effects.challenge.is_empty());
    assert_eq!(effects.claims.id_token["https://sandbox.example/level"], "value");
    assert_eq!(effects.app_metadata["sandbox"], json!({ "seen": true }));
    first.handler = Handler::ContinuePostLogin;
    assert_eq!(host.run(&first).await.unwrap().result.unwrap().decision, "deny");
    first.event = sign_in.continued(sign_in.passes_challenge_with.unwrap(), sign_in.at.plus(5_000_000));
    assert_eq!(host.run(&first).await.unwrap().result.unwrap().decision, "allow");
}

#[tokio::test]
async fn the_real_host_survives_an_action_that_throws_or_hangs() {
    let directory = TempDir::new().unwrap();
    let host = real_host(&directory).await;
    let mut bad = execution(honest().event);
    bad.event["request"]["query"]["state"] = json!("throw");
    assert_eq!(host.run(&bad).await.unwrap().outcome, Outcome::Threw);
    bad.event["request"]["query"]["state"] = json!("hang");
    bad.timeout_ms = 100;
    assert_eq!(host.run(&bad).await.unwrap().outcome, Outcome::Timeout);
    assert_eq!(host.run(&execution(honest().event)).await.unwrap().outcome, Outcome::Returned);
}

#[tokio::test]
async fn code_is_handed_over_again_to_a_process_that_does_not_know_it() {
    let directory = TempDir::new().unwrap();
    let host = real_host(&directory).await;
    let mut deadly = execution(honest().event);
    deadly.action = Action { key: "deadly".into(), code: "process.kill(process.pid, 'SIGKILL')".into() };
    assert_eq!(host.run(&execution(honest().event)).await.unwrap().outcome, Outcome::Returned);
    assert_eq!(host.run(&deadly).await, Err(HostError::Died));
    assert_eq!(host.run(&execution(honest().event)).await.unwrap().outcome, Outcome::Returned);
}

#[tokio::test]
async fn code_that_is_none_is_told_and_not_run() {
    let directory = TempDir::new().unwrap();
    let host = real_host(&directory).await;
    let mut broken = execution(honest().event);
    broken.action = Action { key: "broken".into(), code: "exports.onExecutePostLogin = (".into() };
    assert!(host.load(&broken.action).await.unwrap().is_some_and(|why| !why.is_empty()));
    assert_eq!(host.run(&broken).await, Err(HostError::Unloadable));
    broken.action.code = "//".repeat(60_000).into();
    assert_eq!(host.load(&broken.action).await.unwrap().as_deref(), Some("the source has more than 100 kB"));
    broken.action.code = "module.exports = { onExecutePostLogin: async () => console.log('hello') }".into();
    assert_eq!(host.run(&broken).await.unwrap().console, "hello\n");
}
