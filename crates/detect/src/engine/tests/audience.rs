//! Who is told, when findings get worse, and what an attacker can use up.

use super::*;
use crate::{Audience, EntityKind, Finding};

const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

fn about() -> &'static crate::About {
    detectors::NATIVE.iter().map(|native| native.about).find(|about| about.id == "mfa_fatigue").unwrap()
}

fn user(name: &str) -> Entity {
    Entity::new(EntityKind::User, name)
}

fn finding(severity: Severity, name: &str, minute: i64) -> Finding {
    Finding::new(severity, user(name), START.plus(minute * MINUTE)).shown_by([1])
}

struct Trial {
    tagger: Tagger,
    settings: EngineSettings,
    episodes: Episodes,
}

impl Trial {
    fn new(settings: EngineSettings) -> Self {
        Self { tagger: Tagger::new(&[7; 32]), settings, episodes: Episodes::default() }
    }

    fn take(&mut self, severity: Severity, name: &str, minute: i64) -> Alert {
        self.take_finding(finding(severity, name, minute))
    }

    fn take_finding(&mut self, finding: Finding) -> Alert {
        self.episodes.take(&self.tagger, &self.settings, about(), finding)
    }
}

fn push(n: u64, kind: &str) -> String {
    let (minute, second) = (n / 60, n % 60);
    format!(
        r#"{{"log_id":"{n}","type":"{kind}","date":"2026-08-20T08:{minute:02}:{second:02}.000Z","user_id":"auth0|1","ip":"192.0.2.1"}}"#
    )
}

#[test]
fn an_alert_that_gets_worse_is_told_again() {
    let mut engine = engine();
    let refused = take(&mut engine, 1, &push(1, "gd_auth_rejected"));
    assert!(refused.is_empty());
    let [medium] = &take(&mut engine, 2, &push(30, "gd_auth_rejected"))[..] else { panic!() };
    assert_eq!((medium.severity, medium.audience), (Severity::Medium, Audience::Raised));
    let [high] = &take(&mut engine, 3, &push(60, "gd_auth_succeed"))[..] else { panic!() };
    assert_eq!((high.id, high.severity, high.audience), (medium.id, Severity::High, Audience::Raised));
}

#[test]
fn what_rested_on_a_mark_once_does_whatever_joins_it() {
    let rests = |alert: &Alert| alert.measures.iter().filter(|measure| measure.tells_of_mark()).count();
    let marked = |severity, minute| finding(severity, "a", minute).resting_on_marks(true, false);
    let plain = |severity, minute| finding(severity, "a", minute).resting_on_marks(false, false);
    let mut trial = Trial::new(EngineSettings::default());
    assert_eq!(rests(&trial.take_finding(marked(Severity::Medium, 1))), 1);
    let graver = trial.take_finding(plain(Severity::High, 2));
    assert_eq!((rests(&graver), graver.measures.len(), graver.severity), (1, 2, Severity::High));
    let mut trial = Trial::new(EngineSettings::default());
    assert_eq!(rests(&trial.take_finding(finding(Severity::High, "a", 1).measured("minutes", 1.0, 2.0))), 0);
    let later = trial.take_finding(marked(Severity::Medium, 2));
    assert_eq!((rests(&later), later.measures[0].name.as_str()), (1, "minutes"));
}

#[test]
fn a_budget_that_is_used_up_hides_nothing_grave() {
    let mut trial = Trial::new(EngineSettings { daily_alerts: 2, ..EngineSettings::default() });
    let cheap: Vec<_> = (0..5).map(|n| trial.take(Severity::Medium, &format!("{n}"), 0).audience).collect();
    assert_eq!(cheap[..3], [Audience::Raised, Audience::Raised, Audience::OverBudget]);
    assert_eq!(trial.take(Severity::High, "victim", 1).audience, Audience::Raised);
    for n in 0..5 {
        assert_eq!(trial.take(Severity::High, &format!("own{n}"), 2).audience, Audience::Raised);
    }
    assert_eq!(trial.take(Severity::Critical, "victim2", 3).audience, Audience::Raised);
}

#[test]
fn signals_use_up_no_budget_of_what_is_worth_a_look() {
    let mut trial = Trial::new(EngineSettings { daily_alerts: 1, ..EngineSettings::default() });
    for n in 0..5 {
        let signal = trial.take(Severity::Informational, &format!("{n}"), 0);
        assert_eq!(signal.audience, Audience::Raised, "it opens no incident, and joins those that are open");
    }
    assert_eq!(trial.take(Severity::Medium, "victim", 1).audience, Audience::Raised);
}

#[test]
fn what_was_over_budget_is_told_when_it_gets_worse() {
    let mut trial = Trial::new(EngineSettings { daily_alerts: 0, ..EngineSettings::default() });
    let quiet = trial.take(Severity::Medium, "ann", 0);
    assert_eq!(quiet.audience, Audience::OverBudget);
    let more = trial.take(Severity::Medium, "ann", 1);
    assert_eq!((more.id, more.findings, more.audience), (quiet.id, 2, Audience::OverBudget));
    let worse = trial.take(Severity::High, "ann", 2);
    assert_eq!((worse.severity, worse.audience), (Severity::High, Audience::Raised));
    assert_ne!(worse.id, quiet.id, "what nobody was told of is another alert");
    let after = trial.take(Severity::Medium, "ann", 3);
    assert_eq!((after.id, after.severity, after.findings), (worse.id, Severity::High, 2));
}

#[test]
fn the_end_of_a_suppression_is_the_end_of_its_silence() {
    let mut trial = Trial::new(EngineSettings::default());
    trial.settings.suppressions = vec![Suppression {
        detector: Some(about().id.to_string()),
        entity: Some(user("ann")),
        from: START,
        until: START.plus(10 * MINUTE),
        reason: "a test".to_owned(),
    }];
    let quiet = trial.take(Severity::Medium, "ann", 9);
    assert_eq!((quiet.audience, trial.take(Severity::High, "ann", 9).id), (Audience::Suppressed, quiet.id));
    let told = trial.take(Severity::Medium, "ann", 10);
    assert_eq!((told.audience, told.findings), (Audience::Raised, 1));
    trial.settings.suppressions.clear();
    assert_eq!(trial.take(Severity::Medium, "ann", 11).id, told.id);
}

#[test]
fn what_was_learned_of_is_told_once_it_is_known() {
    let mut trial = Trial::new(EngineSettings::default());
    let learning = Finding { is_learning: true, ..finding(Severity::High, "ann", 0) };
    assert_eq!(trial.take_finding(learning.clone()).audience, Audience::Learning);
    let told = trial.take(Severity::Medium, "ann", 1);
    assert_eq!(told.audience, Audience::Raised);
    assert_eq!(trial.take_finding(Finding { at: START.plus(2 * MINUTE), ..learning }).id, told.id);
}

#[test]
fn what_is_open_is_bounded_and_the_grave_stays() {
    let mut trial = Trial::new(EngineSettings { daily_alerts: 0, ..EngineSettings::default() });
    trial.episodes = Episodes::new(100);
    let grave = trial.take(Severity::High, "victim", 0);
    for n in 0..1_000 {
        trial.take([Severity::Medium, Severity::Low][n % 2], &format!("{n}"), 1);
    }
    assert!(trial.episodes.len() <= 100);
    assert_eq!(u64::try_from(trial.episodes.len()).unwrap() + trial.episodes.evicted(), 1_001);
    let grown = trial.take(Severity::High, "victim", 2);
    assert_eq!((grown.id, grown.findings), (grave.id, 2));
}

#[test]
fn what_nothing_can_join_any_more_is_forgotten() {
    let mut trial = Trial::new(EngineSettings::default());
    let first = trial.take(Severity::High, "ann", 0);
    let cooldown = about().cooldown / MINUTE;
    trial.episodes.forget(START.plus((cooldown + 1) * MINUTE));
    assert_eq!(trial.take(Severity::High, "ann", cooldown).id, first.id, "it came late and joins");
    trial.episodes.forget(START.plus((2 * cooldown + 61) * MINUTE));
    assert_eq!(trial.episodes.len(), 0);
}
