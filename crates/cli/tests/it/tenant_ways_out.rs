//! Out of every state that a run can be left in, by the commands that are named there, at the sandbox tenant.

use std::path::Path;

use countersign_sandbox::tenant::{Method, scopes};
use serde_json::{Value, json};

use crate::{
    tenant_sandbox::{Sandbox, Trouble},
    world::{Service, TENANT, complained, run, told},
};

const ORDER: &str = "/actions/triggers/post-login/bindings";

/// That this was done; what it said.
fn fine((code, said): (Option<i32>, String)) -> String {
    assert_eq!(code, Some(0), "{said}");
    said
}

/// A tenant, and a folder in which the service began a ledger.
struct Site {
    home: tempfile::TempDir,
    sandbox: Sandbox,
    accepted: String,
}

impl Site {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        Service::start(home.path()).stop();
        Self { home, sandbox: Sandbox::start(), accepted: scopes().join(" ") }
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs a command; its code, and all that it says.
    fn command(&self, command: &str, rest: &[&str]) -> (Option<i32>, String) {
        let output = self.sandbox.command(self.home(), command, rest);
        (output.status.code(), format!("{}{}", told(&output), complained(&output)))
    }

    fn changes(&self, command: &str, rest: &[&str]) -> (Option<i32>, String) {
        self.command(command, &[rest, &["--accept-scopes", &self.accepted]].concat())
    }

    /// `apply` for these triggers.
    fn apply(&self, triggers: &[&str], rest: &[&str]) -> (Option<i32>, String) {
        let mut arguments = vec!["--service", "https://cs.example.com", "--without-client"];
        arguments.extend(triggers.iter().flat_map(|trigger| ["--trigger", trigger]));
        arguments.extend(rest);
        self.changes("apply", &arguments)
    }

    /// The names that are bound to the sign-in, in order.
    fn bound(&self) -> Vec<String> {
        let found = self.sandbox.call(Method::Get, ORDER, Value::Null);
        let names = found["bindings"].as_array().unwrap().iter();
        names.map(|binding| binding["display_name"].as_str().unwrap().to_owned()).collect()
    }

    fn actions(&self) -> Vec<Value> {
        let found = self.sandbox.call(Method::Get, "/actions/actions", Value::Null);
        found["actions"].as_array().unwrap().clone()
    }

    fn ours(&self) -> Vec<Value> {
        self.actions()
            .into_iter()
            .filter(|action| !action["name"].as_str().unwrap().starts_with("of "))
            .collect()
    }

    /// Somebody binds an Action of their own at a place of the sign-in's order.
    fn bind(&self, name: &str, at: usize) {
        let action = json!({"name": name, "code": "exports.onExecutePostLogin = async () => {};",
            "runtime": "node22", "supported_triggers": [{"id": "post-login", "version": "v3"}]});
        let made = self.sandbox.call(Method::Post, "/actions/actions", action);
        let path = format!("/actions/actions/{}", made["id"].as_str().unwrap());
        crate::world::until("a build", || {
            self.sandbox.call(Method::Get, &path, Value::Null)["status"] == "built"
        });
        self.sandbox.call(Method::Post, &format!("{path}/deploy"), Value::Null);
        let found = self.sandbox.call(Method::Get, ORDER, Value::Null);
        let mut order: Vec<Value> = found["bindings"].as_array().unwrap().iter().map(|binding| {
            json!({"ref": {"type": "binding_id", "value": binding["id"]}, "display_name": binding["display_name"]})
        }).collect();
        order.insert(
            at.min(order.len()),
            json!({"ref": {"type": "action_id", "value": made["id"]}, "display_name": name}),
        );
        self.sandbox.call(Method::Patch, ORDER, json!({ "bindings": order }));
    }

    /// What can't be sent until `mends`: this method at a path that ends so.
    fn refuses(&self, method: &'static str, end: &'static str) {
        self.sandbox.set_way(move |asked, path| {
            let is_it = asked == method && path.ends_with(end);
            let body = json!({"statusCode": 400, "error": "Bad Request", "message": "not now"});
            if is_it { Trouble::Answer(400, body) } else { Trouble::None }
        });
    }

    fn mends(&self) {
        self.sandbox.set_way(|_, _| Trouble::None);
    }

    /// Installs and takes everything out again.
    fn comes_and_goes(&self, foreign: &[&str]) {
        fine(self.apply(&["post-login"], &[]));
        assert_eq!(self.bound(), [&["Countersign post-login"], foreign].concat());
        fine(self.changes("remove", &[]));
        assert_eq!(
            (self.bound(), self.ours()),
            (foreign.iter().map(|name| (*name).to_owned()).collect(), vec![])
        );
        let verified = run(self.home(), &["verify", "--data", "data"]);
        assert_eq!(verified.status.code(), Some(0), "{}", told(&verified));
    }
}

#[test]
fn a_removal_that_is_rolled_back_says_before_what_stays_and_everything_goes_on() {
    let site = Site::start();
    site.bind("of theirs", 0);
    fine(site.apply(&["post-login"], &[]));
    fine(site.changes("remove", &[]));
    let back = fine(site.changes("rollback", &[]));
    let before = back.find("can't be undone as a whole").unwrap();
    assert!(before < back.find("Nothing of plan").unwrap(), "{back}");
    for stays in [
        "`bindings.post-login` stays as it is: the Action that would be put back was deleted by \
        `action.post-login.delete`",
        "`action.post-login.delete` stays as it is",
    ] {
        assert!(back.contains(stays), "{back}");
    }
    assert_eq!(site.bound(), ["of theirs"]);
    assert_eq!(site.command("status", &[]).0, Some(0));
    site.comes_and_goes(&["of theirs"]);
}

#[test]
fn a_trigger_that_was_dropped_is_left_dropped_and_the_rest_is_rolled_back() {
    let site = Site::start();
    site.bind("of theirs", 0);
    let both = ["post-login", "pre-user-registration"];
    fine(site.apply(&both, &[]));
    fine(site.apply(&["pre-user-registration"], &[]));
    assert_eq!(site.bound(), ["of theirs"]);
    let back = fine(site.changes("rollback", &[]));
    assert!(back.contains("`bindings.post-login` stays as it is"), "{back}");
    assert_eq!(site.command("status", &[]).0, Some(0));
    fine(site.apply(&both, &[]));
    site.comes_and_goes(&["of theirs"]);
}

#[test]
fn what_others_bound_and_unbound_meanwhile_stays_when_it_is_rolled_back() {
    let site = Site::start();
    site.bind("of a", 0);
    site.bind("of b", 1);
    fine(site.apply(&["post-login"], &["--place", "after:of a"]));
    site.bind("of c", 0);
    site.bind("of d", 2);
    assert_eq!(site.bound(), ["of c", "of a", "of d", "Countersign post-login", "of b"]);
    fine(site.changes("rollback", &[]));
    assert_eq!(
        (site.bound(), site.ours()),
        (["of c", "of a", "of d", "of b"].map(str::to_owned).to_vec(), vec![])
    );
    site.comes_and_goes(&["of c", "of a", "of d", "of b"]);
}

#[test]
fn an_installation_that_can_t_go_on_names_the_way_out_and_it_leads_out() {
    let site = Site::start();
    site.refuses("PATCH", "/bindings");
    assert_eq!(site.apply(&["post-login"], &[]).0, Some(1));
    site.bind("of theirs", 0);
    site.mends();
    let (code, said) = site.apply(&["post-login"], &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("changed by others") && said.contains("`countersign tenant rollback` undoes it"),
        "{said}"
    );
    fine(site.changes("rollback", &[]));
    assert_eq!((site.bound(), site.ours()), (vec!["of theirs".to_owned()], vec![]));
    site.comes_and_goes(&["of theirs"]);
}

#[test]
fn a_roll_back_that_can_t_go_on_is_abandoned_and_everything_goes_on() {
    let site = Site::start();
    fine(site.apply(&["post-login"], &[]));
    let ours = site.ours();
    let path = format!("/actions/actions/{}", ours[0]["id"].as_str().unwrap());
    site.sandbox.call(Method::Patch, &path, json!({"name": "Renamed by hand"}));
    for _ in 0..2 {
        let (code, said) = site.changes("rollback", &[]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("`action.post-login.create`") && said.contains("rollback --abandon"), "{said}");
    }
    let (code, said) = site.command("status", &[]);
    assert!(code == Some(3) && said.contains("`countersign tenant rollback --abandon`"), "{said}");
    for refused in [site.apply(&["post-login"], &[]), site.changes("remove", &[])] {
        assert_eq!(refused.0, Some(3), "{}", refused.1);
        assert!(refused.1.contains("`countersign tenant rollback --abandon`"), "{}", refused.1);
    }
    // Neither a credential nor the tenant is needed.
    let abandon = ["tenant", "rollback", "--tenant", TENANT, "--data", "data", "--abandon"];
    let abandoned = run(site.home(), &abandon);
    assert_eq!(abandoned.status.code(), Some(0), "{}", complained(&abandoned));
    assert!(
        told(&abandoned).contains("`action.post-login.create` stays as it is: it was done"),
        "{}",
        told(&abandoned)
    );
    assert!(!told(&abandoned).contains("`bindings.post-login`"), "that one was undone: {}", told(&abandoned));
    assert!(!told(&abandoned).contains("not known as ours"), "its id is known: {}", told(&abandoned));
    assert_eq!(run(site.home(), &abandon).status.code(), Some(3), "there is nothing to abandon any more");
    let status = run(site.home(), &["tenant", "status", "--tenant", TENANT, "--data", "data"]);
    assert!(status.status.code() == Some(0) && told(&status).contains("abandoned"), "{}", told(&status));
    fine(site.apply(&["post-login"], &[]));
    assert_eq!(site.bound(), ["Renamed by hand"]);
    fine(site.changes("remove", &[]));
    assert_eq!((site.bound(), site.ours()), (vec![], vec![]));
}

#[test]
fn what_was_made_and_never_answered_is_said_to_be_taken_over_after_it_was_abandoned() {
    let site = Site::start();
    let mut is_made = false;
    site.sandbox.set_way(move |method, path| {
        if is_made {
            return Trouble::Broken;
        }
        is_made = method == "POST" && path.ends_with("/actions/actions");
        if is_made { Trouble::Lost } else { Trouble::None }
    });
    assert_eq!(site.apply(&["post-login"], &[]).0, Some(1));
    site.mends();
    let ours = site.ours();
    let id = ours[0]["id"].as_str().unwrap();
    let abandoned = fine(site.command("rollback", &["--abandon"]));
    for part in [
        "`action.post-login.create` stays as it is: nobody knows whether it was done",
        "What `action.post-login.create` made, if it did, is not known as ours",
        "Take it over by `--adopt ID`",
        "What else is there of ours",
    ] {
        assert!(abandoned.contains(part), "{part}: {abandoned}");
    }
    let (code, said) = site.apply(&["post-login"], &[]);
    assert!(code == Some(3) && said.contains(&format!("\n  --adopt {id}\n")), "{said}");
    let left = fine(site.changes("remove", &[]));
    assert!(left.contains(id) && site.ours() == ours, "{left}");
    fine(site.apply(&["post-login"], &["--adopt", id]));
    assert_eq!((site.bound(), site.ours().len()), (vec!["Countersign post-login".to_owned()], 1));
    fine(site.changes("remove", &[]));
    assert_eq!((site.bound(), site.ours()), (vec![], vec![]));
}

#[test]
fn what_was_made_and_changed_before_it_was_seen_is_not_forgotten() {
    let site = Site::start();
    // The answer comes, and nothing after it.
    let mut is_made = false;
    site.sandbox.set_way(move |method, path| {
        let gone = is_made && path.starts_with("/api");
        is_made |= method == "POST" && path.ends_with("/actions/actions");
        let body = json!({"statusCode": 400, "error": "Bad Request", "message": "not now"});
        if gone { Trouble::Answer(400, body) } else { Trouble::None }
    });
    assert_eq!(site.apply(&["post-login"], &[]).0, Some(1));
    site.mends();
    let ours = site.ours();
    assert_eq!(ours.len(), 1);
    let path = format!("/actions/actions/{}", ours[0]["id"].as_str().unwrap());
    site.sandbox.call(Method::Patch, &path, json!({"code": "exports.onExecutePostLogin = async () => {};"}));
    fine(site.changes("rollback", &[]));
    assert_eq!(site.ours(), Vec::<Value>::new());
    site.comes_and_goes(&[]);
}

#[test]
fn a_plan_that_is_named_is_not_begun_behind_another_that_was_cut_off() {
    let site = Site::start();
    site.refuses("PATCH", "/bindings");
    assert_eq!(site.apply(&["post-login"], &[]).0, Some(1));
    site.mends();
    let (status, made) = (site.command("status", &[]).1, site.ours());
    let id = status.split_whitespace().find(|word| word.len() == 64).unwrap().to_owned();
    let other = "0".repeat(64);
    let (code, said) = site.apply(&["post-login"], &["--plan-id", &other]);
    assert_eq!(code, Some(3), "{said}");
    for part in ["Nothing was changed", &id, &format!("`--plan-id {id}`"), "`countersign tenant rollback`"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!((site.ours(), site.bound()), (made, vec![]), "the other plan was not gone on with");
    let done = fine(site.apply(&["post-login"], &["--plan-id", &id]));
    assert!(done.contains("taken up again") && done.contains("Done: "), "{done}");
    assert_eq!(site.bound(), ["Countersign post-login"]);
    assert_eq!(site.command("status", &[]).0, Some(0));
}

#[test]
fn a_removal_that_was_cut_off_is_not_gone_on_with_by_an_installation() {
    let site = Site::start();
    fine(site.apply(&["post-login"], &[]));
    site.sandbox.set_way(|method, _| {
        let body = json!({"statusCode": 400, "error": "Bad Request", "message": "not now"});
        if method == "DELETE" { Trouble::Answer(400, body) } else { Trouble::None }
    });
    let (code, said) = site.changes("remove", &[]);
    assert!(code == Some(1) && said.contains("`countersign tenant remove` takes it up"), "{said}");
    site.mends();
    let (code, said) = site.apply(&["post-login"], &[]);
    assert!(code == Some(3) && said.contains("`countersign tenant remove` takes it up"), "{said}");
    assert_eq!(site.bound(), Vec::<String>::new());
    // The Action is there still, so that it can be bound again.
    fine(site.changes("rollback", &[]));
    assert_eq!(site.bound(), ["Countersign post-login"]);
    fine(site.changes("remove", &[]));
    assert_eq!((site.bound(), site.ours()), (vec![], vec![]));
}
