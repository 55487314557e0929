use super::*;

/// Whether a selection of the given line holds for an entry.
fn holds(line: &str, fields: &Value) -> bool {
    let text = rule(&format!("selection:\n  type: sapi\n  {line}\ncondition: selection"));
    alerts(&text, &[entry(fields.clone())]) == [1]
}

#[track_caller]
fn assert_holds(cases: &[(&str, Value, bool)]) {
    for (line, fields, expected) in cases {
        assert_eq!(holds(line, fields), *expected, "{line} of {fields}");
    }
}

#[test]
fn texts_are_compared_without_case_and_with_wildcards() {
    let text = |text: &str| json!({"description": text});
    assert_holds(&[
        ("description: Update a client", text("update a CLIENT"), true),
        ("description: Update a client", text("Update a client "), false),
        ("description|cased: Update", text("update"), false),
        ("description|cased: Update", text("Update"), true),
        ("description: Update*", text("Update a client"), true),
        ("description: '*client'", text("Update a client"), true),
        ("description: 'U?date *a* cl*t'", text("Update a client"), true),
        ("description: 'U?date'", text("Update a client"), false),
        (r"description: 'a\*b'", text("a*b"), true),
        (r"description: 'a\*b'", text("axb"), false),
        (r"description: 'a\?b'", text("axb"), false),
        (r"description: 'a\\*'", text(r"a\bc"), true),
        (r"description: 'a\b'", text(r"a\b"), true),
        ("description: ÄRGER", text("ärger"), true),
        ("description: '*a*a*a*b'", text(&"a".repeat(2_000)), false),
        ("description: ''", text(""), true),
    ]);
}

#[test]
fn modifiers_refine_how_texts_are_compared() {
    let path = json!({"details": {"request": {"path": "/api/v2/guardian/policies"}}});
    assert_holds(&[
        ("details.request.path|startswith: /api/", path.clone(), true),
        ("details.request.path|endswith: /POLICIES", path.clone(), true),
        ("details.request.path|contains: guardian", path.clone(), true),
        ("details.request.path|contains: guardian*x", path.clone(), false),
        ("details.request.path|contains|all: [guardian, policies]", path.clone(), true),
        ("details.request.path|contains|all: [guardian, factors]", path.clone(), false),
        ("details.request.path|contains: [factors, policies]", path.clone(), true),
        ("details.request.path|contains|cased: Guardian", path.clone(), false),
        ("details.request.path|re: '^(/api)?/v2/guardian/'", path.clone(), true),
        ("details.request.path|re: GUARDIAN", path.clone(), false),
        ("details.request.path|re|i: GUARDIAN", path.clone(), true),
        ("details.request.path|neq: /api/v2/guardian/policies", path.clone(), false),
        ("details.request.path|neq: /other", path.clone(), true),
        ("details.request.path|contains|neq: [factors, policies]", path, false),
        ("description|re: 'a.b'", json!({"description": "a\nb"}), false),
        ("description|re|s: 'a.b'", json!({"description": "a\nb"}), true),
        ("description|re: '^b$'", json!({"description": "a\nb"}), false),
        ("description|re|m: '^b$'", json!({"description": "a\nb"}), true),
    ]);
}

#[test]
fn truth_values_and_numbers_equal_their_texts() {
    let body = |value: Value| json!({"details": {"body": value}});
    assert_holds(&[
        ("details.body: false", body(json!(false)), true),
        ("details.body: 'false'", body(json!(false)), true),
        ("details.body: False", body(json!("false")), true),
        ("details.body: false", body(json!(0)), false),
        ("details.body|cased: True", body(json!(true)), true),
        ("details.body: 42", body(json!("42")), true),
        ("details.body: '42'", body(json!(42)), true),
        ("details.body: 42", body(json!(42.0)), true),
        ("details.body: 42", body(json!("42.0")), false),
        ("details.body: 'off'", body(json!(false)), false),
        ("details.body: off", body(json!("off")), true),
        ("details.body|gte: 400", body(json!(400)), true),
        ("details.body|gt: 400", body(json!(400)), false),
        ("details.body|lt: 400", body(json!("399.5")), true),
        ("details.body|lte: 400", body(json!("many")), false),
        ("details.body|gt: 1", body(json!(true)), false),
    ]);
}

#[test]
fn a_list_stands_for_each_of_its_elements() {
    let shields = |value: Value| json!({"details": {"response": {"body": {"shields": value}}}});
    let nested = json!({"details": {"grants": [{"scope": ["read:users"]}, {"scope": ["delete:users"]}]}});
    assert_holds(&[
        ("data.details.response.body.shields{}: block", shields(json!(["admin", "block"])), true),
        ("details.response.body.shields: block", shields(json!(["admin", "block"])), true),
        ("details.response.body.shields: block", shields(json!(["admin"])), false),
        ("details.response.body.shields{}: block", shields(json!("block")), true),
        ("details.grants{}.scope{}|startswith: 'delete:'", nested.clone(), true),
        ("details.grants.scope|all: ['read:users', 'delete:users']", nested.clone(), true),
        ("details.grants.scope|all: ['read:users', 'update:users']", nested, false),
    ]);
}

#[test]
fn null_is_no_value_and_exists_is_any_place() {
    let body = |value: Value| json!({"details": {"body": value}});
    assert_holds(&[
        ("details.body: null", body(json!(null)), true),
        ("details.body: null", json!({}), true),
        ("details.body: null", body(json!([])), true),
        ("details.body: null", body(json!("")), false),
        ("details.body: [null, x]", body(json!("x")), true),
        ("details.body: null", body(json!({"a": 1})), false),
        ("details.body: ~", body(json!([null])), true),
        ("details.body|exists: true", body(json!([])), true),
        ("details.body|exists: true", body(json!(null)), true),
        ("details.body|exists: true", json!({}), false),
        ("details.body|exists: false", json!({"details": []}), true),
        ("user_id: null", json!({}), true),
        ("user_id|exists: true", json!({"user_id": "auth0|1"}), true),
    ]);
}

#[test]
fn addresses_lie_in_networks_and_networks_in_larger_ones() {
    let ip = |ip: &str| json!({"ip": ip});
    assert_holds(&[
        ("ip|cidr: 192.0.2.0/24", ip("192.0.2.77"), true),
        ("ip|cidr: 192.0.2.0/24", ip("192.0.3.1"), false),
        ("ip|cidr: [192.0.2.0/24, 2001:db8::/32]", ip("2001:db8:1::9"), true),
        ("ip|cidr: 192.0.2.0/24", ip("::ffff:192.0.2.9"), true),
        ("ip|cidr: 192.0.2.0/24", ip("not an address"), false),
        ("ip|cidr: 0.0.0.0/0", ip("203.0.113.9"), true),
        ("ip|cidr: ::/0", ip("203.0.113.9"), false),
        ("ip|cidr: 203.0.113.9", ip("203.0.113.9"), true),
        ("details.allow|cidr: 192.0.2.0/24", json!({"details": {"allow": ["192.0.2.128/25"]}}), true),
        ("details.allow|cidr: 192.0.2.0/24", json!({"details": {"allow": ["192.0.0.0/16"]}}), false),
    ]);
}

#[test]
fn fields_are_held_against_fields() {
    let names = |one: &str, other: &str| json!({"user_name": one, "details": {"invitee": other}});
    assert_holds(&[
        ("details.invitee|fieldref: user_name", names("A@x.test", "a@x.test"), true),
        ("details.invitee|fieldref|cased: user_name", names("A@x.test", "a@x.test"), false),
        ("details.invitee|fieldref|startswith: user_name", names("a", "a@x.test"), true),
        ("details.invitee|fieldref|endswith: user_name", names("a", "a@x.test"), false),
        ("details.invitee|fieldref|contains: user_name", names("x", "a@x.test"), true),
        ("details.invitee|fieldref: user_name", json!({"details": {"invitee": "a"}}), false),
    ]);
}

#[test]
fn every_value_of_a_list_may_be_asked_for() {
    let networks = |networks: Value| json!({"details": {"a": networks}});
    let known = "details.a|cidr|every: [192.0.2.0/24, 2001:db8::/32]";
    assert_holds(&[
        (known, networks(json!(["192.0.2.7", "2001:db8::1"])), true),
        (known, networks(json!(["192.0.2.7", "203.0.113.1"])), false),
        (known, networks(json!(["192.0.2.7", "no address"])), false),
        (known, networks(json!("192.0.2.0/25")), true),
        (known, networks(json!([])), false),
        (known, json!({}), false),
        ("details.a|every: [x, y]", networks(json!(["x", "y", "x"])), true),
        ("details.a|every: [x, y]", networks(json!(["x", {"y": 1}])), false),
        ("details.a|startswith|every|neq: 'read:'", networks(json!(["read:a", "delete:a"])), true),
        ("details.a|startswith|every|neq: 'read:'", networks(json!(["read:a", "read:b"])), false),
        ("details.a|re|every: '^r'", networks(json!(["r1", "r2"])), true),
    ]);
}

#[test]
fn keywords_are_looked_for_everywhere() {
    let deep = entry(json!({"details": {"a": [{"b": "a Needle in hay"}]}}));
    let rule = |words: &str, condition: &str| {
        rule(&format!("selection:\n  type: sapi\nwords: {words}\ncondition: selection and {condition}"))
    };
    for (words, expected) in [
        ("[needle]", 1),
        ("[thread, needle]", 1),
        ("[thread]", 0),
        ("needle", 1),
        ("{'|all': [needle, hay]}", 1),
        ("{'|all': [needle, thread]}", 0),
        ("{'|re': '(?i)NEEDLE in'}", 1),
    ] {
        assert_eq!(alerts(&rule(words, "words"), std::slice::from_ref(&deep)), [expected], "{words}");
    }
}

#[test]
fn conditions_join_selections() {
    let detection = "one:\n  type: sapi\n  description: a\ntwo:\n  description: b\nthree_x:\n  ip: c\nthree_y:\n  hostname: d\ncondition: ";
    let holds = |condition: &str, fields: Value| {
        alerts(&rule(&format!("{detection}{condition}")), &[entry(fields)]) == [1]
    };
    let (a, b) = (json!({"description": "a"}), json!({"description": "b"}));
    assert!(holds("one", a.clone()));
    assert!(!holds("one and two", a.clone()));
    assert!(holds("one or two", b.clone()));
    assert!(holds("not one and two", b.clone()));
    assert!(holds("not (one and two)", b.clone()));
    assert!(holds("one or two and three_x", a.clone()), "`and` binds tighter than `or`");
    assert!(!holds("(one or two) and three_x", a.clone()));
    assert!(holds("1 of three_*", json!({"hostname": "d"})));
    assert!(!holds("all of three_*", json!({"hostname": "d"})));
    assert!(holds("all of three_*", json!({"hostname": "d", "ip": "c"})));
    assert!(holds("1 of them", b.clone()));
    assert!(holds("any of th*", json!({"ip": "c"})));
    assert!(!holds("all of them", a));
    assert!(holds("NOT one AND two", b));
}

#[test]
fn a_list_of_maps_is_any_of_them() {
    let text = rule("selection:\n  - type: s\n    ip: 192.0.2.1\n  - type: f\ncondition: selection");
    let entries = [
        at(0, "s", &json!({"ip": "192.0.2.1"})),
        at(1, "s", &json!({"ip": "192.0.2.2"})),
        at(2, "f", &json!({"user_id": "b"})),
        at(3, "w", &json!({"ip": "192.0.2.1"})),
    ];
    assert_eq!(alerts(&text, &entries), [1, 0, 1, 0]);
}

#[test]
fn only_log_types_that_the_condition_names_are_taken() {
    let kinds = |detection: &str| detectors(&rule(detection))[0].about().kinds.to_vec();
    assert_eq!(kinds("a:\n  data.type: [f, fp]\nb:\n  ip: x\ncondition: a and not b"), ["f", "fp"]);
    assert_eq!(kinds("a:\n  type: f\nb:\n  type: s\ncondition: a or b"), ["f", "s"]);
    assert_eq!(kinds("a:\n  type: [f, s]\nb:\n  type: s\ncondition: a and b"), ["s"]);
    assert!(kinds("a:\n  type: limit_*\ncondition: a").is_empty());
    assert!(kinds("a:\n  type: f\nb:\n  ip: x\ncondition: a or b").is_empty());
    assert!(kinds("a:\n  type: f\ncondition: not a").is_empty());
}

#[test]
fn a_field_that_nests_deep_hides_no_other() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let raw = entry(json!({"details": {"request": {"path": "/x"}}})).replacen(
        r#""request""#,
        &format!(r#""a":{deep},"request""#),
        1,
    );
    assert_eq!(alerts(&rule("a:\n  type: sapi\n  details.request.path: /x\ncondition: a"), &[raw]), [1]);
}

#[test]
fn it_is_explained_which_lines_hold() {
    let text = rule(
        "selection:\n  type: sapi\n  details.response.statusCode: [200, 201]\nadmin:\n  user_id|endswith: x\ncondition: selection and not admin",
    );
    let raw = entry(json!({"user_id": "auth0|1", "details": {"response": {"statusCode": 403}}}));
    let event = Event::new(1, LogEvent::parse(&raw, None).unwrap(), &tagger(), |_| None);
    let [explanation] = &explain(("r.yml", &text), &Values::new(), &event).unwrap()[..] else { panic!() };
    assert_eq!((&*explanation.detector, explanation.is_match), ("r", false));
    assert_eq!(explanation.condition, "selection and not admin");
    let lines: Vec<_> = explanation.selections.iter().flat_map(|selected| &selected.lines).collect();
    let said: Vec<_> =
        lines.iter().map(|line| (&*line.field, line.is_match, &*line.wanted, line.found.join(","))).collect();
    assert_eq!(
        said,
        [
            ("type", true, "`sapi`", "sapi".to_owned()),
            ("details.response.statusCode", false, "`200` or `201`", "403".to_owned()),
            ("user_id|endswith", false, "`x`", "auth0|1".to_owned()),
        ]
    );
}
