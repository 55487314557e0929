use super::*;

#[test]
fn rules_hold_their_own_tests() {
    let text = "\
name: f\ntitle: a\nlogsource:\n  product: auth0\ndetection:\n  a:\n    type: f\n  condition: a\n---\n\
title: c\ncorrelation:\n  type: event_count\n  rules: [f]\n  group-by: [ip]\n  timespan: 10m\n  condition:\n    gte: '{count}'\n\
countersign:\n  params:\n    count: 5\n  covers: [many_failures]\n  tests:\n\
\x20   - name: five\n      events:\n        - {event: {type: f, ip: 192.0.2.1}, times: 5, every: 10s}\n      alerts: 1\n\
\x20   - name: five from five\n      events:\n        - {event: {type: f, ip: '192.0.2.{n}'}, times: 5}\n      expect: false\n\
\x20   - name: slowly\n      events:\n        - event: {data: {type: f, ip: 192.0.2.1}}\n          times: 9\n          every: 3m\n      expect: false\n\
\x20   - name: wrong\n      events:\n        - {type: f, ip: 192.0.2.1}\n      expect: true\n";
    let outcomes =
        test(&[("r.yml", text)], &Values::new()).unwrap_or_else(|faults| panic!("{}", told(&faults)));
    let said: Vec<_> =
        outcomes.iter().map(|one| (&*one.name, one.found.clone(), one.is_passed, one.spot.line)).collect();
    assert_eq!(
        said,
        [
            ("five", Ok(1), true, 23),
            ("five from five", Ok(0), true, 27),
            ("slowly", Ok(0), true, 31),
            ("wrong", Ok(0), false, 37)
        ]
    );
    let fewer = Values::from([("r".to_owned(), Settings::from([("count".to_owned(), json!(1))]))]);
    assert!(test(&[("r.yml", text)], &fewer).unwrap()[3].is_passed, "the operator's value counts");
    let report = check(&[("r.yml", text)], &Values::new());
    assert_eq!(report.covers, [("many_failures".to_owned(), "r".to_owned())]);
    assert!(report.is_loaded());
}
