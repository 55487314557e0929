use super::*;
use crate::{EntityKind, Severity};

/// A file of rules named after what they select, and a correlation over some of them.
fn file(types: &[&str], correlation: &str) -> String {
    let rules: String = (types.iter())
        .map(|kind| format!("name: {kind}\n{}---\n", rule(&format!("a:\n  type: {kind}\ncondition: a"))))
        .collect();
    let correlation: String = correlation.lines().map(|line| format!("  {line}\n")).collect();
    format!("{rules}title: c\ncorrelation:\n{correlation}")
}

fn by_ip(second: u64, kind: &str, ip: &str) -> String {
    at(second, kind, &json!({"ip": ip, "user_id": format!("auth0|{second}")}))
}

#[test]
fn events_are_counted_by_group_within_a_window() {
    let text = file(
        &["f"],
        "type: event_count\nrules: [f]\ngroup-by: [data.ip]\ntimespan: 1m\ncondition:\n  gte: 3",
    );
    let entries = [
        by_ip(0, "f", "192.0.2.1"),
        by_ip(10, "f", "192.0.2.2"),
        by_ip(20, "f", "192.0.2.1"),
        by_ip(30, "s", "192.0.2.1"),
        by_ip(61, "f", "192.0.2.1"),
        by_ip(62, "f", "192.0.2.1"),
    ];
    assert_eq!(alerts(&text, &entries), [0, 0, 0, 0, 0, 1]);
    let mut engine = engine(&text);
    let found: Vec<_> = entries.iter().zip(1..).flat_map(|(raw, seq)| take(&mut engine, seq, raw)).collect();
    assert_eq!((found[0].entity.kind, &*found[0].entity.name), (EntityKind::Address, "192.0.2.1"));
    assert_eq!(found[0].evidence, [3, 5, 6]);
    assert_eq!((&*found[0].measures[0].name, found[0].measures[0].value), ("events", 3.0));
    assert_eq!(found[0].severity, Severity::Medium);
}

#[test]
fn a_range_has_two_ends() {
    let text = file(
        &["f"],
        "type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 1h\ncondition:\n  gt: 1\n  lte: 3",
    );
    let entries: Vec<_> = (0..5).map(|second| by_ip(second, "f", "192.0.2.1")).collect();
    assert_eq!(alerts(&text, &entries), [0, 1, 1, 0, 0]);
}

#[test]
fn an_entry_that_comes_late_counts_where_it_belongs() {
    let text =
        file(&["f"], "type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 10m\ncondition:\n  gte: 3");
    let entries = [0, 300, 1_500, 200].map(|second| by_ip(second, "f", "192.0.2.1"));
    assert_eq!(alerts(&text, &entries), [0, 0, 0, 1], "a later one in between hides nothing");
}

#[test]
fn large_counts_are_counted_by_sixteenths_of_the_window() {
    let text =
        file(&["f"], "type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 16m\ncondition:\n  gte: 500");
    let fast: Vec<_> = (0..500).map(|second| by_ip(second, "f", "192.0.2.1")).collect();
    let found = alerts(&text, &fast);
    assert_eq!((found.iter().sum::<usize>(), found[499]), (1, 1));
    let slow: Vec<_> = (0..1_000).map(|n| by_ip(n * 3, "f", "192.0.2.1")).collect();
    assert_eq!(alerts(&text, &slow).iter().sum::<usize>(), 0);
}

#[test]
fn different_values_are_counted() {
    let text = file(
        &["f"],
        "type: value_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 1h\ncondition:\n  field: user_name\n  gte: 3",
    );
    let user = |second, name: &str| at(second, "f", &json!({"ip": "192.0.2.1", "user_name": name}));
    let entries = [user(0, "a"), user(1, "b"), user(2, "a"), user(3, "****"), user(4, "c")];
    assert_eq!(alerts(&text, &entries), [0, 0, 0, 0, 1], "asterisks are no value");
    let entries = [user(0, "a"), user(1, "A"), user(2, "b"), user(3, "B")];
    assert_eq!(alerts(&text, &entries), [0, 0, 0, 0], "case makes no other person");
    let pairs = text.replace("field: user_name", "field: [user_name, client_id]");
    let pair = |second, name: &str, client: &str| {
        at(second, "f", &json!({"ip": "192.0.2.1", "user_name": name, "client_id": client}))
    };
    let entries = [pair(0, "a", "x"), pair(1, "a", "y"), pair(2, "a", "x"), pair(3, "ax", "")];
    assert_eq!(alerts(&pairs, &entries), [0, 0, 0, 0]);
    let entries = [pair(0, "a", "x"), pair(1, "a", "y"), pair(2, "b", "x")];
    assert_eq!(alerts(&pairs, &entries), [0, 0, 1]);
}

#[test]
fn rules_speak_together_or_in_order() {
    let correlation = |sort: &str| {
        file(&["f", "w", "s"], &format!("type: {sort}\nrules: [f, w, s]\ngroup-by: [ip]\ntimespan: 10m"))
    };
    let of = |seconds: [u64; 3]| {
        let kinds = ["f", "w", "s"];
        let mut entries: Vec<_> = seconds
            .iter()
            .zip(kinds)
            .map(|(second, kind)| (*second, by_ip(*second, kind, "192.0.2.1")))
            .collect();
        entries.sort_by_key(|(second, _)| *second);
        entries.into_iter().map(|(_, raw)| raw).collect::<Vec<_>>()
    };
    for (seconds, together, in_order) in
        [([0, 60, 120], 1, 1), ([120, 60, 0], 1, 0), ([0, 60, 700], 0, 0), ([0, 600, 600], 1, 1)]
    {
        let count = |sort| alerts(&correlation(sort), &of(seconds)).iter().sum::<usize>();
        assert_eq!((count("temporal"), count("temporal_ordered")), (together, in_order), "{seconds:?}");
    }
    let again = [0, 30, 60].map(|second| by_ip(second, "f", "192.0.2.1"));
    let mut entries = again.to_vec();
    entries.extend([by_ip(70, "w", "192.0.2.1"), by_ip(75, "f", "192.0.2.1"), by_ip(80, "s", "192.0.2.1")]);
    assert_eq!(alerts(&correlation("temporal_ordered"), &entries), [0, 0, 0, 0, 0, 1]);
    let two = correlation("temporal").replace("timespan: 10m", "timespan: 10m\n  condition:\n    gte: 2");
    assert_eq!(alerts(&two, &of([0, 60, 5_000])), [0, 1, 0]);
}

#[test]
fn correlations_stand_on_correlations() {
    let text = "\
name: failed\ntitle: a\nlogsource:\n  product: auth0\ndetection:\n  a:\n    type: fp\n  condition: a\n---\n\
name: login\ntitle: b\nlogsource:\n  product: auth0\ndetection:\n  a:\n    type: s\n  condition: a\n---\n\
name: many\ncorrelation:\n  type: event_count\n  rules: [failed]\n  group-by: [ip, user_id]\n  timespan: 5m\n  condition:\n    gte: 3\n---\n\
title: c\nlevel: high\ncorrelation:\n  type: temporal_ordered\n  rules: [many, login]\n  group-by: [user_id]\n  timespan: 1h\n";
    let of = |second, kind: &str, ip: &str| at(second, kind, &json!({"ip": ip, "user_id": "auth0|1"}));
    let entries = [
        of(0, "s", "192.0.2.9"),
        of(1, "fp", "192.0.2.1"),
        of(2, "fp", "192.0.2.1"),
        of(3, "fp", "192.0.2.1"),
        of(9, "s", "192.0.2.9"),
    ];
    let mut engine = engine(text);
    let found: Vec<_> = entries.iter().zip(1..).flat_map(|(raw, seq)| take(&mut engine, seq, raw)).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].detector, &found[0].evidence[..]), ("r", &[2, 3, 4, 5][..]));
    assert_eq!((found[0].severity, found[0].entity.kind), (Severity::High, EntityKind::User));
    let circle = file(&["f"], "type: temporal\nrules: [f, c2]\ngroup-by: [ip]\ntimespan: 1h")
        .replace("title: c\n", "name: c1\ntitle: c\n")
        + "---\nname: c2\ncorrelation:\n  type: temporal\n  rules: [f, c1]\n  group-by: [ip]\n  timespan: 1h\n";
    assert!(faults(&circle).iter().any(|fault| fault.contains("in a circle")), "{:?}", faults(&circle));
}

#[test]
fn rules_that_name_each_other_over_and_over_are_refused_at_once() {
    let of = |name: &str, other: &str| {
        let rules = vec![other; 50].join(", ");
        format!(
            "name: {name}\ntitle: a\ncorrelation:\n  type: event_count\n  rules: [{rules}]\n  timespan: 1h\n  condition:\n    gte: 2\n"
        )
    };
    let found = faults(&format!("{}---\n{}", of("one", "two"), of("two", "one")));
    assert!(found.iter().any(|fault| fault.contains("in a circle, or too many")), "{found:?}");
}

#[test]
fn aliases_name_fields_that_rules_call_differently() {
    let text = file(
        &["seccft", "sapi"],
        "type: temporal\nrules: [seccft, sapi]\ngroup-by: [source]\ntimespan: 1h\naliases:\n  source:\n    seccft: ip\n    sapi: details.request.ip",
    );
    let of = |second, ip: &str| {
        at(second, "sapi", &json!({"ip": "192.0.2.1", "details": {"request": {"ip": ip}}}))
    };
    let token = by_ip(0, "seccft", "192.0.2.7");
    assert_eq!(alerts(&text, &[token.clone(), of(1, "192.0.2.8")]), [0, 0]);
    assert_eq!(alerts(&text, &[token, of(1, "192.0.2.7")]), [0, 1]);
    let partly = text.replace("    sapi: details.request.ip\n", "");
    assert!(faults(&partly).iter().any(|fault| fault.contains("an alias names no field of `sapi`")));
}

#[test]
fn base_rules_are_silent_unless_they_are_generated() {
    let correlation = "type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 1h\ncondition:\n  gte: 2";
    let ids = |text: &str| {
        detectors(text).iter().map(|detector| detector.about().id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&file(&["f", "s"], correlation)), ["r.s", "r.3"]);
    assert_eq!(ids(&file(&["f"], correlation)), ["r"]);
    assert_eq!(ids(&file(&["f"], &format!("{correlation}\ngenerate: true"))), ["r.f", "r.2"]);
}

#[test]
fn thresholds_that_cannot_be_missed_are_told_and_absence_is_refused() {
    let of = |condition: &str| {
        faults(&file(
            &["f"],
            &format!("type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 1h\ncondition: {condition}"),
        ))
    };
    for condition in ["{gte: 0}", "{gte: 1}", "{gt: 0}", "{neq: 0}"] {
        assert!(of(condition)[0].contains("the first entry meets this threshold"), "{condition}");
    }
    for condition in ["{lt: 3}", "{lte: 1}", "{eq: 0}"] {
        assert!(of(condition)[0].contains("met before anything happened"), "{condition}");
    }
    assert!(of("{gt: 5, lt: 3}")[0].contains("no count fulfills this"));
    assert!(of("{gte: many}")[0].contains("`many` is no count"));
    assert!(of("{atleast: 3}")[0].contains("`atleast` here"));
    assert!(of("{gte: 2}").is_empty() && of("{eq: 2}").is_empty() && of("{gte: 2, lt: 9}").is_empty());
    for (correlation, what) in [
        (
            "type: value_count\nrules: [f]\ntimespan: 1h\ncondition: {gte: 2}",
            "no field whose values are counted",
        ),
        (
            "type: value_count\nrules: [f]\ntimespan: 1h\ncondition: {gte: 200, field: ip}",
            "so many different values",
        ),
        ("type: temporal\nrules: [f]\ntimespan: 1h", "one rule alone"),
        (
            "type: value_sum\nrules: [f]\ntimespan: 1h\ncondition: {gte: 2}",
            "correlations of type `value_sum`",
        ),
        (
            "type: event_count\nrules: [g]\ntimespan: 1h\ncondition: {gte: 2}",
            "there is no rule `g` in this file",
        ),
        ("type: event_count\nrules: [f]\ncondition: {gte: 2}", "there is no `timespan`"),
        ("type: event_count\nrules: [f]\ntimespan: 1h\ncondition: f", "as a correlation's condition"),
        (
            "type: event_count\nrules: [f]\ntimespan: 1h\ncondition: {gte: 2}\ngroupby: [ip]",
            "did you mean `group-by`?",
        ),
    ] {
        let found = faults(&file(&["f"], correlation));
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn severity_ratio_and_silence_are_ours() {
    let text = file(
        &["f", "s"],
        "type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 1h\ncondition:\n  gte: 4",
    ) + "countersign:\n  min_ratio: {rule: s, ratio: 2}\n  severity_by:\n    - {gte: 6, level: critical}\n";
    let kinds = ["s", "s", "s", "f", "f", "f", "f", "f", "f"];
    let entries: Vec<_> =
        kinds.iter().zip(0..).map(|(kind, second)| by_ip(second, kind, "192.0.2.1")).collect();
    let mut one = engine(&text);
    let found: Vec<_> = entries.iter().zip(1..).flat_map(|(raw, seq)| take(&mut one, seq, raw)).collect();
    assert_eq!(found.len(), 1, "4 and 5 failures on 3 successes are too few");
    assert_eq!(found[0].severity, Severity::Critical);
    let silent = format!(
        "{}level: low\ncountersign:\n  suppress_if: own\n  entity: network\n  severity_by:\n    - {{condition: deep, level: high}}\n",
        rule("a:\n  type: s\nown:\n  client_id: x\ndeep:\n  hostname: h\ncondition: a")
    );
    let mut engine = engine(&silent);
    assert!(take(&mut engine, 1, &at(0, "s", &json!({"client_id": "x"}))).is_empty());
    let [found] = &take(&mut engine, 2, &at(1, "s", &json!({"ip": "192.0.2.77"})))[..] else { panic!() };
    assert_eq!((found.severity, &*found.entity.name), (Severity::Low, "192.0.2.0/24"));
    let [found] = &take(&mut engine, 3, &at(2, "s", &json!({"hostname": "h"})))[..] else { panic!() };
    assert_eq!(found.severity, Severity::High);
}

#[test]
fn state_survives_a_restart_and_is_bounded() {
    let text =
        file(&["f"], "type: event_count\nrules: [f]\ngroup-by: [ip]\ntimespan: 1h\ncondition:\n  gte: 3");
    let mut before = engine(&text);
    for second in 0..2 {
        take(&mut before, second, &by_ip(second, "f", "192.0.2.1"));
    }
    let mut after = engine(&text);
    assert_eq!(after.restore(&before.save()), Ok(vec![]));
    assert_eq!(take(&mut after, 3, &by_ip(3, "f", "192.0.2.1")).len(), 1);
    let changed = text.replace("gte: 3", "gte: 4");
    assert_eq!(engine(&changed).restore(&before.save()), Ok(vec!["r".to_owned()]));
    let hot: Vec<_> = (0..3_000).map(|second| by_ip(second, "f", "192.0.2.1")).collect();
    for (raw, seq) in hot.iter().zip(10..) {
        take(&mut after, seq, raw);
    }
    let kept = after.save().len() - engine(&text).save().len();
    assert!(kept < 5_000, "one hot key keeps little: {kept}");
}
