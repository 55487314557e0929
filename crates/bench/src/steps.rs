//! What each part of a decision costs alone, on one thread of one processor.
//!
//! The parts are called as the use case calls them, on what a real decision of the same run left: its event, features,
//! profile, record, leaf and row.

use std::{hint::black_box, time::Duration};

use anyhow::{Context as _, anyhow};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use countersign_auth0::trigger::{
    Event,
    post_login::{Effect, PostLogin},
};
use countersign_core::{Entropy, IdKind, IdMaker, Secret, Timestamp, Trigger};
use countersign_ledger::leaf::{self, Leaf};
use countersign_policy::{Circumstances, Decision, Snapshot};
use countersign_privacy::{MasterKey, Sealed, SubjectKey, TenantKeys};
use countersign_risk::{Context, Extract, Profile, Readings, ReadyModel, Reference};
use countersign_server::{
    parse_to_measure,
    signature::{self, Headers, SigningKey},
};
use tokio::runtime::Runtime;

use crate::{child, clock::SystemEntropy, print, process, question, real::Real, together};

/// How long each part is repeated.
const TIME: Duration = Duration::from_millis(400);

/// What the parts work on.
struct Bench {
    real: Real,
    runtime: Runtime,
    entropy: SystemEntropy,
    signing: SigningKey,
    headers: HeaderMap,
    event: Box<PostLogin>,
    keys: TenantKeys,
    key: SubjectKey,
    policy: Snapshot,
    model: ReadyModel,
    reference: Reference,
    sealed_profile: Vec<u8>,
    leaf: Leaf,
    salted: Vec<u8>,
}

/// Prints a table of microseconds.
pub fn run() -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let real = runtime.block_on(Real::make(folder.path()))?;
    let bench = Bench::new(real, runtime)?;
    let Real { record, body, leaf, decided, .. } = &bench.real;
    let profile = record.profile.as_ref().map_or(0, |profile| profile.encode().len());
    let sealed: usize = leaf.bodies.iter().map(|body| body.sealed.len()).sum();
    print(&format!(
        "\nparts of a decision, each alone in a loop, microseconds; on a real one: event {} bytes, profile {profile}, record {}, sealed {sealed}, leaf {}, answer {}\n",
        record.event.get().len(),
        body.len(),
        leaf.leaf.len(),
        decided.answer.len(),
    ));
    let mut sum = 0.0;
    for (name, part) in PARTS {
        let micros = bench.time(*part)?;
        sum += micros;
        print(&format!("  {micros:>7.2}  {name}\n"));
    }
    print(&format!("  {sum:>7.2}  so far\n"));
    bench.runtime.block_on(together::run(&bench.real))
}

type Part = fn(&Bench) -> anyhow::Result<()>;

const PARTS: &[(&str, Part)] = &[
    ("signature in and out", |bench| bench.signatures()),
    ("parse: depth, request, event", |_| {
        black_box(parse_to_measure(black_box(question::SIGN_IN.body.as_bytes())).context("refused")?);
        Ok(())
    }),
    ("ids and pseudonym", |bench| {
        black_box(bench.keys.subject(black_box(&bench.event.user.user_id)));
        for kind in [IdKind::Decision, IdKind::Request] {
            black_box(IdMaker::new(kind).try_make(bench.real.clock.now(), &bench.entropy)?);
        }
        Ok(())
    }),
    ("profile: read", |bench| {
        let Real { store, tenant, subject, .. } = &bench.real;
        let read = bench.runtime.block_on(store.find_profile(tenant.id(), black_box(subject)))?;
        black_box(read.context("no profile")?);
        Ok(())
    }),
    ("profile: unseal and decode", |bench| {
        let opened = Sealed::open_bytes(black_box(&bench.sealed_profile), &bench.key, b"profile")?;
        black_box(Profile::decode(&opened)?);
        Ok(())
    }),
    ("features", |bench| {
        let (reference, readings) = (&bench.reference, Readings::default());
        let context = Context { readings, ..Context::new(reference) };
        black_box(black_box(&bench.event).extract(bench.real.row.at, &context));
        Ok(())
    }),
    ("assessment", |bench| {
        let record = &bench.real.record;
        black_box(countersign_risk::assess_with(
            black_box(&record.features),
            record.profile.as_ref(),
            &bench.model,
            None,
        ));
        Ok(())
    }),
    ("policy", |bench| {
        black_box(bench.decide());
        Ok(())
    }),
    ("answer's JSON", |bench| {
        let record = &bench.real.record;
        black_box(serde_json::to_vec(black_box(&(&record.assessment, &record.decision)))?);
        Ok(())
    }),
    ("record's JSON: event, features, assessment, decision", |bench| {
        let record = &bench.real.record;
        let parts = (&record.event, &record.action, &record.features, &record.assessment, &record.decision);
        black_box(serde_json::to_vec(black_box(&parts))?);
        Ok(())
    }),
    ("record's JSON: the profile's copy", |bench| {
        black_box(serde_json::to_vec(black_box(&bench.real.record.profile))?);
        Ok(())
    }),
    ("record: compress and seal", |bench| {
        black_box(Sealed::seal(&bench.key, b"record", black_box(&bench.salted), &bench.entropy)?);
        Ok(())
    }),
    ("leaf: commitment and JSON", |bench| {
        let (salt, body) = bench.salted.split_first_chunk().context("no salt")?;
        let commitments = vec![leaf::commit(black_box(salt), body)];
        black_box(Leaf { commitments, ..bench.leaf.clone() }.encode()?);
        Ok(())
    }),
];

impl Bench {
    fn new(real: Real, runtime: Runtime) -> anyhow::Result<Self> {
        let (entropy, signing) = (SystemEntropy, child::signing_key()?);
        let Event::PostLogin(event) = &real.ask.event else { return Err(anyhow!("not a sign-in")) };
        let key = SubjectKey::generate(&entropy)?;
        let profile = real.record.profile.as_ref().context("no profile")?.encode();
        let mut salted = vec![0_u8; 32];
        entropy.fill(&mut salted)?;
        salted.extend_from_slice(&real.body);
        Ok(Self {
            headers: headers(&signing, real.row.at)?,
            event: event.clone(),
            keys: MasterKey::new(&Secret::new(vec![5; 32]))?.tenant(&question::tenant()?),
            policy: child::policy()?,
            model: ReadyModel::default(),
            reference: Reference::default(),
            sealed_profile: Sealed::seal(&key, b"profile", &profile, &entropy)?.as_bytes().to_vec(),
            leaf: Leaf::decode(&real.leaf.leaf)?,
            real,
            runtime,
            entropy,
            signing,
            key,
            salted,
        })
    }

    /// Microseconds of one call.
    fn time(&self, part: Part) -> anyhow::Result<f64> {
        let clock = &self.real.clock;
        (0..100).try_for_each(|_| part(self))?;
        let (mut calls, began) = (0_u32, clock.monotonic());
        while clock.monotonic() - began < TIME {
            (0..32).try_for_each(|_| part(self))?;
            calls += 32;
        }
        Ok((clock.monotonic() - began).as_secs_f64() * 1e6 / f64::from(calls))
    }

    fn signatures(&self) -> anyhow::Result<()> {
        let headers = Headers::read(&self.headers).map_err(|_| anyhow!("the headers"))?;
        let keys = std::slice::from_ref(&self.signing);
        let body = black_box(question::SIGN_IN.body.as_bytes());
        let signer = signature::verify(keys, &headers, body, self.real.row.at);
        let signer = signer.map_err(|_| anyhow!("the signature"))?;
        black_box(signer.sign_answer(headers.id, black_box(&self.real.decided.answer)));
        Ok(())
    }

    /// What policy says of the same score in much the same circumstances.
    fn decide(&self) -> Decision<Effect> {
        let (row, record) = (&self.real.row, &self.real.record);
        let subject = self.keys.subject(&self.event.user.user_id);
        let circumstances = Circumstances {
            organization: row.organization.clone(),
            client: row.client.clone(),
            roles: vec!["member".to_owned()],
            percentile: self.keys.percentile(&subject),
            reason_codes: record.assessment.reasons.iter().map(|reason| reason.code.to_string()).collect(),
            reference: record.decision_id.clone(),
            ..Circumstances::new(Trigger::PostLogin, row.channel, row.at)
        };
        countersign_policy::decide(self.policy.document(), black_box(row.score), &circumstances)
    }
}

fn headers(signing: &SigningKey, at: Timestamp) -> anyhow::Result<HeaderMap> {
    let values = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", at.seconds().to_string()),
        ("webhook-signature", signing.sign_request("msg_1", at.seconds(), question::SIGN_IN.body.as_bytes())),
    ];
    let pairs =
        values.map(|(name, value)| Ok((HeaderName::from_static(name), HeaderValue::from_str(&value)?)));
    pairs.into_iter().collect()
}
