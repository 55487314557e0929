use std::collections::{BTreeMap, BTreeSet};

use countersign_auth0::management::LogId;
use countersign_core::{TenantId, Timestamp};
use countersign_detect::{AlertId, Severity, detectors::NATIVE, sigma::Located};
use countersign_plan::change::{Change, Evidence, Order, Origin};
use proptest::prelude::*;

use super::*;

fn known() -> Known {
    let kinds = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    NATIVE.iter().map(|native| (native.about.id.to_string(), kinds(&native.about.kinds))).collect()
}

/// A playbook that wants all that there is, for an account's tokens.
fn playbook(more: &str) -> Playbook {
    let text = format!("title: A test\ndetectors: [refresh_family_spread]\n{more}\n");
    let all = load(&[("mine.yml", &text)], &known()).unwrap();
    all.into_iter().find(|playbook| playbook.name == "mine").unwrap()
}

fn entry(id: &str, kind: &str, user: Option<&str>, address: &str) -> Confirmed {
    Confirmed {
        id: id.parse().unwrap(),
        kind: kind.to_owned(),
        at: Timestamp::from_seconds(1_787_212_800),
        user: user.map(|user| user.parse().unwrap()),
        client: Some("app".parse().unwrap()),
        address: Some(address.parse().unwrap()),
    }
}

fn found() -> Vec<Found> {
    let alert: AlertId = "alr_00000000000000aa".parse().unwrap();
    vec![Found { alert, detector: "refresh_family_spread".to_owned(), severity: Severity::High }]
}

struct World {
    found: Vec<Found>,
    confirmed: Vec<Confirmed>,
    decisions: BTreeMap<LogId, countersign_core::DecisionId>,
    covered: Covered,
    spared: BTreeSet<String>,
}

impl World {
    fn of(confirmed: Vec<Confirmed>) -> Self {
        Self {
            found: found(),
            confirmed,
            decisions: BTreeMap::new(),
            covered: Covered::default(),
            spared: BTreeSet::new(),
        }
    }

    fn ask(&self, playbook: &Playbook) -> Result<Option<Answer>, Withheld> {
        let Self { found, confirmed, decisions, covered, spared } = self;
        answer(
            playbook,
            Case { incident: "inc_00000000000000aa", found, confirmed, decisions, covered, spared },
        )
    }

    /// Takes an answer for proposed.
    fn cover(&mut self, playbook: &Playbook, answer: Answer) {
        let origin =
            Origin::Incident { incident: "inc_00000000000000aa".to_owned(), playbook: playbook.name.clone() };
        let tenant: TenantId = "t".parse().unwrap();
        self.covered
            .add(&playbook.name, &Order { tenant, title: answer.title, origin, wanted: answer.wanted });
    }
}

fn changes(answer: &Answer) -> Vec<String> {
    let change =
        |change: &Change| serde_json::to_value(change).unwrap()["change"].as_str().unwrap().to_owned();
    answer.wanted.iter().map(|wanted| change(&wanted.change)).collect()
}

#[test]
fn what_is_built_in_loads_and_each_names_detectors_that_there_are() {
    let all = load(&[], &known()).unwrap();
    assert_eq!(all.len(), PACK.len());
    assert_eq!(check(PACK, &known()), []);
    for playbook in &all {
        assert!(playbook.wants() && !playbook.is_off, "{}", playbook.name);
    }
    let by = |name: &str| all.iter().find(|playbook| playbook.name == name).unwrap();
    for name in ["account_takeover", "token_theft"] {
        let users: Vec<&str> = by(name).users.iter().map(|change| change.as_str()).collect();
        assert_eq!(users, ["mark_contained", "block_user", "revoke_access"], "{name}");
    }
    assert!(by("password_attack").users.is_empty(), "victims are never blocked");
    assert!(!by("mfa_fatigue").users.contains(&UserChange::BlockUser));
}

#[test]
fn an_account_is_contained_on_what_only_a_holder_can_cause() {
    let mine = playbook("users: [block_user, mark_contained, revoke_access]");
    let world = World::of(vec![
        entry("1", "fp", Some("auth0|victim"), "203.0.113.9"),
        entry("2", "ferrt", Some("auth0|1"), "203.0.113.9"),
        entry("3", "fp", Some("auth0|1"), "203.0.113.9"),
    ]);
    let answer = world.ask(&mine).unwrap().unwrap();
    assert_eq!(changes(&answer), ["set_app_metadata", "block_user", "revoke_access"]);
    let text = serde_json::to_string(&answer.wanted).unwrap();
    assert!(text.contains("auth0|1") && !text.contains("auth0|victim"), "{text}");
    assert_eq!((answer.title.as_str(), answer.asks_people), ("Playbook mine: 1 account", false));
    let wanted = &answer.wanted[1];
    assert_eq!(
        wanted.reason,
        "Found by refresh_family_spread (high). 2 entries of the tenant's log that show it were read again there, and stand as they were journaled."
    );
    let logs = wanted.evidence.iter().filter(|evidence| matches!(evidence, Evidence::Log { .. }));
    assert_eq!(logs.count(), 2);
    assert_eq!(wanted.evidence[0], Evidence::Incident { id: "inc_00000000000000aa".to_owned() });
}

#[test]
fn what_anybody_can_cause_contains_nobody() {
    let mine = playbook("users: [block_user]");
    let failures = World::of(vec![
        entry("1", "fp", Some("auth0|1"), "203.0.113.9"),
        entry("2", "scpr", Some("auth0|1"), "203.0.113.9"),
    ]);
    assert_eq!(failures.ask(&mine), Err(Withheld::Unproved));
    assert_eq!(World::of(vec![]).ask(&mine), Err(Withheld::Unconfirmed));
    let nameless = World::of(vec![entry("1", "s", None, "203.0.113.9")]);
    assert_eq!(nameless.ask(&mine), Err(Withheld::Nobody));
    for withheld in Withheld::ALL {
        assert!(!withheld.right().is_empty());
    }
}

#[test]
fn a_playbook_that_would_contain_victims_is_refused_with_its_place() {
    let text = "title: Block whoever fails\ndetectors:\n  - brute_force_account\nusers: [block_user]\n";
    let faults = check(&[("mine.yml", text)], &known());
    let [Located { what, right, spot, .. }] = &faults[..] else { panic!("{faults:?}") };
    assert!(
        what.starts_with(
            "unproved: `brute_force_account` finds nothing that only a holder of the account can cause"
        ),
        "{what}"
    );
    assert!(right.contains("`addresses` and `notify`"), "{right}");
    assert_eq!((spot.line, spot.column), (4, 8));
    assert!(load(&[("mine.yml", text)], &known()).is_err());
    let networks = text.replace("users: [block_user]", "addresses: [block_networks]");
    assert_eq!(check(&[("mine.yml", &networks)], &known()), []);
}

#[test]
fn what_a_file_must_not_say_is_told_with_its_place() {
    let whole = "title: A test\ndetectors: [mfa_fatigue]\nusers: [revoke_access]\n";
    assert_eq!(check(&[("mine.yml", whole)], &known()), []);
    for (text, line, what) in [
        (whole.replace("title: A test\n", ""), 1, "`title` is absent"),
        (whole.replace("A test", "\"A \\u202e test\""), 1, "this is no title"),
        (whole.replace("mfa_fatigue", "mfa_fatique"), 2, "there is no detector or rule `mfa_fatique`"),
        (whole.replace("revoke_access", "delete_user"), 3, "`delete_user` is no change of users"),
        (
            whole.replace("users: [revoke_access]", "clients: [block_user]"),
            3,
            "`block_user` is no change of clients",
        ),
        (format!("{whole}least_severity: awful\n"), 4, "`awful` is no severity"),
        (format!("{whole}least_mode: off\n"), 4, "in mode `off` nothing is answered"),
        (format!("{whole}most_users: 26\n"), 4, "`most_users` is out of its range"),
        (format!("{whole}most_users: -1\n"), 4, "`most_users` is out of its range"),
        (format!("{whole}audience: \"A b\"\n"), 4, "`A b` is no name"),
        (format!("{whole}usres: [block_user]\n"), 4, "`usres` is not known"),
        (format!("{whole}title: Again\n"), 4, "`title` stands here twice"),
        (whole.replace("users: [revoke_access]\n", ""), 1, "it wants nothing"),
        (whole.replace("[mfa_fatigue]", "[]"), 1, "`detectors` names none"),
        ("[".to_owned(), 2, "not YAML"),
        (String::new(), 1, "this is not one playbook"),
        (format!("{whole}---\n{whole}"), 1, "this is not one playbook"),
        ("- a\n".to_owned(), 1, "this is a list"),
    ] {
        let faults = check(&[("mine.yml", &text)], &known());
        let told = faults.iter().any(|fault| fault.what.starts_with(what) && fault.spot.line == line);
        assert!(told, "{text}: {faults:?}");
        assert!(load(&[("mine.yml", &text)], &known()).is_err());
    }
    let odd = check(&[("A mine.yml", whole)], &known());
    assert!(odd[0].what.starts_with("`A mine` is no name"), "{odd:?}");
    let twice = check(&[("a/mine.yml", whole), ("b/mine.yml", whole)], &known());
    assert!(twice[0].what.starts_with("`a/mine.yml` is called so as well"), "{twice:?}");
}

#[test]
fn a_file_that_is_called_as_a_built_in_one_takes_its_place_and_may_switch_it_off() {
    let off = "title: None of ours\nis_off: true\ndetectors: [refresh_family_spread]\n";
    let all = load(&[("/etc/mine/token_theft.yml", off)], &known()).unwrap();
    assert_eq!(all.len(), PACK.len());
    assert!(all.iter().any(|playbook| playbook.name == "token_theft" && playbook.is_off));
}

#[test]
fn an_incident_that_grows_gets_a_plan_for_who_is_new_and_nothing_twice() {
    let mine = playbook("users: [block_user]");
    let mut world = World::of(vec![entry("1", "sertft", Some("auth0|1"), "203.0.113.9")]);
    let first = world.ask(&mine).unwrap().unwrap();
    world.cover(&mine, first);
    assert_eq!(world.ask(&mine), Ok(None));
    world.confirmed.push(entry("2", "sertft", Some("auth0|2"), "203.0.113.9"));
    let second = world.ask(&mine).unwrap().unwrap();
    let text = serde_json::to_string(&second.wanted).unwrap();
    assert!(text.contains("auth0|2") && !text.contains("auth0|1"), "{text}");
    let other = playbook("users: [block_user]\nmost_users: 1");
    assert_eq!(World::of(world.confirmed).ask(&other), Err(Withheld::TooMany));
}

#[test]
fn networks_are_blocked_by_people_alone_and_never_those_that_are_spared() {
    let mine = playbook("addresses: [block_networks]\nnotify: [soc]");
    let mut world = World::of(vec![
        entry("1", "fp", Some("auth0|1"), "203.0.113.9"),
        entry("2", "fp", Some("auth0|2"), "203.0.113.9"),
        entry("3", "fp", Some("auth0|3"), "2001:db8:1:2::9"),
        entry("4", "fp", Some("auth0|3"), "192.0.2.4"),
        entry("5", "fp", Some("auth0|3"), "10.0.0.4"),
        entry("6", "sapi", Some("auth0|3"), "198.51.100.1"),
    ]);
    world.spared.insert("192.0.2.0/24".to_owned());
    let answer = world.ask(&mine).unwrap().unwrap();
    assert!(answer.asks_people);
    assert_eq!(changes(&answer), ["add_network_block", "notify"]);
    let Change::AddNetworkBlock(block) = &answer.wanted[0].change else { panic!() };
    assert_eq!(block.networks, ["2001:db8:1:2::/64", "203.0.113.9/32"]);
    assert_eq!(block.description, "Countersign mine inc_00000000000000aa 1");
    world.cover(&mine, answer);
    assert_eq!(world.ask(&mine), Ok(None));
    world.confirmed.push(entry("7", "fp", Some("auth0|1"), "203.0.113.10"));
    let more = world.ask(&mine).unwrap().unwrap();
    let Change::AddNetworkBlock(block) = &more.wanted[0].change else { panic!() };
    assert_eq!((block.networks.len(), block.description.ends_with(" 2")), (1, true));
}

#[test]
fn an_application_is_answered_by_what_its_own_credentials_or_an_administrator_did() {
    let mine = playbook("clients: [rotate_client_secret]");
    let world =
        World::of(vec![entry("1", "seccft", None, "203.0.113.9"), entry("2", "s", None, "203.0.113.9")]);
    assert_eq!(changes(&world.ask(&mine).unwrap().unwrap()), ["rotate_client_secret"]);
    let login = World::of(vec![entry("1", "s", Some("auth0|1"), "203.0.113.9")]);
    assert_eq!(
        login.ask(&mine),
        Err(Withheld::Unproved),
        "people sign in at an application that is not theirs"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(.|\n){0,200}") {
        drop(check(&[("mine.yml", &text)], &known()));
    }

    #[test]
    fn whatever_is_confirmed_nobody_is_contained_whom_only_anybody_s_entries_name(
        kinds in proptest::collection::vec((0..CAUSES.len(), 0..4_u8), 0..12),
    ) {
        let mine = playbook("users: [mark_contained, block_user, force_password_reset, reset_mfa, revoke_access]");
        let entries: Vec<Confirmed> = kinds.iter().enumerate().map(|(number, (kind, user))| {
            entry(&number.to_string(), CAUSES[*kind].0, Some(&format!("auth0|{user}")), "203.0.113.9")
        }).collect();
        let proved: BTreeSet<String> =
            entries.iter().filter_map(Confirmed::proved_user).map(ToString::to_string).collect();
        let wanted = World::of(entries).ask(&mine).ok().flatten().map(|answer| answer.wanted).unwrap_or_default();
        let mut named = BTreeSet::new();
        for wanted in &wanted {
            let value = serde_json::to_value(&wanted.change).unwrap();
            named.insert(value["user"].as_str().unwrap().to_owned());
        }
        prop_assert_eq!(named, proved);
    }
}
