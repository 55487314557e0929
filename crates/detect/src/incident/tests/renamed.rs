use proptest::prelude::*;

use super::*;
use crate::incident::story;

/// An incident about wrong passwords for an account, from one address.
fn of(name: &str, from: &str) -> Incident {
    let quoted = serde_json::to_string(name).unwrap();
    let raw: Vec<String> =
        (1..4).map(|id| entry(id, "fp", 0, &format!(r#","user_id":{quoted},"ip":"{from}""#))).collect();
    let alert = alert("d", entity(EntityKind::User, name), 0, Severity::High);
    incident([member(&alert, &events(&raw))])
}

fn told(incident: &Incident) -> String {
    let (users, addresses, members) = (incident.users(), incident.addresses(), incident.members());
    format!("{} {:?} {users:?} {addresses:?} {members:?}", incident.narrative(), incident.timeline())
}

fn masked(entity: &Entity) -> Option<String> {
    matches!(entity.kind, EntityKind::User | EntityKind::Address)
        .then(|| format!("als_{}", entity.name.len()))
}

proptest! {
    #[test]
    fn no_text_of_a_renamed_incident_says_the_name_that_was(name in "[a-z]{4}[a-z|@.-]{3,100}( from 198.51.100.9)?") {
        let incident = of(&name, "203.0.113.9");
        prop_assert!(told(&incident).contains(&story::shown(&name)) && told(&incident).contains("203.0.113.9"));
        let renamed = told(&incident.renamed(&masked));
        let shown: String = name.chars().take(60).collect();
        prop_assert!(!renamed.contains(&shown) && !renamed.contains("198.51") && !renamed.contains("203.0"), "{renamed}");
        prop_assert!(renamed.contains("als_"), "{renamed}");
    }

    #[test]
    fn a_line_is_read_as_it_was_written(name in "[a-z|@. ]{1,40}", kind in 0_usize..4) {
        let kind = ["fp", "s", "scpr", "odd"][kind];
        let quoted = serde_json::to_string(&name).unwrap();
        let raw = [entry(1, kind, 0, &format!(r#","user_id":{quoted},"ip":"203.0.113.9""#))];
        let text = story::line(&events(&raw)[0]).text;
        let (what, account, source) = story::read_line(&text).unwrap();
        prop_assert_eq!(source, Some("203.0.113.9"));
        prop_assert!(!what.contains("203.0"), "{}", what);
        prop_assert_eq!(format!("{what}{} from 203.0.113.9", account.map(|name| format!(" for {name}")).unwrap_or_default()), text);
    }
}

#[test]
fn what_is_not_renamed_stays_as_it_was_and_what_can_not_be_read_is_not_told() {
    let mut incident = of("auth0|ann", "203.0.113.9");
    assert_eq!(incident.renamed(&|_| None), incident);
    let addresses = |entity: &Entity| (entity.kind == EntityKind::Address).then(|| "als_1".to_owned());
    let text = |incident: &Incident| incident.timeline()[0].text.clone();
    assert_eq!(
        text(&incident.renamed(&addresses)),
        "a sign-in failed: wrong password for auth0|ann from als_1"
    );
    incident.members[0].lines[0].text = "auth0|ann did something".to_owned();
    assert_eq!(text(&incident.renamed(&masked)), "an entry of the log");
}
