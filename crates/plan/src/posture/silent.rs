//! Whether our log stream delivers what the tenant's log has.

use super::{Area, Check, Finding, Rule, Severity, View};

const SILENT: Rule = Rule::new("log_stream.silent", Severity::Critical).of(&[Area::Logs]);

pub(super) const CHECK: Check = Check { rules: &[&SILENT], run };

/// How long an entry may be on its way, in microseconds: ours to choose, well above the seconds that streams take, and so
/// that silence is told within two minutes.
const GRACE: i64 = 60 * 1_000_000;

fn run(view: &View<'_>) -> Vec<Finding> {
    let posture = view.posture;
    let Some(delivery) = posture.delivery.filter(|_| posture.has(Area::Logs)) else { return Vec::new() };
    if view.expected.log_endpoint.is_none() {
        return Vec::new();
    }
    let until = delivery.newest.map_or(delivery.since, |newest| newest.max(delivery.since));
    let undelivered = posture.logs.iter().map(|log| log.at).filter(|at| *at > until);
    // Why where there are older ones: what else was not delivered began right after what was.
    let is_all_undelivered = posture.has_older_logs && posture.logs.iter().all(|log| log.at > until);
    let first = undelivered.min().map(|first| if is_all_undelivered { until } else { first });
    if first.is_none_or(|first| view.now.since(first) <= GRACE) {
        return Vec::new();
    }
    let text = "the tenant's log has entries that our log stream did not deliver";
    let fix = "look at the stream's health in the Auth0 dashboard under Monitoring, Streams: is the service reached from \
               outside, and is the stream's token the one in the data directory?";
    vec![SILENT.found("log_stream", text, fix)]
}

#[cfg(test)]
mod tests {
    use super::super::{
        Delivery,
        testing::{NOW, at, codes, expected, log, posture},
    };

    #[test]
    fn an_entry_that_does_not_come_in_a_minute_is_silence() {
        let mut silent = posture();
        silent.delivery = Some(Delivery { since: at(-3_600), newest: Some(at(-300)) });
        silent.logs = vec![log("s", -30), log("s", -61), log("s", -300)];
        assert_eq!(codes(&silent, &expected()), ["log_stream.silent"]);
        silent.logs = vec![log("s", -30), log("s", -300)];
        assert_eq!(codes(&silent, &expected()), [""; 0]);
        silent.delivery = Some(Delivery { since: at(-3_600), newest: Some(NOW) });
        silent.logs = vec![log("s", -61)];
        assert_eq!(codes(&silent, &expected()), [""; 0]);
    }

    #[test]
    fn what_happened_before_we_counted_is_not_missed() {
        let mut fresh = posture();
        fresh.delivery = Some(Delivery { since: at(-90), newest: None });
        fresh.logs = vec![log("s", -100)];
        assert_eq!(codes(&fresh, &expected()), [""; 0]);
        fresh.logs = vec![log("s", -80)];
        assert_eq!(codes(&fresh, &expected()), ["log_stream.silent"]);
    }

    #[test]
    fn a_busy_tenant_whose_newest_page_is_all_new_is_silent_too() {
        let mut busy = posture();
        busy.delivery = Some(Delivery { since: at(-3_600), newest: Some(at(-600)) });
        busy.logs = vec![log("s", -1), log("s", -2)];
        assert_eq!(codes(&busy, &expected()), [""; 0]);
        busy.has_older_logs = true;
        assert_eq!(codes(&busy, &expected()), ["log_stream.silent"]);
    }
}
