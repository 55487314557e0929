use countersign_core::{Mode, Score, Trigger, Verdict};
use proptest::prelude::*;

use super::*;
use crate::{
    bounds::{Bound, Ceiling, Floor, Subject},
    document::{Claims, FederatedChallenge, NoFactor, TriggerLayer, UserRiskChallenge},
    settings::{Settings, Verdicts},
    testing::{documents, enforcing, people},
};

/// What `edit` changes of the enforcing document: path, old, new and whether it loosens.
fn changes(edit: impl FnOnce(&mut Document)) -> Vec<(String, String, String, bool)> {
    between(&enforcing(), edit)
}

fn between(old: &Document, edit: impl FnOnce(&mut Document)) -> Vec<(String, String, String, bool)> {
    let mut new = old.clone();
    edit(&mut new);
    diff(old, &new).into_iter().map(|change| (change.path, change.old, change.new, change.loosens)).collect()
}

fn change(path: &str, old: &str, new: &str, loosens: bool) -> (String, String, String, bool) {
    (path.to_owned(), old.to_owned(), new.to_owned(), loosens)
}

#[test]
fn a_lower_mode_loosens_and_a_higher_one_does_not() {
    assert_eq!(
        changes(|document| document.tenant.mode = None),
        [change("tenant.mode", "enforce", "inherited: audit", true)]
    );
    let org = || Layer { mode: Some(Mode::Enforce), ..Layer::default() };
    let with = |document: &mut Document| {
        document.organizations.insert("org_a".parse().unwrap(), org());
    };
    assert_eq!(changes(with), [change("organizations.org_a.mode", "inherited: enforce", "enforce", false)]);
    assert_eq!(
        between(&Document::default(), with),
        [change("organizations.org_a.mode", "inherited: audit", "enforce", false)]
    );
}

#[test]
fn a_mode_of_one_trigger_is_told_by_its_name() {
    assert_eq!(
        changes(|document| {
            document.tenant.modes.insert(Trigger::CredentialsExchange, Mode::Off);
        }),
        [change("tenant.modes.credentials-exchange", "inherited: enforce", "off", true)]
    );
}

#[test]
fn a_mode_for_all_is_not_judged_by_a_trigger_that_had_its_own() {
    let mut old = Document::default();
    old.tenant.modes.insert(Trigger::PostLogin, Mode::Enforce);
    let found = between(&old, |new| {
        new.tenant.mode = Some(Mode::Advisory);
        new.tenant.modes.clear();
    });
    assert_eq!(
        found,
        [
            change("tenant.mode", "inherited: audit", "advisory", false),
            change("tenant.modes.post-login", "enforce", "inherited: advisory", true),
        ]
    );
}

#[test]
fn what_a_client_leaves_open_is_judged_in_each_organization() {
    let mut old = enforcing();
    let layer = |mode| Layer { mode: Some(mode), ..Layer::default() };
    old.organizations.insert("org_a".parse().unwrap(), layer(Mode::Off));
    old.clients.insert("portal".parse().unwrap(), layer(Mode::Enforce));
    assert_eq!(
        between(&old, |document| document.clients.clear()),
        [change("clients.portal.mode", "enforce", "inherited: enforce or off", true)]
    );
}

#[test]
fn milder_levels_loosen() {
    let raised = changes(|document| {
        let mut thresholds = Settings::default().thresholds;
        thresholds.high = Score::from_percent(61);
        document.tenant.thresholds = Some(thresholds);
    });
    let old = "inherited: medium from 0.3, high from 0.6, critical from 0.9";
    let new = "medium from 0.3, high from 0.61, critical from 0.9";
    assert_eq!(raised, [change("tenant.thresholds", old, new, true)]);
    let lowered = changes(|document| {
        let verdicts = Some(Verdicts { critical: Verdict::Challenge, ..Verdicts::default() });
        document
            .tenant
            .triggers
            .insert(Trigger::PreUserRegistration, TriggerLayer { verdicts, ..TriggerLayer::default() });
    });
    let old = "inherited: low: allow, medium: annotate, high: challenge, critical: deny";
    let new = "low: allow, medium: annotate, high: challenge, critical: challenge";
    assert_eq!(lowered, [change("tenant.triggers.pre-user-registration.verdicts", old, new, true)]);
}

#[test]
fn every_other_key_of_a_layer_is_compared() {
    let found = changes(|document| {
        document.tenant = Layer {
            mode: document.tenant.mode,
            rollout_percent: Some(99),
            federated: Some(FederatedChallenge::Deny),
            no_factor: Some(NoFactor::Redirect),
            redirect_url: Some("https://verify.example.com/".parse().unwrap()),
            reduce_scopes: Some(true),
            offer_enrollment: Some(true),
            mfa_max_age_minutes: Some(60),
            claims: Some(Claims { risk_reason: true, ..Claims::default() }),
            ..Layer::default()
        };
    });
    assert_eq!(
        found,
        [
            change("tenant.rollout_percent", "inherited: 100", "99", true),
            change("tenant.federated", "inherited: annotate", "deny", false),
            change("tenant.no_factor", "inherited: deny", "redirect", true),
            change("tenant.redirect_url", "inherited: none", "https://verify.example.com/", false),
            change("tenant.reduce_scopes", "inherited: false", "true", true),
            change("tenant.offer_enrollment", "inherited: false", "true", true),
            change("tenant.mfa_max_age_minutes", "inherited: 720", "60", false),
            change("tenant.claims", "inherited: none", "risk_reason", true),
        ]
    );
}

#[test]
fn another_page_to_be_sent_to_loosens() {
    let mut old = enforcing();
    old.tenant.federated = Some(FederatedChallenge::Redirect);
    old.tenant.redirect_url = Some("https://a.example/".parse().unwrap());
    let edit =
        |document: &mut Document| document.tenant.redirect_url = Some("https://b.example/".parse().unwrap());
    assert_eq!(
        between(&old, edit),
        [change("tenant.redirect_url", "https://a.example/", "https://b.example/", true)]
    );
}

#[test]
fn floors_and_ceilings_are_told_by_whom_they_hold_for() {
    let mut old = enforcing();
    let admins = Subject {
        roles: Some(vec!["owner".to_owned(), "admin".to_owned()]),
        is_first_login: Some(true),
        ..Subject::default()
    };
    old.floors.push(Floor { when: admins, at_least: Verdict::Challenge });
    let path = r#"floors for roles "admin" "owner", first sign-ins"#;
    assert_eq!(between(&old, |new| new.floors.clear()), [change(path, "at least challenge", "none", true)]);
    assert_eq!(
        between(&old, |new| new.floors[0].at_least = Verdict::Annotate),
        [change(path, "at least challenge", "at least annotate", true)]
    );
    let ceiling = Ceiling { when: Subject::default(), at_most: Verdict::Challenge };
    assert_eq!(
        between(&old, |new| new.ceilings.push(ceiling)),
        [change("ceilings for everyone", "none", "at most challenge", true)]
    );
    assert_eq!(between(&old, |new| new.floors[0].when.roles.as_mut().unwrap().reverse()), []);
}

#[test]
fn what_holds_for_the_whole_document_is_compared() {
    let mut old = enforcing();
    old.fallback = Fallback::Challenge;
    old.factors = vec![Factor::WebauthnRoaming, Factor::Otp];
    old.reference.disposable_domains.insert("a.example".to_owned());
    let found = between(&old, |new| {
        new.fallback = Fallback::Allow;
        new.factors = vec![Factor::Otp, Factor::Email];
        new.claim_namespace = "https://login.example.com/".to_owned();
        new.reference.disposable_domains.clear();
        new.reference.organization_domains.insert("b.example".to_owned());
        new.reference.free_mail_is_unusual = false;
    });
    assert_eq!(
        found,
        [
            change("fallback", "challenge", "allow", true),
            change("factors", "webauthn-roaming, otp", "otp, email", true),
            change("claim_namespace", "https://countersign.example/", "https://login.example.com/", false),
            change("reference.disposable_domains", "a.example", "absent", true),
            change("reference.organization_domains", "absent", "b.example", false),
            change("reference.free_mail_is_unusual", "true", "false", true),
        ]
    );
    let stronger = between(&old, |new| new.factors.push(Factor::WebauthnPlatform));
    assert_eq!(stronger.iter().map(|change| change.3).collect::<Vec<_>>(), [false]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_document_changes_nothing_against_itself(document in documents()) {
        prop_assert_eq!(diff(&document, &document), []);
    }

    #[test]
    fn a_single_change_that_lowers_a_mode_or_a_verdict_for_anyone_is_said_to_loosen(
        old in documents(), other in documents(), person in people(), layer in 0_usize..3, key in 0_usize..7,
    ) {
        let new = with_one_key_of(&other, &old, layer, key);
        let settings = |document: &Document| {
            document.settings(person.trigger, person.organization.as_ref(), person.client.as_ref())
        };
        let verdicts = |document: &Document| -> Vec<Verdict> {
            let settings = settings(document);
            let bound = Bound::of(document, &person, false);
            (0..=100)
                .map(|percent| settings.thresholds.level(Score::from_percent(percent)))
                .map(|level| bound.clamp(settings.verdicts.of(level)))
                .collect()
        };
        let (before, after) = (verdicts(&old), verdicts(&new));
        // Where a higher level has a milder verdict, which is a fault, an earlier threshold would loosen.
        let is_sound = before.is_sorted() && after.is_sorted();
        let is_milder = before.iter().zip(&after).any(|(before, after)| after < before);
        if is_sound && is_milder || settings(&new).mode < settings(&old).mode {
            prop_assert!(diff(&old, &new).iter().any(|change| change.loosens));
        }
    }
}

/// The document `old` with one key of one layer, or its floors or ceilings, as `other` has them.
fn with_one_key_of(other: &Document, old: &Document, layer: usize, key: usize) -> Document {
    let mut new = old.clone();
    let (source, target) = match layer {
        0 => (Some(&other.tenant), &mut new.tenant),
        1 => (
            other.organizations.values().next(),
            new.organizations.entry("org_a".parse().unwrap()).or_default(),
        ),
        _ => (other.clients.values().next(), new.clients.entry("portal".parse().unwrap()).or_default()),
    };
    let source = source.cloned().unwrap_or_default();
    match key {
        0 => target.mode = source.mode,
        1 => target.modes = source.modes,
        2 => target.thresholds = source.thresholds,
        3 => target.verdicts = source.verdicts,
        4 => target.triggers = source.triggers,
        5 => new.floors.clone_from(&other.floors),
        _ => new.ceilings.clone_from(&other.ceilings),
    }
    new
}

#[test]
fn what_watches_less_loosens_and_what_a_threshold_does_is_for_a_person_to_judge() {
    use crate::Setting;
    let spray = |name: &str, setting| {
        let (id, name) = ("password_spray".to_owned(), name.to_owned());
        move |document: &mut Document| {
            document.watch.detectors.entry(id).or_default().insert(name, setting);
        }
    };
    let users = "watch.detectors.password_spray.distinct_users";
    assert_eq!(
        changes(spray("distinct_users", Setting::Number(30.0))),
        [change(users, "absent", "30.0", true)]
    );
    let is_off = "watch.detectors.password_spray.is_off";
    assert_eq!(changes(spray("is_off", Setting::Flag(true))), [change(is_off, "absent", "true", true)]);
    assert_eq!(changes(spray("is_off", Setting::Flag(false))), [change(is_off, "absent", "false", false)]);
    for (days, loosens) in [(30, true), (7, false)] {
        let found = changes(|document| document.watch.learning_days = days);
        assert_eq!(found, [change("watch.learning_days", "14", &days.to_string(), loosens)]);
    }
    for (alerts, loosens) in [(50, true), (500, false)] {
        let found = changes(|document| document.watch.daily_alerts = alerts);
        assert_eq!(found, [change("watch.daily_alerts", "200", &alerts.to_string(), loosens)]);
    }
    let mut guarded = enforcing();
    guarded.watch.context.guarded_actions.insert("act_1".to_owned());
    let trusts = |document: &mut Document| {
        document.watch.context.guarded_actions.clear();
        document.watch.context.trusted_networks.insert("203.0.113.0/24".to_owned());
        document.watch.due_hours.high = 2;
    };
    assert_eq!(
        between(&guarded, trusts),
        [
            change("watch.context.guarded_actions", "act_1", "absent", true),
            change("watch.context.trusted_networks", "absent", "203.0.113.0/24", true),
            change("watch.due_hours.high", "4", "2", false),
        ]
    );
}

#[test]
fn user_risk_that_asks_later_or_never_loosens() {
    let path = "tenant.user_risk_challenge";
    let ask = |at| move |document: &mut Document| document.tenant.user_risk_challenge = Some(at);
    assert_eq!(changes(ask(UserRiskChallenge::High)), [change(path, "inherited: never", "high", false)]);
    let mut old = enforcing();
    ask(UserRiskChallenge::Medium)(&mut old);
    assert_eq!(between(&old, ask(UserRiskChallenge::High)), [change(path, "medium", "high", true)]);
    assert_eq!(between(&old, ask(UserRiskChallenge::Never)), [change(path, "medium", "never", true)]);
}
