//! What each part of a decision costs alone, on one thread of one processor.
//!
//! The parts are called as the use case calls them; body and answer are written by types of the same fields.

use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use countersign_app::decide::{Ask, circumstances};
use countersign_core::{
    Channel, Clock, Entropy, IdKind, IdMaker, Level, Mode, Secret, SubjectId, Timestamp, Trigger, Verdict,
};
use countersign_ledger::leaf::{self, Kind, Leaf};
use countersign_policy::{Decision, Snapshot};
use countersign_privacy::{MasterKey, Sealed, SubjectKey, TenantKeys};
use countersign_risk::{Assessment, Features, Model, Profile};
use countersign_server::{
    parse_to_measure,
    signature::{self, Headers, SigningKey},
};
use countersign_store::{Access, Commit, NewBody, NewDecision, NewLeaf, Store, Urgency, Write};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    child,
    clock::{SystemClock, SystemEntropy},
    print, process,
    question::{self, BODY},
};

/// How long each part is repeated.
const TIME: Duration = Duration::from_millis(400);

/// Sign-ins in the history of the person.
const PAST: u64 = 20;

/// What the parts work on.
struct Bench {
    clock: Arc<dyn Clock>,
    entropy: SystemEntropy,
    signing: SigningKey,
    headers: HeaderMap,
    ask: Ask,
    keys: TenantKeys,
    subject: SubjectId,
    key: SubjectKey,
    policy: Snapshot,
    model: Model,
    features: Features,
    profile: Profile,
    assessment: Assessment,
    decision: Decision,
}

#[derive(Serialize)]
struct Body<'a> {
    decision_id: &'a str,
    event: &'a serde_json::value::RawValue,
    action: &'a countersign_app::decide::ActionInfo,
    truncated: &'a [String],
    features: &'a Features,
    profile: Option<&'a Profile>,
    assessment: &'a Assessment,
    decision: &'a Decision,
    degraded: &'a [&'static str],
    policy: &'a str,
}

/// Prints a table of microseconds.
pub fn run() -> anyhow::Result<()> {
    let bench = Bench::new()?;
    print("\nparts of a decision, each alone in a loop, microseconds\n");
    let mut sum = 0.0;
    for (name, part) in PARTS {
        let micros = bench.time(*part)?;
        sum += micros;
        print(&format!("  {micros:>7.2}  {name}\n"));
    }
    print(&format!("  {sum:>7.2}  so far\n"));
    bench.commits()
}

type Part = fn(&Bench) -> anyhow::Result<()>;

const PARTS: &[(&str, Part)] = &[
    ("signature in and out", |bench| bench.signatures()),
    ("parse: depth, request, event", |_| {
        black_box(parse_to_measure(black_box(BODY.as_bytes())).context("the question is refused")?);
        Ok(())
    }),
    ("ids and pseudonym", |bench| {
        black_box(bench.keys.subject(black_box(&bench.ask.event.user.user_id)));
        black_box(IdMaker::new(IdKind::Decision).try_make(bench.clock.now(), &bench.entropy)?);
        black_box(IdMaker::new(IdKind::Request).try_make(bench.clock.now(), &bench.entropy)?);
        Ok(())
    }),
    ("profile: unseal and decode", |bench| bench.open_profile()),
    ("features and assessment", |bench| {
        let features = countersign_risk::extract(black_box(&bench.ask.event), bench.features.at);
        black_box(countersign_risk::assess(&features, Some(&bench.profile), &bench.model));
        Ok(())
    }),
    ("policy", |bench| {
        black_box(bench.decide());
        Ok(())
    }),
    ("answer", |bench| {
        black_box(serde_json::to_vec(&(&bench.assessment, &bench.decision))?);
        Ok(())
    }),
    ("record: body, commitment, seal, leaf", |bench| {
        black_box(bench.record("dec_01990000000070008000000000000000")?);
        Ok(())
    }),
];

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let (entropy, at) = (SystemEntropy, clock.now());
        let keys = MasterKey::new(&Secret::new(vec![5; 32]))?.tenant(&question::tenant()?);
        let ask = parse_to_measure(BODY.as_bytes()).context("the question is refused")?;
        let signing = child::signing_key()?;
        let model = Model::default();
        let features = countersign_risk::extract(&ask.event, at);
        let mut profile = Profile::default();
        for login in 0..PAST {
            profile.credit(&features, login, 1_000);
        }
        let policy = Snapshot::new(child::policy()?).map_err(|_| anyhow!("the policy has faults"))?;
        let subject = keys.subject(&ask.event.user.user_id);
        let assessment = countersign_risk::assess(&features, Some(&profile), &model);
        let circumstances = circumstances(&ask.event, &keys, &subject, at, "dec_1");
        let decision = countersign_policy::decide(policy.document(), assessment.score, &circumstances);
        let headers = headers(&signing, at)?;
        let key = SubjectKey::generate(&entropy)?;
        Ok(Self {
            clock,
            entropy,
            signing,
            headers,
            ask,
            keys,
            subject,
            key,
            policy,
            model,
            features,
            profile,
            assessment,
            decision,
        })
    }

    /// Microseconds of one call.
    fn time(&self, part: Part) -> anyhow::Result<f64> {
        (0..100).try_for_each(|_| part(self))?;
        let (mut calls, began) = (0_u32, self.clock.monotonic());
        while self.clock.monotonic() - began < TIME {
            (0..32).try_for_each(|_| part(self))?;
            calls += 32;
        }
        Ok((self.clock.monotonic() - began).as_secs_f64() * 1e6 / f64::from(calls))
    }

    fn signatures(&self) -> anyhow::Result<()> {
        let headers = Headers::read(&self.headers).map_err(|_| anyhow!("the headers"))?;
        let keys = std::slice::from_ref(&self.signing);
        let signer = signature::verify(keys, &headers, black_box(BODY.as_bytes()), self.features.at);
        let signer = signer.map_err(|_| anyhow!("the signature"))?;
        black_box(signer.sign_answer(headers.id, black_box(BODY.as_bytes().split_at(1_150).0)));
        Ok(())
    }

    fn open_profile(&self) -> anyhow::Result<()> {
        // Sealing stands for unsealing, which costs the same.
        let sealed = Sealed::seal(&self.key, b"profile", &self.profile.encode(), &self.entropy)?;
        black_box(sealed);
        black_box(Profile::decode(&self.profile.encode())?);
        Ok(())
    }

    fn decide(&self) -> Decision {
        let circumstances =
            circumstances(&self.ask.event, &self.keys, &self.subject, self.features.at, "dec_1");
        countersign_policy::decide(self.policy.document(), black_box(self.assessment.score), &circumstances)
    }

    fn record(&self, id: &str) -> anyhow::Result<NewLeaf> {
        let body = serde_json::to_vec(&Body {
            decision_id: id,
            event: &self.ask.raw_event,
            action: &self.ask.action,
            truncated: &self.ask.truncated,
            features: &self.features,
            profile: Some(&self.profile),
            assessment: &self.assessment,
            decision: &self.decision,
            degraded: &[],
            policy: self.policy.etag(),
        })?;
        let mut salt = [0_u8; 32];
        self.entropy.fill(&mut salt)?;
        let sealed =
            Sealed::seal(&self.key, id.as_bytes(), &[&salt, body.as_slice()].concat(), &self.entropy)?;
        let versions = [
            ("action", "countersign-post-login@0.1.0"),
            ("engine", "1"),
            ("model", self.assessment.model.as_str()),
            ("policy", self.policy.etag()),
        ];
        let leaf = Leaf {
            v: leaf::Version,
            id: id.to_owned(),
            tenant: question::tenant()?,
            at: self.clock.now(),
            kind: Kind::Decision,
            versions: versions.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            hashes: BTreeMap::new(),
            facts: BTreeMap::from([("trigger".to_owned(), Trigger::PostLogin.to_string())]),
            commitments: vec![leaf::commit(&salt, &body)],
        };
        let bodies = vec![NewBody {
            key_id: "rec_01990000000070008000000000000000".to_owned(),
            sealed: sealed.as_bytes().to_vec(),
        }];
        Ok(NewLeaf { record_id: id.to_owned(), leaf: leaf.encode()?, bodies })
    }
}

fn headers(signing: &SigningKey, at: Timestamp) -> anyhow::Result<HeaderMap> {
    let values = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", at.seconds().to_string()),
        ("webhook-signature", signing.sign_request("msg_1", at.seconds(), BODY.as_bytes())),
    ];
    let pairs =
        values.map(|(name, value)| Ok((HeaderName::from_static(name), HeaderValue::from_str(&value)?)));
    pairs.into_iter().collect()
}

/// Callers that commit at once.
const CALLERS: u32 = 64;

/// Commits of each caller.
const COMMITS: u32 = 500;

impl Bench {
    /// The commit of a decision by 64 callers at once: time, and how much of it a processor worked.
    fn commits(&self) -> anyhow::Result<()> {
        let folder = process::data_folder()?;
        let store = Store::open_sqlite(folder.path(), Access::Own, &self.clock)?;
        let made = self.record("dec_01990000000070008000000000000000")?;
        let sealed = made.bodies.first().map_or(0, |body| body.sealed.len());
        let sizes = format!("leaf {} bytes, sealed body {sealed} bytes", made.leaf.len());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (began, worked) = (self.clock.monotonic(), process::cpu("self")?);
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for caller in 0..CALLERS {
                let (store, made, row) = (store.clone(), made.clone(), self.row()?);
                tasks.spawn(async move {
                    for number in 0..COMMITS {
                        store.commit(commit(&made, &row, caller * COMMITS + number)?).await?;
                    }
                    Ok::<(), anyhow::Error>(())
                });
            }
            tasks.join_all().await.into_iter().collect::<anyhow::Result<()>>()
        })?;
        let each = 1e6 / f64::from(CALLERS * COMMITS);
        let took = (self.clock.monotonic() - began).as_secs_f64() * each;
        let worked = (process::cpu("self")? - worked).as_secs_f64() * each;
        print(&format!(
            "  {worked:>7.2}  commit by {CALLERS} callers at once, on the processor ({took:.2} with waiting for the disk; {sizes})\n"
        ));
        Ok(())
    }

    fn row(&self) -> anyhow::Result<NewDecision> {
        Ok(NewDecision {
            id: "dec_0".parse()?,
            at: self.features.at,
            organization: Some("org_9ybsU1dN2dKfDkBi".parse()?),
            client: Some("q3fYvK1mXn8sT0aBcDeFgHiJkLmNoPqR".parse()?),
            trigger: Trigger::PostLogin,
            channel: Channel::Interactive,
            mode: Mode::Enforce,
            level: Level::Low,
            score: self.assessment.score,
            verdict: Verdict::Annotate,
            is_trusted: true,
            is_censored: false,
        })
    }
}

fn commit(made: &NewLeaf, row: &NewDecision, number: u32) -> anyhow::Result<Commit> {
    let scattered = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let id = format!("dec_{number:032x}");
    let row = NewDecision { id: id.parse()?, ..row.clone() };
    let leaf = NewLeaf { record_id: id, ..made.clone() };
    Ok(Commit {
        urgency: Urgency::Decision,
        leaves: vec![leaf],
        writes: vec![
            Write::Request { id: format!("msg_{scattered:016x}"), at: row.at },
            Write::Decision(row),
        ],
        ..Commit::background(question::tenant()?)
    })
}
