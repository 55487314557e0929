//! Hostile texts, sizes and ids stay within bounds, wherever they come from.

use countersign_core::TenantId;
use countersign_plan::{
    change::{
        Change, Evidence, FaultCode, MAX_EVIDENCE, MAX_FAULTS, MAX_REASON, MAX_STEPS, Members, Order, Origin,
        Wanted, plan_changes, sentences,
    },
    testing::{Carrier, End},
};
use proptest::prelude::*;
use serde_json::json;

use super::support::{change, faults, frame, id, of_user, order, person, planned, reads, world};

const HOSTILE: [&str; 6] = ["\u{202e}evil", "a\u{1b}[2J", "a\u{0}b", "\u{2066}x", "\u{200b}", "a\rb"];

#[test]
fn texts_that_hide_or_steer_are_refused_wherever_they_stand() {
    for text in HOSTILE {
        let titled = Order { title: text.to_owned(), ..order([of_user("block_user", "auth0|1")]) };
        let told = planned(&world(), &titled).unwrap_err();
        assert_eq!((told[0].code, told[0].place.as_str()), (FaultCode::Characters, "title"), "{text:?}");
        let mut reasoned = order([of_user("block_user", "auth0|1")]);
        reasoned.wanted[0].reason = text.to_owned();
        assert_eq!(planned(&world(), &reasoned).unwrap_err()[0].wanted, Some(0));
        for wanted in [
            json!({"change": "notify", "receiver": "soc", "text": text}),
            json!({"change": "create_organization", "name": "new", "display_name": text}),
            json!({"change": "set_app_metadata", "user": "auth0|1", "keys": {text: 1}}),
            json!({"change": "set_prompt_text", "prompt": "login", "language": "en", "texts": {"login": {"title": text}}}),
            json!({"change": "invite", "organization": {"id": "org_a"}, "email": format!("a{text}@example.com"), "inviter": "A", "client": "app"}),
            json!({"change": "invite", "organization": {"id": "org_a"}, "email": "a@example.com", "inviter": text, "client": "app"}),
        ] {
            assert!(!faults(&world(), [change(wanted.clone())]).is_empty(), "{wanted}");
        }
    }
    let named = Origin::Workflow { workflow: HOSTILE[0].to_owned(), person: Some(person("p")) };
    let order = Order { origin: named, ..order([of_user("block_user", "auth0|1")]) };
    assert_eq!(planned(&world(), &order).unwrap_err()[0].place, "origin.workflow");
}

#[test]
fn sizes_are_bounded() {
    let mut long = order([of_user("block_user", "auth0|1")]);
    long.wanted[0].reason = "x".repeat(MAX_REASON + 1);
    long.wanted[0].evidence = vec![Evidence::Alert { id: "x".to_owned() }; MAX_EVIDENCE + 1];
    let told = planned(&world(), &long).unwrap_err();
    assert_eq!(told.iter().map(|fault| fault.place.as_str()).collect::<Vec<_>>(), ["reason", "evidence"]);
    assert_eq!(faults(&world(), [])[0], (FaultCode::Empty, "wanted".to_owned()));
    let many = order((0..5_001).map(|number| of_user("block_user", &format!("auth0|{number}"))));
    assert_eq!(planned(&world(), &many).unwrap_err()[0].code, FaultCode::TooMany);
    let wrong = order((0..1_000).map(|number| of_user("block_user", &format!("auth0|none{number}"))));
    assert_eq!(planned(&world(), &wrong).unwrap_err().len(), MAX_FAULTS);
    let notes = |count: usize| {
        order((0..count).map(|_| change(json!({"change": "notify", "receiver": "soc", "text": "x"}))))
    };
    let plan = planned(&world(), &notes(MAX_STEPS)).unwrap();
    assert_eq!(plan.steps.len(), MAX_STEPS);
    assert_eq!(Carrier::at(world()).carry(&plan), End::Finished);
}

#[test]
fn steps_are_bounded_where_one_change_makes_many() {
    let mut big = world();
    let users: Vec<String> = (0..5_000).map(|number| format!("u|{number}")).collect();
    let members =
        Members { organization: id("org_a"), users: users.iter().map(|id| id.parse().unwrap()).collect() };
    let order = order([Change::AddMembers(members)]);
    let mut known = countersign_plan::change::Reads::new(super::support::tenant(), "d".to_owned());
    for request in order.reads() {
        known.insert(&request, countersign_plan::change::Found::Document(json!([])));
    }
    let plan = plan_changes(&order, &known, &frame()).unwrap();
    assert_eq!((plan.steps.len(), plan.radius().users), (500, 5_000));
    assert!(sentences(&plan).iter().all(|sentence| sentence.text.len() < 2_000));
    big.add_user("x", None);
}

#[test]
fn another_tenants_reads_make_no_plan() {
    let order = order([of_user("block_user", "auth0|1")]);
    let mut other = reads(&world(), &order);
    other.tenant = "other".parse::<TenantId>().unwrap();
    let told = plan_changes(&order, &other, &frame()).unwrap_err();
    assert_eq!(told[0].code, FaultCode::OtherTenant);
}

#[test]
fn ids_never_lead_out_of_their_place() {
    for hostile in ["../../clients/app", "a/b", "a?x=1#y", "a%2F..", "auth0|\u{202e}x"] {
        let mut world = world();
        world.add_user(hostile, Some("people"));
        let plan = super::support::plan(&world, [of_user("block_user", hostile)]);
        let carrier = super::support::carried(world, &plan);
        assert_eq!(carrier.world.find("users", hostile).unwrap()["blocked"], true);
        let said = &sentences(&plan)[0].text;
        assert!(!said.contains('\u{202e}'), "{said}");
    }
    for wrong in ["", "..", ".", "a\nb"] {
        let parsed = serde_json::from_value::<Change>(json!({"change": "block_user", "user": wrong}));
        assert!(parsed.is_err(), "{wrong:?}");
    }
    let unknown = json!({"change": "block_user", "user": "a", "also": 1});
    assert!(serde_json::from_value::<Change>(unknown).is_err());
    assert!(serde_json::from_value::<Change>(json!({"change": "delete_tenant"})).is_err());
}

proptest! {
    #[test]
    fn any_text_gives_a_plan_or_faults_and_sentences_that_hide_nothing(text in "\\PC{0,40}|[\u{0}-\u{20}\u{200b}-\u{202e}a]{0,20}") {
        let wanted = [
            change(json!({"change": "notify", "receiver": "soc", "text": text})),
            change(json!({"change": "call_webhook", "receiver": "crm", "body": {"said": text}})),
            change(json!({"change": "set_user_metadata", "user": "auth0|1", "keys": {"k": text}})),
        ];
        for change in wanted {
            let wanted = Wanted { change, reason: text.clone(), evidence: vec![] };
            let order = Order { wanted: vec![wanted], ..order([]) };
            if let Ok(plan) = planned(&world(), &order) {
                for sentence in sentences(&plan) {
                    let hides = |char: char| {
                        char.is_control() || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
                    };
                    prop_assert!(!sentence.text.chars().any(hides), "{:?}", sentence.text);
                    prop_assert!(sentence.text.chars().count() < 1_000);
                }
            }
        }
    }
}
