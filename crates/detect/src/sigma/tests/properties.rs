use proptest::prelude::*;

use super::*;

const RULES: &str = "\
name: any\ntitle: a\nlogsource:\n  product: auth0\ndetection:\n  a:\n    type: [sapi, f]\n    details.a.b|contains: x\n  b:\n    details.a|re: 'x.*y'\n  c:\n    details|exists: true\n    details.a|gt: 3\n  d:\n    - keyword\n  e:\n    ip|cidr: 192.0.2.0/24\n  f:\n    details.a|fieldref: details.b\n  condition: a or b or c or d or e or not f\n---\n\
title: c\ncorrelation:\n  type: value_count\n  rules: [any]\n  group-by: [details.a]\n  timespan: 1h\n  condition:\n    gte: 2\n    field: details.b\n";

/// Texts that look a little like rules.
fn rule_like() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "title",
        "detection",
        "condition",
        "selection",
        "correlation",
        "type",
        "event_count",
        "rules",
        "group-by",
        "timespan",
        "1h",
        "gte",
        "countersign",
        "params",
        "tests",
        "{x}",
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "---\n",
        "'",
        "\"",
        "|re",
        "|contains",
        "and",
        "not ",
        "(",
        ")",
        "*",
        "&a",
        "*a",
        "!!str",
        "%",
        "null",
        "~",
        "7",
        "é",
        "\t",
        "#",
        ">",
        "|",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9.:/*{}|é]{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[ab]|details|x", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_reader(text in any::<String>(), like in rule_like()) {
        for text in [text, like.clone(), format!("{RULES}{like}"), format!("{like}\n{RULES}")] {
            let _ = check(&[("r.yml", &text)], &Values::new());
        }
    }

    #[test]
    fn no_change_of_a_rule_breaks_the_reader(at in 0..RULES.len(), new in "[\\PC\n]{0,3}", cut in 0..4_usize) {
        let end = (at + cut).min(RULES.len());
        let text = format!("{}{new}{}", &RULES[..at], &RULES[end..]);
        let _ = check(&[("r.yml", &text)], &Values::new());
    }

    #[test]
    fn no_entry_breaks_a_rule(details in json_value(), ip in json_value()) {
        let mut engine = engine(RULES);
        let raw = entry(json!({"details": details, "ip": ip}));
        let before = take(&mut engine, 1, &raw).len();
        prop_assert!(before <= 1);
    }

    #[test]
    fn patterns_and_texts_of_any_kind_are_compared(pattern in "[ab*?\\\\é]{0,10}", text in "[abé*]{0,20}") {
        let found = pattern::Pattern::new(&pattern, false).is_match(&text);
        let is_plain = !pattern.contains(['*', '?', '\\']);
        prop_assert!(!is_plain || found == (pattern == text));
    }

    /// In the order of event time, the k-th failure of a window is found if and only if counting by hand finds it.
    #[test]
    fn counts_are_exact_in_order(gaps in prop::collection::vec(0..40_u64, 1..60), least in 2..8_usize) {
        let text = format!("name: f\n{}---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [f]\n  group-by: [ip]\n  timespan: 1m\n  condition:\n    gte: {least}\ncountersign:\n  cooldown: 1s\n", rule("a:\n  type: f\ncondition: a"));
        let times: Vec<u64> = gaps.iter().scan(0, |sum, gap| { *sum += gap; Some(*sum) }).collect();
        let entries: Vec<_> = times.iter().map(|second| at(*second, "f", &json!({"ip": "192.0.2.1"}))).collect();
        let found: Vec<bool> = alerts(&text, &entries).iter().map(|count| *count > 0).collect();
        let by_hand: Vec<bool> = (0..times.len())
            .map(|last| times[..=last].iter().filter(|time| times[last] - **time <= 60).count() >= least)
            .collect();
        prop_assert_eq!(found, by_hand);
    }

    /// Entries that arrive in any order give an alert if and only if those in order do.
    #[test]
    fn an_attack_is_found_in_any_order(seconds in prop::collection::vec(0..600_u64, 1..12).prop_shuffle(), least in 2..6_usize) {
        let text = format!("name: f\n{}---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [f]\n  group-by: [ip]\n  timespan: 1m\n  condition:\n    gte: {least}\n", rule("a:\n  type: f\ncondition: a"));
        let count = |seconds: &[u64]| {
            let entries: Vec<_> = seconds.iter().map(|second| at(*second, "f", &json!({"ip": "192.0.2.1"}))).collect();
            alerts(&text, &entries).iter().any(|found| *found > 0)
        };
        let mut sorted = seconds.clone();
        sorted.sort_unstable();
        // Why only so far: a group keeps twice its threshold, and what is older than that is a replay's.
        prop_assume!(seconds.len() < 2 * least);
        prop_assert_eq!(count(&seconds), count(&sorted));
    }

    /// In the order of event time, sequences, rules in any order and different values are found if and only if trying all finds them.
    #[test]
    fn windows_are_exact_in_order(steps in prop::collection::vec((0..25_u64, 0..3_usize, 0..4_usize), 1..40)) {
        let kinds = ["f", "w", "s"];
        let mut second = 0;
        let entries: Vec<(u64, usize, usize)> = steps.iter().map(|(gap, kind, user)| { second += gap; (second, *kind, *user) }).collect();
        let raw: Vec<String> = entries.iter()
            .map(|(second, kind, user)| at(*second, kinds[*kind], &json!({"ip": "192.0.2.1", "user_name": user.to_string()})))
            .collect();
        let near = |last: usize| -> Vec<usize> { (0..=last).filter(|first| entries_near(&steps, *first, last)).collect() };
        let found = |correlation: &str| {
            let rules: String = kinds.iter().map(|kind| format!("name: {kind}\n{}---\n", rule(&format!("a:\n  type: {kind}\ncondition: a")))).collect();
            let text = format!("{rules}title: c\ncorrelation:\n  rules: [f, w, s]\n  group-by: [ip]\n  timespan: 1m\n{correlation}");
            alerts(&text, &raw).iter().map(|count| *count > 0).collect::<Vec<_>>()
        };
        let together: Vec<bool> = (0..entries.len()).map(|last| {
            (0..3).all(|kind| near(last).iter().any(|index| entries[*index].1 == kind))
        }).collect();
        prop_assert_eq!(found("  type: temporal\n"), together);
        let in_order: Vec<bool> = (0..entries.len()).map(|last| {
            let near = near(last);
            let w = near.iter().filter(|index| entries[**index].1 == 1 && **index < last);
            entries[last].1 == 2 && w.clone().any(|w| near.iter().any(|f| f < w && entries[*f].1 == 0))
        }).collect();
        prop_assert_eq!(found("  type: temporal_ordered\n"), in_order);
        let distinct: Vec<bool> = (0..entries.len()).map(|last| {
            let users: std::collections::BTreeSet<usize> = near(last).iter().map(|index| entries[*index].2).collect();
            users.len() >= 3
        }).collect();
        prop_assert_eq!(found("  type: value_count\n  condition:\n    field: user_name\n    gte: 3\n"), distinct);
    }
}

/// Whether entry `first` stands at most a minute before entry `last`.
fn entries_near(steps: &[(u64, usize, usize)], first: usize, last: usize) -> bool {
    steps[first + 1..=last].iter().map(|(gap, ..)| gap).sum::<u64>() <= 60
}
