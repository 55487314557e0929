//! Rule files that anybody may have written: loaded or refused with a place; what is loaded looks at any entry.

use std::{borrow::Cow, time::Duration};

use countersign_auth0::log::LogEvent;
use countersign_detect::{
    Engine, EngineSettings, Event,
    pack::PACK,
    sigma::{Values, check, explain, load, test},
};
use countersign_fuzz::Target;
use countersign_privacy::Tagger;

const ENTRY: &str = r#"{"log_id":"1","type":"fp","date":"2026-08-20T08:00:01.000Z","user_id":"auth0|1","user_name":"ana@example.com","ip":"192.0.2.1","client_id":"c","connection":"db","details":{"error":"wrong","request":{"method":"post","path":"/api/v2/clients"}}}"#;

#[test]
fn rules() {
    let tagger = Tagger::new(&[0; 32]);
    let event = || {
        let log = LogEvent::parse(ENTRY, Some(Cow::Borrowed("1"))).unwrap();
        Event::new(0, log, &tagger, |_| None)
    };
    Target::new("rules")
        .examples(PACK.iter().map(|(_, text)| text))
        .words([
            "detection:",
            "condition:",
            "selection",
            "|contains",
            "|re:",
            "|cidr:",
            "|all",
            "|base64",
            "1 of them",
            "all of sel*",
            "not (",
            " and ",
            " or ",
            "correlation:",
            "timespan: 5m",
            "group-by:",
            "gte: 3",
            "&a",
            "*a",
            "---\n",
            "? ",
            "!!binary",
            "(a+)+$",
            ".{1000}",
            "  - ",
            "'",
            "placeholder|expand: '%x%'",
        ])
        .at_most(16 * 1024)
        .within(Duration::from_secs(5))
        .run(|input| {
            let text = String::from_utf8_lossy(input);
            let files = [("rules/one.yml", &*text)];
            let lines = text.lines().count() + 2;
            let report = check(&files, &Values::new());
            for fault in &report.faults {
                let is_placed = fault.file == "rules/one.yml"
                    && (1..=lines).contains(&fault.spot.line)
                    && fault.spot.column >= 1;
                if !is_placed || fault.what.is_empty() {
                    return Err(format!("a fault without a place: {fault:?}"));
                }
            }
            let said: Vec<String> = report.faults.iter().map(|fault| fault.what.clone()).collect();
            let loaded = match load(&files, &Values::new()) {
                Ok(loaded) if report.is_loaded() => loaded,
                Err(faults) if faults == report.faults && !report.is_loaded() => return Ok(said.join("; ")),
                other => {
                    return Err(format!(
                        "loaded otherwise than checked: {:?}",
                        other.map(|loaded| loaded.len())
                    ));
                }
            };
            let count = loaded.len();
            let outcomes = test(&files, &Values::new()).map_err(|faults| format!("{faults:?}"))?;
            let explained =
                explain(files[0], &Values::new(), &event()).map_err(|faults| format!("{faults:?}"))?;
            let mut engine = Engine::new(tagger.clone(), EngineSettings::default(), loaded);
            let alerts = engine.observe(&event());
            let mut restored = Engine::new(
                tagger.clone(),
                EngineSettings::default(),
                load(&files, &Values::new()).map_err(|faults| format!("{faults:?}"))?,
            );
            let lost = restored
                .restore(&engine.save())
                .map_err(|error| format!("the state does not come back: {error:?}"))?;
            if !lost.is_empty() {
                return Err(format!("the state of a rule does not come back: {lost:?}"));
            }
            drop(alerts);
            Ok(format!(
                "{count} rules {} tests {} explained {}",
                outcomes.len(),
                explained.len(),
                said.join("; ")
            ))
        });
}
