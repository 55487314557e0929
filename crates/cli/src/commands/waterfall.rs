//! An explanation in words.

use std::fmt::Write as _;

use countersign_app::explain::Explanation;

/// An explanation in words: what each reason adds, what policy said, what was done and what was not.
pub fn text(explanation: &Explanation) -> anyhow::Result<String> {
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
