//! `countersign decide`

use std::{fmt::Write as _, io::Read};

use anyhow::{Context, bail};
use countersign_app::explain::{Explanation, explain};
use countersign_auth0::trigger::post_login::PostLogin;
use countersign_core::{Clock, Secret};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::MasterKey;

use super::{Verdict, print};
use crate::{args::Decide, clock::SystemClock, config};

/// The most bytes read from standard input, as the server's.
const MAX_BYTES: u64 = 64 * 1024;

pub fn run(args: &Decide) -> anyhow::Result<Verdict> {
    let mut bytes = Vec::new();
    std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes).context("can't read standard input")?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("an event has at most {MAX_BYTES} bytes");
    }
    let event: PostLogin = countersign_auth0::decode(&bytes, "event")?;
    let policy = match &args.config {
        Some(path) => {
            let config = config::load(Some(path))?;
            let tenant = config.tenants.get(&event.tenant.id);
            tenant
                .with_context(|| format!("`{}` does not configure the event's tenant", path.display()))?
                .policy
                .clone()
        }
        None => Document::default(),
    };
    let policy = Snapshot::new(policy).map_err(|_| anyhow::anyhow!("the policy has faults"))?;
    // Why: pseudonyms play no part here but must come from some key; this one is no secret.
    let keys = MasterKey::new(&Secret::new(vec![0; 32]))?.tenant(&event.tenant.id);
    let explanation = explain(&event, &policy, &keys, SystemClock::start().now());
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&explanation)?));
    } else {
        print(&text(&explanation)?);
    }
    Ok(Verdict::Holds)
}

fn text(explanation: &Explanation) -> anyhow::Result<String> {
    let Explanation { assessment, decision, flip } = explanation;
    let mut out = String::new();
    writeln!(
        out,
        "{} risk: score {}, confidence {}, model {}",
        decision.level, assessment.score, assessment.confidence, assessment.model
    )?;
    writeln!(out, "\n  {:>8}  at the start", logit(assessment.bias_micro))?;
    for reason in &assessment.reasons {
        writeln!(out, "  {:>8}  {} ({})", logit(reason.micro), reason.text, reason.code)?;
    }
    writeln!(out, "  {:>8}  in all, as log-odds", logit(assessment.logit_micro))?;
    writeln!(out, "\nverdict: {} in {} mode", decision.verdict, decision.mode)?;
    for effect in &decision.effects {
        writeln!(out, "  do       {}", serde_json::to_string(effect)?)?;
    }
    for held in &decision.withheld {
        writeln!(out, "  withhold {}", serde_json::to_string(held)?)?;
    }
    if let Some(flip) = flip {
        let codes: Vec<&str> = flip.codes.iter().map(countersign_risk::Code::as_str).collect();
        writeln!(
            out,
            "\nwithout {} the score would be {} and the level lower",
            codes.join(" and "),
            flip.score
        )?;
    }
    Ok(out)
}

#[expect(clippy::cast_precision_loss, reason = "two decimals of a number far below 2^52")]
fn logit(micro: i64) -> String {
    format!("{:+.2}", micro as f64 / 1e6)
}
