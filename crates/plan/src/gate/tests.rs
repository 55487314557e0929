//! The gate, as tables.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{TenantId, Timestamp};
use serde_json::json;

use super::*;
use crate::{
    Part, Template,
    change::{
        Back, Call, ChangePlan, ChangeStep, Forever, Kind, Organization, Origin, Person, Scope, Write,
        samples,
    },
    gate::Autonomy::{Auto, Propose, Report},
};

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn person(subject: &str) -> Person {
    Person { issuer: "i".to_owned(), subject: subject.to_owned() }
}

fn notify(scope: Scope) -> ChangeStep {
    let call = Call::Notify { receiver: "r".to_owned(), text: "t".to_owned() };
    ChangeStep {
        name: "n".to_owned(),
        kind: Kind::Notify,
        wanted: 0,
        scope,
        write: Write::told(call),
        back: Back::Irreversible(Forever::Told),
    }
}

fn block(user: &str) -> ChangeStep {
    let user = user.parse().unwrap();
    ChangeStep { kind: Kind::BlockUser, write: crate::change::block(&user), ..notify(Scope::user(&user)) }
}

fn plan(steps: Vec<ChangeStep>) -> ChangePlan {
    let origin = Origin::Person { person: person("p") };
    ChangePlan { tenant: tenant(), origin, begin_by: Timestamp::from_seconds(99), ..samples::plan(steps) }
}

fn saying(kind: Kind, autonomy: Autonomy) -> Layer {
    Layer { autonomy: [(kind, autonomy)].into(), ..Layer::default() }
}

fn judged(plan: &ChangePlan, settings: &Settings) -> Verdict {
    judge(plan, &tenant(), settings, Spent::default(), &Breaker::default())
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().map(Reason::code).collect()
}

#[test]
fn telling_goes_by_itself_and_nothing_else_does_until_somebody_says_so() {
    for kind in Kind::ALL {
        let expected = if *kind == Kind::Notify { Auto } else { Propose };
        assert_eq!(Settings::default().rules(None, None).autonomy(*kind), expected, "{kind}");
    }
    let tells = judged(&plan(vec![notify(Scope::default())]), &Settings::default());
    assert_eq!((tells.outcome, tells.reasons.len(), tells.approvals.len()), (Outcome::Auto, 0, 0));
    let blocks = judged(&plan(vec![notify(Scope::default()), block("u")]), &Settings::default());
    assert_eq!((blocks.outcome, codes(&blocks)), (Outcome::Propose, vec!["kind"]));
    assert_eq!(blocks.approvals, [Approvals::People(1)]);
}

#[test]
fn the_narrowest_place_says_and_ceilings_hold_whatever_it_says() {
    let block = Kind::BlockUser;
    let organization: countersign_core::OrganizationId = "org_1".parse().unwrap();
    let mut settings = Settings {
        installation: saying(block, Report),
        tenant: saying(block, Propose),
        organizations: [(organization.clone(), saying(block, Report))].into(),
        workflows: [("w".to_owned(), saying(block, Auto))].into(),
    };
    let rules =
        |settings: &Settings, organization, workflow| settings.rules(organization, workflow).autonomy(block);
    assert_eq!(rules(&settings, None, None), Propose);
    assert_eq!(rules(&settings, Some(&organization), None), Report);
    assert_eq!(rules(&settings, Some(&organization), Some("w")), Auto);
    assert_eq!(rules(&settings, None, Some("other")), Propose);
    settings.tenant.at_most = BTreeMap::from([(block, Propose)]);
    assert_eq!(rules(&settings, None, Some("w")), Propose);
    settings.installation.all_at_most = Some(Report);
    assert_eq!(rules(&settings, None, Some("w")), Report);
}

#[test]
fn a_plan_goes_as_far_as_its_least_step_in_its_strictest_organization() {
    let strict: Organization = Organization::Id("org_1".parse().unwrap());
    let free: Organization = Organization::Id("org_2".parse().unwrap());
    let settings = Settings {
        organizations: [("org_1".parse().unwrap(), saying(Kind::Notify, Report))].into(),
        ..Settings::default()
    };
    let at = |organization: &Organization| notify(Scope::organization(organization));
    assert_eq!(judged(&plan(vec![at(&free)]), &settings).outcome, Outcome::Auto);
    let verdict = judged(&plan(vec![at(&free), at(&strict)]), &settings);
    assert_eq!((verdict.outcome, codes(&verdict)), (Outcome::Report, vec!["kind"]));
    assert_eq!(verdict.approvals, []);
}

fn sends(operation: &str, kind: Kind, body: serde_json::Value) -> ChangeStep {
    let template = Template::new(operation, vec![Part::text("org_1")]).body(Part::Value(body));
    let write = Write { call: Call::Management(template), ..notify(Scope::default()).write };
    ChangeStep { kind, write, ..notify(Scope::organization(&Organization::Id("org_1".parse().unwrap()))) }
}

#[test]
fn what_does_more_than_its_name_says_goes_as_far_as_the_strictest_of_it() {
    let invite = |fields: serde_json::Value| {
        let mut body =
            json!({"inviter": {"name": "A"}, "invitee": {"email": "a@example.com"}, "client_id": "app"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        plan(vec![sends("invitations.create", Kind::Invite, body)])
    };
    let connect = |assigns: bool| {
        let body = json!({"connection_id": "con_1", "assign_membership_on_login": assigns});
        plan(vec![sends("enabled_connections.add", Kind::EnableConnection, body)])
    };
    let settings = |held: Kind, autonomy| {
        let tenant = Layer {
            autonomy: [(Kind::Invite, Auto), (Kind::EnableConnection, Auto), (held, autonomy)].into(),
            ..Layer::default()
        };
        Settings { tenant, ..Settings::default() }
    };
    let of = |plan: &ChangePlan, held, autonomy| {
        let verdict = judged(plan, &settings(held, autonomy));
        (verdict.outcome, verdict.reasons)
    };
    let held = |kind, autonomy| vec![Reason::Kind { kind, autonomy }];
    for (bare, more, beside) in [
        (invite(json!({})), invite(json!({"roles": ["rol_admin"]})), Kind::AssignMemberRoles),
        (connect(false), connect(true), Kind::AddMembers),
    ] {
        for autonomy in [Propose, Report, Auto] {
            assert_eq!(of(&bare, beside, autonomy), (Outcome::Auto, vec![]));
        }
        assert_eq!(of(&more, beside, Propose), (Outcome::Propose, held(beside, Propose)));
        assert_eq!(of(&more, beside, Report), (Outcome::Report, held(beside, Report)));
        assert_eq!(of(&more, beside, Auto), (Outcome::Auto, vec![]));
    }
    // What is of no kind that is known is not taken.
    let made = |key: &str| {
        let body = json!({"name": "new", "display_name": "New", key: [{"connection_id": "con_1"}]});
        plan(vec![sends("organizations.create", Kind::CreateOrganization, body)])
    };
    for plan in [invite(json!({"app_metadata": {"admin": true}})), made("enabled_connections")] {
        assert_eq!(codes(&judged(&plan, &Settings::default())), ["misnamed"]);
    }
}

#[test]
fn beyond_a_cap_or_with_the_breaker_open_nothing_goes_by_itself() {
    let settings = Settings {
        tenant: Layer {
            caps: Some(Caps {
                run: Spent { users: 2, organizations: 1, steps: 3 },
                day: Spent { users: 3, organizations: 9, steps: 9 },
            }),
            ..saying(Kind::BlockUser, Auto)
        },
        ..Settings::default()
    };
    let users = |count: usize| plan((0..count).map(|number| block(&format!("u{number}"))).collect());
    let verdict =
        |count, spent, breaker: &Breaker| judge(&users(count), &tenant(), &settings, spent, breaker);
    let (none, whole) = (Spent::default(), Breaker::default());
    assert_eq!(verdict(2, none, &whole).outcome, Outcome::Auto);
    let over = verdict(4, none, &whole);
    assert_eq!((over.outcome, codes(&over)), (Outcome::Propose, vec!["run_cap", "run_cap", "day_cap"]));
    let spent = Spent { users: 2, ..none };
    assert_eq!(codes(&verdict(2, spent, &whole)), ["day_cap"]);
    assert_eq!(verdict(1, spent, &whole).outcome, Outcome::Auto);
    let open = Breaker::default().harmed(Timestamp::from_seconds(1));
    let broken = verdict(1, none, &open);
    assert_eq!((broken.outcome, codes(&broken)), (Outcome::Propose, vec!["breaker"]));
    assert!(!broken.approvals.is_empty());
}

#[test]
fn the_breaker_trips_at_two_failures_within_a_day_and_a_person_closes_it() {
    let at = |hours: i64| Timestamp::from_seconds(hours * 3_600);
    let one = Breaker::default().failed(at(0));
    assert!(!one.is_open());
    assert!(one.clone().failed(at(24)).is_open());
    let late = one.clone().failed(at(25));
    assert!(!late.is_open() && late.clone().failed(at(26)).is_open());
    assert_eq!(one.clone().failed(at(3)).tripped(), Some(Tripped::Failures { at: at(3) }));
    // Told in the wrong order, it is the same.
    assert!(Breaker::default().failed(at(20)).failed(at(2)).is_open());
    assert!(one.clone().harmed(at(1)).is_open());
    let closed = one.harmed(at(1)).closed();
    assert!(!closed.is_open() && !closed.failed(at(2)).is_open());
}

#[test]
fn what_is_no_plan_of_ours_is_refused() {
    let other = judge(
        &plan(vec![block("u")]),
        &"other".parse().unwrap(),
        &Settings::default(),
        Spent::default(),
        &Breaker::default(),
    );
    assert_eq!((other.outcome, codes(&other)), (Outcome::Refused, vec!["other_tenant"]));
    assert_eq!(codes(&judged(&plan(vec![]), &Settings::default())), ["empty"]);
    let mut lying = block("u");
    lying.kind = Kind::Notify;
    let verdict = judged(&plan(vec![lying]), &Settings::default());
    assert_eq!((verdict.outcome, codes(&verdict)), (Outcome::Refused, vec!["misnamed"]));
    let many = plan(vec![notify(Scope::default()); crate::change::MAX_STEPS + 1]);
    assert_eq!(codes(&judged(&many, &Settings::default())), ["too_many_steps"]);
}

#[test]
fn undoing_ones_own_run_needs_no_second_person_where_nobody_says_so() {
    let undone = |is_own| ChangePlan {
        origin: Origin::Undo { plan: "h".to_owned(), person: Some(person("p")), is_own, workflow: None },
        ..plan(vec![block("u")])
    };
    let mut settings = Settings::default();
    settings.tenant.approvals = Some(Approvals::four_eyes());
    let own = judged(&undone(true), &settings);
    assert!(own.own_suffices);
    assert_eq!((own.outcome, own.approvals), (Outcome::Propose, vec![Approvals::People(1)]));
    let other = judged(&undone(false), &settings);
    assert!(!other.own_suffices);
    assert_eq!(other.approvals, [Approvals::People(2)]);
    settings.installation.undo_needs_another = Some(true);
    assert!(!judged(&undone(true), &settings).own_suffices);
}

fn of(roles: &[&str]) -> BTreeSet<String> {
    roles.iter().map(|role| (*role).to_owned()).collect()
}

#[test]
fn nobody_stands_for_two_roles_and_what_demands_nobody_is_never_met() {
    let two = Approvals::Roles { at_least: 2, of: of(&["approver", "administrator", "auditor"]) };
    for (people, is_met) in [
        (vec![], false),
        (vec![of(&["approver", "administrator", "auditor"])], false),
        (vec![of(&["approver"]), of(&["approver"])], false),
        (vec![of(&["approver"]), of(&["auditor"])], true),
        (vec![of(&["approver", "auditor"]), of(&["approver"])], true),
        (vec![of(&["viewer"]), of(&["analyst"])], false),
    ] {
        let people: Vec<&BTreeSet<String>> = people.iter().collect();
        assert_eq!(two.are_met(&people), is_met, "{people:?}");
    }
    let anybody = of(&[]);
    assert!(!Approvals::People(0).are_met(&[]) && !Approvals::People(0).is_sound());
    assert!(Approvals::four_eyes().are_met(&[&anybody, &anybody]));
    let never = Approvals::Roles { at_least: 3, of: of(&["a", "b"]) };
    assert!(!never.is_sound() && !never.are_met(&[&anybody, &anybody, &anybody]));
}

#[test]
fn kinds_may_demand_more_and_the_shortest_time_counts() {
    let mut settings = Settings::default();
    settings.tenant.approvals_of = [(Kind::BlockUser, Approvals::four_eyes())].into();
    settings.installation.waits_for = Some(7);
    let verdict = judged(&plan(vec![block("u")]), &settings);
    assert_eq!(verdict.approvals, [Approvals::People(1), Approvals::People(2)]);
    assert_eq!(verdict.waits_for, 7);
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
}

#[test]
fn nothing_is_written_only_where_every_kind_is_a_report_at_every_place() {
    let report = Layer { all_at_most: Some(Report), ..Layer::default() };
    let mut settings = Settings::default();
    assert!(!settings.is_report_only());
    settings.tenant.autonomy = Kind::ALL.iter().map(|kind| (*kind, Report)).collect();
    assert!(settings.is_report_only(), "kind by kind");
    let one = Layer { autonomy: [(Kind::BlockUser, Propose)].into(), ..Layer::default() };
    settings.workflows = [("leaver".to_owned(), one)].into();
    assert!(!settings.is_report_only(), "a workflow that goes further");
    settings.installation = report;
    assert!(settings.is_report_only(), "a ceiling over it");
}

#[test]
fn plans_are_about_the_same_by_whom_they_touch_and_by_what_their_requests_name() {
    let (one, other) = (plan(vec![block("auth0|1")]), plan(vec![block("auth0|2")]));
    assert!(is_about_the_same(&[&one], &one) && !is_about_the_same(&[&one], &other));
    assert!(is_about_the_same(&[&one, &other], &other));
    let organization = Organization::Id("org_1".parse().unwrap());
    let in_organization = plan(vec![notify(Scope::organization(&organization))]);
    assert!(is_about_the_same(&[&in_organization], &in_organization));
    assert!(!is_about_the_same(&[&in_organization], &one));
    // What has no scope is known by its path.
    let named = plan(vec![ChangeStep { scope: Scope::default(), ..block("auth0|1") }]);
    assert!(is_about_the_same(&[&named], &one));
    let everybody = plan(vec![notify(Scope { is_everybody: true, ..Scope::default() })]);
    assert!(is_about_the_same(&[&everybody], &everybody) && !is_about_the_same(&[&everybody], &one));
}
