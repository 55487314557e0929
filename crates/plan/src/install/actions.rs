//! Our Actions: created, changed, deployed, bound and deleted.

use countersign_auth0::management::actions::Action;
use countersign_core::Trigger;
use serde_json::{Value, json};

use super::{
    ActionGoal, Draft, Goal, Observed, TRIGGERS, bindings,
    observed::{code, deployed_code, name},
    owned, secret_key, strangers,
};
use crate::{Act, Claim, Finding, Keep, Look, Part, Remember, Severity, Step, Template, Undo};

/// What our Actions run on.
pub const RUNTIME: &str = "node22";

/// Under what an Action's id is kept.
pub(super) const ID: &str = "id";

/// The current version of a trigger (Auth0's triggers of August 2026).
#[must_use]
pub const fn trigger_version(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::PostLogin => "v3",
        Trigger::PasswordResetPostChallenge
        | Trigger::CustomTokenExchange
        | Trigger::EventStream
        | Trigger::ShortForm => "v1",
        Trigger::PreUserRegistration
        | Trigger::PostUserRegistration
        | Trigger::CredentialsExchange
        | Trigger::PostChangePassword
        | Trigger::SendPhoneMessage => "v2",
    }
}

/// What our Action for a trigger is called, where it is not there under another name.
#[must_use]
pub fn action_name(trigger: Trigger) -> String {
    format!("Countersign {trigger}")
}

/// The name of a step about the Action of a trigger.
pub(super) fn step(trigger: Trigger, act: &str) -> String {
    format!("action.{trigger}.{act}")
}

pub(super) fn plan(goal: &Goal, observed: &Observed, draft: &mut Draft) {
    let fingerprint = goal.fingerprints.get(&secret_key("actions", &goal.tenant));
    for trigger in TRIGGERS {
        // Why each its own: a run that is cut off has set the secrets of some.
        let key = secret_key(&format!("actions.{trigger}"), &goal.tenant);
        let sets_secrets = fingerprint.is_none() || fingerprint != observed.fingerprints.get(&key);
        let remember = Remember { key, fingerprint: fingerprint.cloned() };
        match (goal.actions.get(&trigger), observed.our_action(trigger)) {
            (Some(wanted), None) => {
                let strangers = strangers::in_the_way(goal, observed, &owned::action(trigger));
                match strangers.is_empty() {
                    true => create(goal, trigger, wanted, &remember, draft),
                    false => draft.findings.extend(strangers),
                }
            }
            (Some(wanted), Some(action)) => {
                let change = Change { goal, trigger, wanted, action, sets_secrets };
                change.plan(&remember, draft);
            }
            (None, Some(action)) => delete(trigger, action, remember, draft),
            (None, None) => {}
        }
    }
    for trigger in TRIGGERS {
        bindings::plan(goal, observed, trigger, draft);
    }
}

/// The secrets of an Action, by name.
fn secrets(goal: &Goal) -> Part {
    let secret =
        |name: &String| Part::object([("name", Part::text(name)), ("value", Part::secret(name, ""))]);
    Part::List(goal.action_secrets.iter().map(secret).collect())
}

fn supported(trigger: Trigger, version: &str) -> Part {
    json!([{"id": trigger.as_str(), "version": version}]).into()
}

fn create(goal: &Goal, trigger: Trigger, wanted: &ActionGoal, remember: &Remember, draft: &mut Draft) {
    let called = action_name(trigger);
    let create = step(trigger, "create");
    let id = Part::answer(&create, ID);
    let is_it = vec![Claim::is("/name", Part::text(&called))];
    let body = Part::object([
        ("name", Part::text(&called)),
        ("supported_triggers", supported(trigger, trigger_version(trigger))),
        ("code", Part::text(&wanted.code)),
        ("runtime", Part::text(RUNTIME)),
        ("dependencies", json!([]).into()),
        ("secrets", secrets(goal)),
    ]);
    let of_it = Template::new("actions.get", vec![id.clone()]);
    draft.steps.push(Step {
        name: create.clone(),
        reason: format!("`{trigger}` has no Action of ours"),
        act: Act {
            request: Template::new("actions.create", Vec::new()).body(body),
            before: Look::absent("actions.list", is_it.clone()),
            after: Look::item("actions.list", is_it.clone(), vec![Claim::hash("/code", &wanted.code)]),
            is_blind: false,
            keeps: vec![Keep::id(ID, "/id")],
        },
        undo: Undo::By(Box::new(Act {
            request: Template::new("actions.delete", vec![id.clone()]),
            before: Look::at(of_it.clone(), is_it),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        })),
        remember: Some(remember.clone()),
    });
    draft.steps.push(deploy(trigger, id, &wanted.code, Undo::With(create)));
}

/// Makes a version of the draft, once it is built.
fn deploy(trigger: Trigger, id: Part, code: &str, undo: Undo) -> Step {
    let of_it = Template::new("actions.get", vec![id.clone()]);
    let built = vec![Claim::is("/status", json!("built")), Claim::hash("/code", code)];
    let runs = vec![Claim::is("/all_changes_deployed", json!(true)), Claim::hash("/code", code)];
    Step {
        name: step(trigger, "deploy"),
        reason: "what is not deployed does not run".to_owned(),
        act: Act {
            request: Template::new("actions.deploy", vec![id]),
            before: Look::at(of_it.clone(), built).waiting(),
            after: Look::at(of_it, runs).waiting(),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo,
        remember: None,
    }
}

/// What differs between our Action as it is and as it should be.
struct Change<'a> {
    goal: &'a Goal,
    trigger: Trigger,
    wanted: &'a ActionGoal,
    action: &'a Action,
    sets_secrets: bool,
}

impl Change<'_> {
    fn plan(&self, remember: &Remember, draft: &mut Draft) {
        let differs = self.differs();
        if !differs.is_empty() {
            draft.findings.extend(self.lost_secrets());
            draft.steps.push(self.update(&differs, remember));
        }
        let is_deployed = self.action.all_changes_deployed.as_option() == Some(&true);
        if !differs.is_empty() || !is_deployed {
            let id = Part::text(self.action.id.as_str());
            draft.steps.push(deploy(self.trigger, id, &self.wanted.code, self.undeploy()));
        }
    }

    fn runtime(&self) -> Option<&str> {
        self.action.runtime.as_option().map(String::as_str)
    }

    /// The version of the trigger that the Action is for.
    fn version(&self) -> Option<&str> {
        let supported = self.action.supported_triggers.as_option()?;
        let own = supported.iter().find(|known| known.id.as_str() == self.trigger.as_str())?;
        own.version.as_option().map(String::as_str)
    }

    fn dependencies(&self) -> Value {
        self.action
            .rest
            .get("dependencies")
            .filter(|found| found.is_array())
            .cloned()
            .unwrap_or_else(|| json!([]))
    }

    fn differs(&self) -> Vec<&'static str> {
        let checks = [
            ("code", code(self.action) != self.wanted.code),
            ("runtime", self.runtime() != Some(RUNTIME)),
            ("trigger version", self.version() != Some(trigger_version(self.trigger))),
            ("dependencies", self.dependencies() != json!([])),
            ("secrets", self.sets_secrets),
        ];
        checks.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
    }

    /// Secrets are replaced as a whole: one that we have no value for would be lost.
    fn lost_secrets(&self) -> Option<Finding> {
        let there = self.action.rest.get("secrets").and_then(Value::as_array)?;
        let names = there.iter().filter_map(|secret| secret.get("name")?.as_str());
        let lost: Vec<String> = names
            .filter(|name| !self.goal.action_secrets.iter().any(|known| known == name))
            .map(|name| format!("`{name}`"))
            .collect();
        (self.sets_secrets && !lost.is_empty()).then(|| Finding {
            severity: Severity::Blocks,
            code: "action.lost_secret".to_owned(),
            text: format!(
                "`{}` has secrets that would be lost, since they are replaced as a whole: {}; give their values too",
                name(self.action),
                lost.join(", ")
            ),
        })
    }

    fn update(&self, differs: &[&str], remember: &Remember) -> Step {
        let id = Part::text(self.action.id.as_str());
        let of_it = Template::new("actions.get", vec![id.clone()]);
        let mut fields = vec![
            ("code", Part::text(&self.wanted.code)),
            ("runtime", Part::text(RUNTIME)),
            ("supported_triggers", supported(self.trigger, trigger_version(self.trigger))),
            ("dependencies", json!([]).into()),
        ];
        if self.sets_secrets {
            fields.push(("secrets", secrets(self.goal)));
        }
        let body = Part::Object(fields.into_iter().map(|(name, part)| (name.to_owned(), part)).collect());
        let new = vec![Claim::hash("/code", &self.wanted.code), Claim::is("/runtime", json!(RUNTIME))];
        Step {
            name: step(self.trigger, "update"),
            reason: format!("of `{}` differs: {}", name(self.action), differs.join(", ")),
            act: Act {
                request: Template::new("actions.update", vec![id]).body(body),
                before: Look::at(of_it.clone(), vec![Claim::hash("/code", code(self.action))]),
                after: Look::at(of_it, new),
                is_blind: self.sets_secrets
                    || differs.iter().any(|what| !matches!(*what, "code" | "runtime")),
                keeps: Vec::new(),
            },
            undo: self.restore(differs),
            remember: self.sets_secrets.then(|| remember.clone()),
        }
    }

    /// Puts the draft back as it was, but for secrets.
    fn restore(&self, differs: &[&str]) -> Undo {
        if differs == ["secrets"] {
            return Undo::Irreversible(
                "the secrets of before can't be read, so they can't be put back".to_owned(),
            );
        }
        let id = Part::text(self.action.id.as_str());
        let of_it = Template::new("actions.get", vec![id.clone()]);
        let old = code(self.action);
        let version = self.version().unwrap_or_else(|| trigger_version(self.trigger));
        let runtime = self.runtime().unwrap_or(RUNTIME);
        let body = Part::object([
            ("code", Part::text(old)),
            ("runtime", Part::text(runtime)),
            ("supported_triggers", supported(self.trigger, version)),
            ("dependencies", self.dependencies().into()),
        ]);
        Undo::By(Box::new(Act {
            request: Template::new("actions.update", vec![id]).body(body),
            before: Look::at(of_it.clone(), Vec::new()),
            after: Look::at(of_it, vec![Claim::hash("/code", old), Claim::is("/runtime", json!(runtime))]),
            is_blind: false,
            keeps: Vec::new(),
        }))
    }

    /// Deploys the version again that ran before.
    fn undeploy(&self) -> Undo {
        let (Some(version), Some(old)) =
            (self.action.deployed_version.as_option(), deployed_code(self.action))
        else {
            return Undo::Irreversible(
                "nothing was deployed before; bound nowhere, it does not run".to_owned(),
            );
        };
        let id = Part::text(self.action.id.as_str());
        let of_it = Template::new("actions.get", vec![id.clone()]);
        let parameters = vec![id, Part::text(version.id.as_str())];
        Undo::By(Box::new(Act {
            request: Template::new("actions.roll_back", parameters).body(json!({}).into()),
            before: Look::at(of_it.clone(), Vec::new()),
            after: Look::at(of_it, vec![Claim::hash("/deployed_version/code", old)]).waiting(),
            is_blind: false,
            keeps: Vec::new(),
        }))
    }
}

fn delete(trigger: Trigger, action: &Action, remember: Remember, draft: &mut Draft) {
    let of_it = Template::new("actions.get", vec![Part::text(action.id.as_str())]);
    draft.deletes.push(Step {
        name: step(trigger, "delete"),
        reason: format!("`{}` is not wanted any more", name(action)),
        act: Act {
            request: Template::new("actions.delete", vec![Part::text(action.id.as_str())]),
            before: Look::at(of_it.clone(), vec![Claim::hash("/code", code(action))]),
            after: Look::gone(of_it),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Irreversible("it is made again by `countersign tenant apply`".to_owned()),
        remember: Some(Remember { fingerprint: None, ..remember }),
    });
}
