use super::*;

#[track_caller]
fn assert_only(text: &str, expected: &str) {
    assert_eq!(faults(text), [expected], "{text}");
}

const HEAD: &str = "title: a\nlogsource:\n  product: auth0\n";

fn selecting(line: &str) -> String {
    format!("{HEAD}detection:\n  selection:\n    type: sapi\n    {line}\n  condition: selection\n")
}

#[test]
fn what_is_not_evaluated_is_refused_where_it_stands() {
    let mut wrong = Vec::new();
    for (line, place, what) in [
        ("description|base64: x", "7:5", "the modifier `base64` is not evaluated"),
        ("description|windash: x", "7:5", "the modifier `windash` is not evaluated"),
        ("description|containz: x", "7:5", "there is no modifier `containz`; did you mean `contains`?"),
        ("description|re|contains: x", "7:5", "the modifier `contains` does not go with the others here"),
        ("description|i: x", "7:5", "the modifier `i` does not go with the others here"),
        ("description|re: 'a(?!b)'", "7:21", "look-around in a regular expression is not evaluated"),
        (
            r"description|re: '(a)\1'",
            "7:21",
            "not a regular expression: error: backreferences are not supported",
        ),
        ("description|re: '(a{1000}){1000}'", "7:21", "the regular expression is too large"),
        ("ip|cidr: 192.0.2.0/33", "7:14", "`192.0.2.0/33` here"),
        ("description|exists: maybe", "7:25", "`maybe` here"),
        ("description|gt: much", "7:21", "`much` here"),
        ("description:", "7:16", "nothing stands where a value should"),
        ("description: []", "7:18", "an empty list"),
        ("description|contains: null", "7:27", "`null` with a modifier"),
        ("description: '{name}'", "7:18", "the placeholder `{name}` is not filled"),
        ("description: {name}", "7:18", "the placeholder `{name}` is not filled"),
        ("description: https://{your-domain}/x", "7:18", "the placeholder `{your-domain}` is not filled"),
        ("description: {a: b}", "7:18", "a map as a value"),
        ("description: [[a]]", "7:19", "a list as a value"),
        ("a..b: x", "7:5", "`a..b` is no field"),
        ("a{0}: x", "7:5", "`a{0}` is no field"),
        ("description: *x", "7:18", ""),
        ("description: !!str y", "7:18", "tags of YAML are not read"),
        ("description: &x y", "7:18", "anchors and aliases are not read"),
    ] {
        let found = faults(&selecting(line));
        let begins = format!("rules/r.yml:{place}: {what}");
        if !found.first().is_some_and(|fault| fault.starts_with(&begins)) {
            wrong.push((begins, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn documents_are_whole() {
    assert_only(
        &format!("{HEAD}detection:\n  selection:\n    type: s\n  condition: selction\n"),
        "rules/r.yml:7:14: there is no selection `selction`; did you mean `selection`?",
    );
    assert_only(
        "title: a\nlogsource:\n  product: windows\ndetection:\n  a:\n    type: s\n  condition: a\n",
        "rules/r.yml:3:3: the logs of `windows` do not come here; `product: auth0`",
    );
    assert_only(
        &format!("{HEAD}detection:\n  a:\n    type: s\n    type: f\n  condition: a\n"),
        "rules/r.yml:7:5: `type` stands here twice; of two alike keys one would be passed over",
    );
    assert_only(
        &format!("{HEAD}falsepositive: [b]\ndetection:\n  a:\n    type: s\n  condition: a\n"),
        "rules/r.yml:4:1: `falsepositive` is not read; did you mean `falsepositives`?",
    );
    assert_only(
        &format!("{HEAD}level: grave\ndetection:\n  a:\n    type: s\n  condition: a\n"),
        "rules/r.yml:4:8: `grave` is no level; `informational`, `low`, `medium`, `high` or `critical`",
    );
    for (text, what) in [
        ("", "the file holds no document"),
        ("- a\n", "a list as a document"),
        ("a: [b\n", "not YAML"),
        ("title: a\n", "a document is a rule, a correlation or a filter"),
        (&format!("{HEAD}detection:\n  a:\n    type: s\n"), "there is no `condition`"),
        (
            &format!("{HEAD}detection:\n  a:\n    type: s\n  timeframe: 1h\n  condition: a\n"),
            "`timeframe` is not evaluated",
        ),
        (
            &format!("{HEAD}detection:\n  a:\n    type: s\n  condition: a | count() > 5\n"),
            "aggregations in a condition",
        ),
        (&format!("{HEAD}detection:\n  a:\n    type: s\n  condition: 2 of a\n"), "`2 of`"),
        (&format!("{HEAD}detection:\n  a:\n    type: s\n  condition: (a\n"), "a parenthesis is not closed"),
        (
            &format!("{HEAD}detection:\n  a:\n    type: s\n  condition: a a\n"),
            "`a` follows a whole condition",
        ),
        (&format!("{HEAD}detection:\n  a: {{}}\n  condition: a\n"), "an empty map"),
        (&format!("{HEAD}detection:\n  a:\n  condition: a\n"), "`a` selects nothing"),
        ("detection:\n  a:\n    type: s\n  condition: a\n", "there is no `logsource`"),
        (
            &format!("{HEAD}countersign:\n  cooldwn: 1h\ndetection:\n  a:\n    type: s\n  condition: a\n"),
            "`countersign` has no `cooldwn`; did you mean `cooldown`?",
        ),
        (
            &format!(
                "{HEAD}countersign:\n  allowed_lateness: 1h\ndetection:\n  a:\n    type: s\n  condition: a\n"
            ),
            "a rule over single entries has no window",
        ),
        (
            &format!("{HEAD}countersign:\n  cooldown: soon\ndetection:\n  a:\n    type: s\n  condition: a\n"),
            "`soon` is no span of time",
        ),
        (
            &format!(
                "{HEAD}countersign:\n  tests: [{{name: a}}]\ndetection:\n  a:\n    type: s\n  condition: a\n"
            ),
            "a test is read otherwise",
        ),
    ] {
        let found = faults(text);
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}\n{found:#?}");
    }
}

#[test]
fn bombs_are_refused() {
    let deep = format!("a: {}", "[".repeat(100));
    let wide = format!("a: [{}]", "1,".repeat(50_000));
    let aliases = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    let nested = format!("{HEAD}detection:\n  a:\n    type: s\n  condition: {}a\n", "(".repeat(3_000));
    for (text, what) in [
        (deep, "too large a tree"),
        (wide, "too large a tree"),
        (" ".repeat(300 * 1024), "the file has"),
        (aliases.to_owned(), "anchors and aliases"),
        (nested, "the condition nests too deep"),
    ] {
        let found = faults(&text);
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}\n{found:#?}");
    }
}

#[test]
fn conditions_that_say_nothing_are_told() {
    let condition = |condition: &str| {
        faults(&format!(
            "{HEAD}detection:\n  a:\n    type: s\n  b:\n    ip: x\n  c:\n    type: f\n  condition: {condition}\n"
        ))
    };
    let has = |found: &[String], what: &str| found.iter().any(|fault| fault.contains(what));
    assert!(has(&condition("a or not a or b or c"), "the condition holds for every entry"));
    assert!(has(&condition("a and not a and b and c"), "the condition can never hold"));
    assert!(has(&condition("a and c and b"), "no log type fulfills the condition"));
    assert!(has(&condition("a or b or c"), "the condition can hold for entries of any type"));
    assert!(has(&condition("not a and not b and not c"), "of any type"));
    assert!(has(&condition("a and b"), "the condition does not use `c`"));
    assert_eq!(condition("(a or c) and b"), Vec::<String>::new());
    assert!(has(&faults(&selecting("data.request.body.x: y")), "`details.request.body.x`"));
}

#[test]
fn operators_fill_placeholders() {
    let text = format!(
        "{HEAD}countersign:\n  params:\n    hosts: [a.test, b.test]\n    status:\n      default: 200\n      least: 100\n      most: 599\n\
         detection:\n  selection:\n    type: sapi\n    hostname: '{{hosts}}'\n    details.response.statusCode: {{status}}\n    details.request.path: /api/{{version}}/x\n  condition: selection\n"
    );
    let set = |values: Value| Values::from([("r".to_owned(), serde_json::from_value(values).unwrap())]);
    let load = |values: &Values| load(&[("rules/r.yml", &text)], values);
    let fires = |values: Value, host: &str, status: u16| {
        let detectors = load(&set(values)).unwrap_or_else(|faults| panic!("{}", told(&faults)));
        let mut engine = Engine::new(tagger(), EngineSettings::default(), detectors);
        let raw = entry(
            json!({"hostname": host, "details": {"response": {"statusCode": status}, "request": {"path": "/api/v2/x"}}}),
        );
        !take(&mut engine, 1, &raw).is_empty()
    };
    assert!(fires(json!({"version": "v2"}), "b.test", 200));
    assert!(!fires(json!({"version": "v2", "hosts": ["c.test"]}), "b.test", 200));
    assert!(fires(json!({"version": "v2", "hosts": "c.test", "status": 201}), "c.test", 201));
    assert!(!fires(json!({"version": "v2", "hosts": []}), "b.test", 200), "none of no hosts");
    let refused = |values: &Values, what: &str| {
        let faults = load(values).err().unwrap();
        assert!(told(&faults).contains(what), "{}", told(&faults));
    };
    refused(&Values::new(), "the placeholder `{version}` is not filled");
    refused(&set(json!({"version": "v2", "status": 600})), "`status` is out of its range");
    refused(&set(json!({"version": ["v2"]})), "`{version}` is a list inside a text");
    refused(&set(json!({"version": "v2", "verzion": 1})), "the param `verzion` is asked for nowhere");
    let elsewhere = Values::from([("other".to_owned(), Settings::new())]);
    refused(&elsewhere, "there is no such rule file");
}

#[test]
fn filters_take_matches_out() {
    let rule = format!(
        "{HEAD}id: 11111111-2222-4333-8444-555555555555\nname: one\ndetection:\n  a:\n    type: s\n  condition: a\n"
    );
    let filter = |rules: &str| {
        format!(
            "title: f\nlogsource:\n  product: auth0\nfilter:\n  rules: {rules}\n  a:\n    ip|cidr: 192.0.2.0/24\n  condition: not a\n"
        )
    };
    let count = |filter: &str| {
        let detectors = load(&[("rules/one.yml", &rule), ("f.yml", filter)], &Values::new()).ok().unwrap();
        let mut engine = Engine::new(tagger(), EngineSettings::default(), detectors);
        let ips = ["192.0.2.1", "198.51.100.1"];
        ips.map(|ip| take(&mut engine, 1, &at(0, "s", &json!({"ip": ip, "user_id": ip}))).len())
    };
    assert_eq!(count(&filter("[11111111-2222-4333-8444-555555555555]")), [0, 1]);
    assert_eq!(count(&filter("any")), [0, 1]);
    let elsewhere = check(&[("rules/one.yml", &rule), ("f.yml", &filter("[one]"))], &Values::new());
    assert!(
        told(&elsewhere.faults).contains("f.yml:5:11: there is no rule `one` to filter"),
        "{elsewhere:?}"
    );
    let spoken = format!("{}level: high\n", filter("any"));
    assert!(
        told(&check(&[("one.yml", &rule), ("f.yml", &spoken)], &Values::new()).faults)
            .contains("a filter has no `level`")
    );
    let keeping = filter("any").replace("not a", "a");
    assert!(
        told(&check(&[("one.yml", &rule), ("f.yml", &keeping)], &Values::new()).faults)
            .contains("keeps only")
    );
}

#[test]
fn names_are_a_files_own_and_ids_of_detectors_are_not() {
    let one = rule("a:\n  type: s\ncondition: a");
    let named = format!("name: selected_events\n{one}");
    let report = check(&[("x/one.yml", &named), ("y/two.yml", &named)], &Values::new());
    assert_eq!(report.detectors, ["one", "two"]);
    let twice = check(&[("x/one.yml", &one), ("y/one.yml", &one)], &Values::new());
    assert!(told(&twice.faults).contains("y/one.yml:1:1: there is another detector `one`"), "{twice:?}");
    let native = check(&[("brute_force_account.yml", &one)], &Values::new());
    assert!(told(&native.faults).contains("there is another detector"));
    let same_file = format!("{named}---\n{named}");
    assert!(faults(&same_file).iter().any(|fault| fault.contains("names two documents of this file")));
    let two = format!("{named}---\n{}", named.replace("selected_events", "other"));
    assert_eq!(check(&[("one.yml", &two)], &Values::new()).detectors, ["one.selected_events", "one.other"]);
}

#[test]
fn a_detector_is_told_of_by_its_rule() {
    let text = format!(
        "{}level: high\ndescription: b\ntags: [attack.initial-access, attack.t1110.004]\nfalsepositives: [c]\ncountersign:\n  cooldown: 10m\n  steps: [d, e]\n",
        rule("a:\n  type: s\ncondition: a")
    );
    let detectors = detectors(&text);
    let about = detectors[0].about();
    assert_eq!((&*about.id, &*about.title, &*about.text), ("r", "a", "b"));
    assert_eq!((about.techniques.to_vec(), about.steps.to_vec()), (vec!["T1110.004"], vec!["d", "e"]));
    assert_eq!((about.severity, about.cooldown), (crate::Severity::High, 10 * crate::MINUTE));
    let other = load(&[("r.yml", &text.replace("type: s", "type: f"))], &Values::new()).ok().unwrap();
    assert_ne!(other[0].about().version, about.version);
}
