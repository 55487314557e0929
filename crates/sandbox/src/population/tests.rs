use std::collections::HashSet;

use super::*;

#[test]
fn the_same_seed_makes_the_same_people() {
    assert_eq!(Population::new(5).people(), Population::new(5).people());
    assert_ne!(Population::new(5).people(), Population::new(6).people());
}

#[test]
fn each_organization_has_twelve_people_of_all_sorts() {
    let population = Population::new(5);
    assert_eq!(population.organizations().len(), 3);
    for organization in population.organizations() {
        let staff: Vec<&Person> =
            population.people().iter().filter(|p| p.organization == *organization).collect();
        assert_eq!(staff.len(), 12);
        assert!(staff.iter().any(|p| p.roles == ["admin"]));
        assert!(staff.iter().any(|p| p.factors.is_empty()) && staff.iter().any(|p| !p.factors.is_empty()));
        assert_eq!(staff.iter().any(|p| p.is_federated()), organization.name == "lantern-studio");
    }
}

#[test]
fn user_ids_addresses_and_devices_are_unique() {
    let population = Population::new(5);
    let people = population.people();
    assert_eq!(people.iter().map(|p| &p.user_id).collect::<HashSet<_>>().len(), 36);
    assert_eq!(people.iter().map(Person::email).collect::<HashSet<_>>().len(), 36);
    assert_eq!(people.iter().map(|p| &p.device.ja4).collect::<HashSet<_>>().len(), 36);
    assert!(people.iter().all(|p| p.email().ends_with(".example")));
}

#[test]
fn a_federated_person_has_no_factor_and_no_password_here() {
    let population = Population::new(5);
    for person in population.people().iter().filter(|p| p.is_federated()) {
        assert!(person.factors.is_empty() && person.last_password_reset.is_none());
    }
}

#[test]
fn many_invented_people_have_names_networks_and_factors_of_their_own() {
    let text = r#"
        [[organizations]]
        name = "crowd"
        city = "Lyon"
        [[organizations.people]]
        count = 400
        home = "FR"
        factors = ["otp"]
        enrolled = 0.5
    "#;
    let population = Scenario::parse(text).unwrap().population(3);
    let people = population.people();
    assert_eq!(people.iter().map(Person::email).collect::<HashSet<_>>().len(), 400);
    let homes: HashSet<&str> = people.iter().map(|person| person.home.city.name).collect();
    assert_eq!(homes, ["Lyon", "Villeurbanne", "Vienne"].into());
    let enrolled = people.iter().filter(|person| !person.factors.is_empty()).count();
    assert!((150..250).contains(&enrolled), "{enrolled}");
    let sites: HashSet<String> = people.iter().map(|person| format!("{:?}", person.home.network)).collect();
    assert_eq!(sites.len(), 400);
}
