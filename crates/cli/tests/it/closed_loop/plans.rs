//! Plans as people of the service meet them, and what the ledger tells of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{people::Person, scene::Scene};
use crate::world::{TENANT, leaves, until};

/// The path of a plan, or of what is done with it.
pub fn of_plan(id: &Value, verb: &str) -> String {
    format!("/v1/plans/{TENANT}/{}{verb}", id.as_str().unwrap())
}

impl Scene {
    /// The plans that stand so.
    pub fn plans(&self, state: &str) -> Vec<Value> {
        let page = self.read(&format!("/v1/plans/{TENANT}?state={state}"));
        page["plans"].as_array().unwrap().clone()
    }

    /// The plan that was proposed for a user, as an approver finds out: by opening whom each is about, with a reason.
    pub fn plan_for(&self, who: &Person, user: &str) -> Value {
        let opening = json!({"fields": ["accounts"], "reason": "to approve it"});
        let open = |plan: &Value| self.done(who, &of_plan(&plan["id"], "/reveal"), &opening)["plan"].clone();
        let opened = self.plans("proposed").iter().map(open).collect::<Vec<_>>();
        let mut about = opened.into_iter().filter(|plan| plan["steps"].to_string().contains(user));
        let found = about.next().unwrap();
        assert!(about.next().is_none(), "there is one plan for a user");
        found["plan"].clone()
    }

    /// Somebody agrees to a plan as it stands there, and the service carries it out.
    pub fn countersigned(&self, who: &Person, id: &Value) -> Value {
        let path = of_plan(id, "");
        let hash = self.read(&path)["plan"]["hash"].clone();
        self.done(who, &of_plan(id, "/approve"), &json!({"hash": hash}));
        until("the end of a run", || self.read(&path)["plan"]["state"] == "done");
        self.read(&path)
    }

    /// The steps of a plan to which entries of the tenant's log lead, by the id of the entry; those are of writes of ours alone.
    pub fn steps_in_the_log(&self, id: &Value) -> BTreeMap<String, u64> {
        let entries =
            self.read(&format!("/v1/logs/{TENANT}?kind=sapi"))["entries"].as_array().unwrap().clone();
        let ids = entries.iter().map(|entry| entry["log_id"].as_str().unwrap().to_owned());
        let led =
            ids.map(|log_id| (self.read(&format!("/v1/logs/{TENANT}/{log_id}"))["plan"].clone(), log_id));
        led.filter(|(made, _)| made["plan"] == *id)
            .map(|(made, id)| (id, made["step"].as_u64().unwrap()))
            .collect()
    }

    /// What the ledger says of a plan, by what changed.
    pub fn told_of(&self, id: &Value) -> BTreeMap<String, Vec<Value>> {
        let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for leaf in leaves(&self.service.data) {
            if leaf["facts"]["plan"] == *id {
                told.entry(leaf["facts"]["change"].as_str().unwrap().to_owned()).or_default().push(leaf);
            }
        }
        told
    }
}
