//! The same installation as configuration of other tools.

use countersign_core::Trigger;
use countersign_plan::{
    export::{File, deploy_cli, terraform},
    install::{ClientGoal, Place},
};

use crate::support::{Run, add_foreign, everything};

fn files(
    export: fn(&countersign_plan::install::Goal, &countersign_plan::install::Observed) -> Vec<File>,
) -> Vec<File> {
    let mut run = Run::default();
    add_foreign(&mut run.world, Trigger::PostLogin, "first", "exports.x = 1");
    add_foreign(&mut run.world, Trigger::PostLogin, "${evil}\"\n", "exports.x = 1");
    let mut goal = everything(1);
    goal.actions.get_mut(&Trigger::PostLogin).unwrap().place = Place::After("first bound".to_owned());
    export(&goal, &run.observe())
}

#[test]
fn terraform_has_everything_with_our_place_in_the_order() {
    let files = files(terraform);
    assert_eq!(files.len(), 7);
    insta::assert_snapshot!(files[0].text);
}

#[test]
fn deploy_cli_has_everything_with_our_place_in_the_order() {
    let files = files(deploy_cli);
    assert_eq!(files.len(), 7);
    insta::assert_snapshot!(files[0].text);
}

#[test]
fn an_order_whose_place_is_not_there_is_left_out_and_said_so() {
    let mut goal = everything(1);
    goal.actions.get_mut(&Trigger::PostLogin).unwrap().place = Place::After("gone".to_owned());
    let observed = Run::default().observe();
    let said = "# Left out: the order of post-login. What our Action is to stand beside is not bound there.";
    let (yaml, hcl) = (&deploy_cli(&goal, &observed)[0].text, &terraform(&goal, &observed)[0].text);
    assert!(yaml.contains(said) && !yaml.contains("  post-login:\n"), "{yaml}");
    assert!(hcl.contains(said) && !hcl.contains("trigger = \"post-login\""), "{hcl}");
    assert!(hcl.contains("trigger = \"pre-user-registration\""), "{hcl}");
}

#[test]
fn the_way_onward_says_what_becomes_of_the_client() {
    let observed = Run::default().observe();
    let heads = |client: Option<ClientGoal>| {
        let mut goal = everything(1);
        goal.client = client;
        [deploy_cli, terraform].map(|export| export(&goal, &observed)[0].text.clone())
    };
    for text in heads(Some(ClientGoal::Secret)) {
        assert!(
            text.contains("into `acme.management-secret`") && text.contains("no other difference.\n"),
            "{text}"
        );
    }
    for text in heads(Some(ClientGoal::PublicKey("PEM".to_owned()))) {
        assert!(
            text.contains("# - Delete the application") && text.contains("difference but the client.\n"),
            "{text}"
        );
    }
    for text in heads(None) {
        assert!(!text.contains("# - Delete") && !text.contains("management-secret"), "{text}");
        assert!(text.contains("`--adopt ID --adopt ID …`"), "{text}");
    }
}
