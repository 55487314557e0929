//! Models in words.

use countersign_risk::train::Trained;
use serde_json::Value;

use crate::commands::desk::{plain, text};

/// A version by its number.
fn name(version: &Value) -> String {
    match version.as_u64() {
        Some(0) => "the shipped model".to_owned(),
        Some(version) => format!("version {version}"),
        None => "none".to_owned(),
    }
}

/// Which versions hold.
pub fn standing(held: &Value) -> String {
    let mut told =
        format!("Champion: {}. Challenger: {}.", name(&held["champion"]), name(&held["challenger"]));
    if !held["own"].is_null() {
        told.push_str(&format!(" Own model: {}.", name(&held["own"])));
    }
    told
}

/// A line a version, and which of them hold.
pub fn list(models: &Value) -> String {
    let mut told = format!("{}\n", standing(models));
    for head in models["versions"].as_array().into_iter().flatten() {
        let is = |name: &str| head["version"] == models[name];
        let mark = match (is("champion"), is("challenger")) {
            (true, _) => "champion",
            (_, true) => "challenger",
            _ if is("own") => "attached",
            _ if head["kind"] == "own" => "own model",
            _ => "",
        };
        let at =
            if head["imported_at"].is_null() { "with the program".into() } else { text(head, "imported_at") };
        let by = if head["imported_by"].is_null() {
            String::new()
        } else {
            format!("by {}", text(head, "imported_by"))
        };
        let line = format!("{:>4}  {mark:10}  {}  {at} {by}", head["version"].to_string(), text(head, "tag"));
        told.push_str(line.trim_end());
        told.push('\n');
    }
    told
}

/// A model's card.
pub fn card(shown: &Value) -> String {
    let card = &shown["card"];
    let mut told = format!("{}, {}\n", text(shown, "tag"), name(&shown["version"]));
    if shown["kind"] == "own" {
        told.push_str("An own model; `show --json` prints its file.\n");
        return told;
    }
    if card.is_null() {
        told.push_str("This program can't read its card.\n");
        return told;
    }
    told.push_str(&format!(
        "Engine {}; made from {}; made at {}\n",
        text(card, "engine"),
        text(card, "parent"),
        text(card, "created_at")
    ));
    let period = |part: &Value| format!("{} to {}", text(part, "from"), text(part, "until"));
    let training = &card["trained_on"];
    if training.is_null() {
        told.push_str("Fitted to no examples: its constants are judgement.\n");
    } else {
        told.push_str(&format!("Fitted to examples of {}:\n", period(training)));
        for label in training["labels"].as_array().into_iter().flatten() {
            told.push_str(&format!(
                "  {}: {} fraudulent, {} legitimate, weight {}\n",
                text(label, "source"),
                label["fraudulent"],
                label["legitimate"],
                label["weight"],
            ));
        }
    }
    let measured = &card["evaluated_on"];
    if measured.is_null() {
        told.push_str("Not measured on examples that it was not fitted to.\n");
    } else {
        told.push_str(&format!(
            "Measured on {}: {} fraudulent, {} legitimate\n  AUC {}, found at 1 % false alarms {}, Brier skill {}, calibration error {}\n",
            period(measured), measured["fraudulent"], measured["legitimate"],
            number(&measured["auc"]), number(&measured["tpr_at_fpr_1"]), number(&measured["brier_skill"]), number(&measured["ece"]),
        ));
    }
    for limit in card["limits"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let limit: String = limit.chars().filter(|char| !char.is_control()).collect();
        told.push_str(&format!("Limit: {limit}\n"));
    }
    told
}

/// How a fitted model did beside the one that decides.
pub fn trained(trained: &Trained) -> String {
    let judged = trained.fitted;
    let mut told = format!(
        "Judged on {} attacks and {} honest sign-ins that it was not fitted to:\n",
        judged.attacks, judged.honest
    );
    for (name, did) in [("decides", trained.champion), ("fitted", judged)] {
        told.push_str(&format!(
            "  {name:8} AUC {:.4}, found at 1 % false alarms {:.4}, Brier skill {:.4}, calibration error {:.4}\n",
            did.auc, did.tpr_at_1_percent, did.brier_skill, did.ece
        ));
    }
    told
}

/// How champion and challenger scored the same sign-ins.
pub fn comparison(comparison: &Value) -> String {
    if comparison.is_null() {
        return "There is no challenger.\n".to_owned();
    }
    let mut told = format!(
        "Since {}: {} decisions compared of the newest 500, {} not comparable\nSame level: {}; mean difference of the scores: {}\n",
        text(comparison, "since"),
        comparison["decisions"],
        comparison["unread"],
        number(&comparison["level_agreement"]),
        number(&comparison["mean_difference"]),
    );
    for (outcome, scored) in comparison["outcomes"].as_object().into_iter().flatten() {
        told.push_str(&format!(
            "  {outcome}: {}, champion {}, challenger {}\n",
            scored["count"],
            number(&scored["champion"]),
            number(&scored["challenger"]),
        ));
    }
    told
}

/// How labeled decisions would fall, a line a threshold; a star marks those in force.
pub fn thresholds(explored: &Value) -> String {
    let mut told = format!(
        "{} since {}: {} decisions\nLabels:",
        text(explored, "trigger"),
        text(explored, "since"),
        explored["decisions"],
    );
    for (kind, count) in explored["labels"].as_object().into_iter().flatten() {
        told.push_str(&format!(" {} {count};", plain(kind)));
    }
    told.push_str("\nthreshold   attacks caught           honest stepped up\n");
    let is_in_force = |threshold: &Value| {
        explored["in_force"].as_object().into_iter().flatten().any(|(_, begins)| begins == threshold)
    };
    for at in explored["thresholds"].as_array().into_iter().flatten() {
        let mark = if is_in_force(&at["threshold"]) { '*' } else { ' ' };
        let (caught, stepped_up) = (part(&at["caught"]), part(&at["stepped_up"]));
        let line = format!("{:>8}{mark}   {caught:<22}   {stepped_up}", at["threshold"].to_string());
        told.push_str(line.trim_end());
        told.push('\n');
    }
    let wanted = format!("at most {} of the honest stepped up", explored["at_most"]);
    told.push_str(&match explored["suggested"].as_f64() {
        Some(threshold) => format!("Suggested for {wanted}: {threshold}\n"),
        None => format!(
            "Nothing is suggested for {wanted}: a side has fewer than {} labels, or no threshold does it.\n",
            explored["least_labels"]
        ),
    });
    told.push_str(&format!("{}\n", text(explored, "caution")));
    told
}

/// A count of how many, and its share.
fn part(part: &Value) -> String {
    let share =
        part["share"].as_f64().map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    format!("{} of {} ({share})", part["count"], part["of"])
}

fn number(value: &Value) -> String {
    value.as_f64().map_or_else(|| "not measured".to_owned(), |value| format!("{value:.4}"))
}

#[cfg(test)]
mod tests {
    use countersign_risk::Card;
    use serde_json::json;

    use super::*;

    #[test]
    fn models_are_told_in_words_and_nothing_of_them_commands_the_terminal() {
        let mut card = serde_json::to_value(Card::of_baseline()).unwrap();
        card["limits"] = json!(["not\u{1b}[31m here"]);
        let head = json!({ "version": 2, "tag": "a@2:\u{7}", "imported_at": "2026-08-20T08:00:00Z", "imported_by": "m\u{1b}", "card": card });
        let own =
            |version: u64| json!({ "version": version, "kind": "own", "tag": "night\u{7}@1", "card": null });
        let models = json!({ "champion": 0, "challenger": 2, "own": 3, "versions": [own(4), own(3), head, { "version": 0, "tag": "baseline@2:1" }] });
        let told = [list(&models), super::card(&head), super::card(&own(3))].concat();
        assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{told}");
        for part in [
            "Champion: the shipped model. Challenger: version 2. Own model: version 3.\n",
            "   4  own model   night",
            "   3  attached    night",
            "An own model;",
            "   2  challenger  a@2:",
            "   0  champion    baseline@2:1  with the program\n",
            "Fitted to no examples",
            "Limit: not[31m here",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn a_comparison_tells_what_is_not_measured() {
        assert_eq!(comparison(&Value::Null), "There is no challenger.\n");
        let scored = json!({ "count": 3, "champion": 0.25, "challenger": 0.5 });
        let told = comparison(&json!({
            "since": "2026-08-20T08:00:00Z", "decisions": 0, "unread": 1, "level_agreement": null, "mean_difference": 0.5,
            "outcomes": { "fraudulent": scored },
        }));
        assert!(told.contains("Same level: not measured; mean difference of the scores: 0.5000"), "{told}");
        assert!(told.contains("fraudulent: 3, champion 0.2500, challenger 0.5000"), "{told}");
    }

    #[test]
    fn thresholds_are_told_with_their_counts_and_those_in_force_are_marked() {
        let part = |count: u32, of: u32| json!({ "count": count, "of": of, "share": (of > 0).then(|| f64::from(count) / f64::from(of)) });
        let mut explored = json!({
            "trigger": "post-login", "since": "2026-08-20T08:00:00Z", "decisions": 70, "at_most": 0.01, "least_labels": 20,
            "in_force": { "medium": 0.3, "high": 0.6, "critical": 0.9 }, "labels": { "verdict_fraudulent\u{7}": 20 }, "suggested": 0.6,
            "thresholds": [
                { "threshold": 0.3, "caught": part(18, 20), "stepped_up": part(5, 40) },
                { "threshold": 0.35, "caught": part(15, 20), "stepped_up": part(0, 0) },
            ],
            "caution": "few\u{1b}",
        });
        let told = thresholds(&explored);
        assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{told}");
        for part in [
            "post-login since 2026-08-20T08:00:00Z: 70 decisions\n",
            "     0.3*   18 of 20 (90.0 %)        5 of 40 (12.5 %)\n",
            "    0.35    15 of 20 (75.0 %)        0 of 0 (-)\n",
            "Suggested for at most 0.01 of the honest stepped up: 0.6\nfew",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        explored["suggested"] = Value::Null;
        let told = thresholds(&explored);
        assert!(
            told.contains("Nothing is suggested for at most 0.01") && told.contains("fewer than 20 labels"),
            "{told}"
        );
    }
}
