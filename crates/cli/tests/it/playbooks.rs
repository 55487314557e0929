//! `countersign playbook`

use std::fs;

use crate::world::{complained, run, told};

#[test]
fn the_playbooks_that_are_built_in_are_good_and_are_listed() {
    let home = tempfile::tempdir().unwrap();
    let checked = run(home.path(), &["playbook", "check"]);
    assert!(checked.status.success(), "{}", complained(&checked));
    assert_eq!(told(&checked), "7 playbooks: 0 errors.\n");
    let listed = told(&run(home.path(), &["playbook", "list"]));
    for name in ["account_takeover", "password_attack", "token_theft"] {
        assert!(listed.contains(&format!("{name}: ")), "{listed}");
    }
    assert!(listed.contains("  users: mark_contained, block_user, revoke_access\n"), "{listed}");
}

#[test]
fn faults_are_told_with_their_places_and_rules_of_your_own_can_be_named() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    file("mine.yml", "title: Mine\ndetectors: [brute_force_account]\nusers: [block_user]\n");
    let checked = run(home.path(), &["playbook", "check", "mine.yml"]);
    assert_eq!(checked.status.code(), Some(3));
    let said = told(&checked);
    assert!(
        said.starts_with("mine.yml:3:8: error: unproved: `brute_force_account` finds nothing that only"),
        "{said}"
    );
    file("ours.yml", "title: Ours\ndetectors: [strange_call]\nusers: [revoke_access]\n");
    assert_eq!(run(home.path(), &["playbook", "list", "ours.yml"]).status.code(), Some(3));
    let rule = "title: A call\nlogsource:\n  product: auth0\ndetection:\n  call:\n    type: sapi\n  condition: call\nlevel: high\n";
    fs::create_dir(home.path().join("rules")).unwrap();
    file("rules/strange_call.yml", rule);
    let named = run(home.path(), &["playbook", "check", "ours.yml", "--rules", "rules"]);
    let said = told(&named);
    assert!(said.contains("unproved: `strange_call` finds nothing that only"), "{said}");
    file("ours.yml", "title: Ours\ndetectors: [strange_call]\nclients: [rotate_client_secret]\n");
    let named = run(home.path(), &["playbook", "list", "ours.yml", "--rules", "rules"]);
    assert!(named.status.success(), "{}", told(&named));
    assert!(told(&named).contains("ours: Ours\n"));
}
