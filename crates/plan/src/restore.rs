//! The way back in a trigger's order, which others may have changed meanwhile: ours go where they stood, and everything
//! else stays as it is found.

use countersign_auth0::management::AnyRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Act, Answers, Claim, FillError, Look, Part, Template};

/// One place of the order as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stood {
    /// The id of the Action; of a binding without one, its own id.
    pub id: Part,
    /// What it was called there.
    pub display_name: String,
    /// Whether it was ours.
    pub is_ours: bool,
}

/// How ours get back to where they stood in a trigger's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The trigger, as Auth0 calls it.
    pub trigger: String,
    /// The ids of our Actions that the step puts into the order.
    pub put: Vec<Part>,
    /// The order as it was.
    pub order: Vec<Stood>,
    /// The step of the same plan that deletes the Action which would be put back: once it is done, nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
}

/// What stands at a place of the order that was read, or is to be written.
#[derive(Debug, Clone, PartialEq)]
struct Slot {
    /// As [`Stood::id`].
    id: Value,
    /// The Action's id, null for none.
    action: Value,
    /// How a request has it.
    sent: Value,
}

impl Slot {
    fn of_action(id: &Value, display_name: &Value) -> Self {
        let sent = json!({"ref": {"type": "action_id", "value": id}, "display_name": display_name});
        Self { id: id.clone(), action: id.clone(), sent }
    }

    fn read(item: &Value) -> Self {
        let at = |pointer: &str| item.pointer(pointer).filter(|found| !found.is_null());
        let (id, action) = (at("/id").unwrap_or(&Value::Null), at("/action/id"));
        let shown = at("/display_name").or_else(|| at("/action/name")).or(action).unwrap_or(id);
        match action {
            Some(action) => Self::of_action(action, shown),
            None => Self {
                id: id.clone(),
                action: Value::Null,
                sent: json!({"ref": {"type": "binding_id", "value": id}, "display_name": shown}),
            },
        }
    }
}

impl Restore {
    /// What reads the order.
    ///
    /// # Errors
    /// [`FillError`].
    pub fn read(&self) -> Result<AnyRequest, FillError> {
        self.template("actions.bindings").fill(&Answers::new(), &Default::default())
    }

    /// The ids of the Actions that go back into the order.
    pub fn puts_back(&self) -> impl Iterator<Item = &Part> {
        self.order.iter().filter(|stood| stood.is_ours).map(|stood| &stood.id)
    }

    /// The write that leads from the order that was read, as the items came, to the one with ours where they stood: after
    /// the nearest one before them that is still there. Those of `gone` are left out.
    ///
    /// # Errors
    /// [`FillError`].
    pub fn act(&self, found: &[Value], gone: &[Part], answers: &Answers) -> Result<Act, FillError> {
        let fill = |part: &Part| part.fill(answers, &|_| None);
        let before: Vec<Slot> = found.iter().map(Slot::read).collect();
        let ours = self.put.iter().chain(self.puts_back()).map(fill).collect::<Result<Vec<_>, _>>()?;
        let mut after: Vec<Slot> = before.iter().filter(|slot| !ours.contains(&slot.id)).cloned().collect();
        let mut next = 0;
        for stood in &self.order {
            let id = fill(&stood.id)?;
            if !stood.is_ours {
                next = after.iter().position(|slot| slot.id == id).map_or(next, |at| at + 1);
            } else if !gone.contains(&stood.id) {
                let display_name = Value::String(stood.display_name.clone());
                after.insert(next.min(after.len()), Slot::of_action(&id, &display_name));
                next += 1;
            }
        }
        let look = |slots: &[Slot]| {
            let ids = slots.iter().map(|slot| slot.action.clone().into()).collect();
            Look::at(self.template("actions.bindings"), vec![Claim::each("", "/action/id", ids)])
        };
        let sent: Vec<&Value> = after.iter().map(|slot| &slot.sent).collect();
        Ok(Act {
            request: self.template("actions.set_bindings").body(json!({ "bindings": sent }).into()),
            before: look(&before),
            after: look(&after),
            is_blind: false,
            keeps: Vec::new(),
        })
    }

    fn template(&self, operation: &str) -> Template {
        Template::new(operation, vec![Part::text(&self.trigger)])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stood(id: &str, is_ours: bool) -> Stood {
        Stood { id: Part::text(id), display_name: id.to_owned(), is_ours }
    }

    fn read(ids: &[String]) -> Vec<Value> {
        let item = |id: &String| json!({"id": format!("b-{id}"), "display_name": id, "action": {"id": id}});
        ids.iter().map(item).collect()
    }

    fn restore(put: &[&str], order: &[(&str, bool)]) -> Restore {
        Restore {
            trigger: "post-login".to_owned(),
            put: put.iter().map(|id| Part::text(*id)).collect(),
            order: order.iter().map(|(id, is_ours)| stood(id, *is_ours)).collect(),
            deleted_by: None,
        }
    }

    fn leads_to(restore: &Restore, found: &[&str], gone: &[&str]) -> Vec<String> {
        let found: Vec<String> = found.iter().map(|id| (*id).to_owned()).collect();
        let gone: Vec<Part> = gone.iter().map(|id| Part::text(*id)).collect();
        names(&restore.act(&read(&found), &gone, &Answers::new()).unwrap())
    }

    fn names(act: &Act) -> Vec<String> {
        let body = act.request.body.as_ref().unwrap().shown();
        let bindings = body["bindings"].as_array().unwrap().iter();
        bindings.map(|binding| binding["display_name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn ours_goes_out_and_what_others_did_meanwhile_stays() {
        let restore = restore(&["ours"], &[("a", false), ("b", false)]);
        assert_eq!(leads_to(&restore, &["ours", "a", "b"], &[]), ["a", "b"]);
        assert_eq!(leads_to(&restore, &["b", "new", "ours", "a"], &[]), ["b", "new", "a"]);
        assert_eq!(leads_to(&restore, &["new"], &[]), ["new"]);
    }

    #[test]
    fn ours_goes_back_after_the_nearest_that_is_still_there() {
        let restore = restore(&[], &[("a", false), ("b", false), ("ours", true), ("c", false)]);
        assert_eq!(leads_to(&restore, &["a", "b", "c"], &[]), ["a", "b", "ours", "c"]);
        assert_eq!(leads_to(&restore, &["new", "a", "c"], &[]), ["new", "a", "ours", "c"]);
        assert_eq!(leads_to(&restore, &["c", "a", "new"], &[]), ["c", "a", "ours", "new"]);
        assert_eq!(leads_to(&restore, &[], &[]), ["ours"]);
        assert_eq!(leads_to(&restore, &["a"], &["ours"]), ["a"], "what is gone is not bound");
    }

    #[test]
    fn a_binding_without_an_action_is_kept_by_its_own_id() {
        let found = [json!({"id": "b-1", "display_name": "by entity"})];
        let act = restore(&["ours"], &[]).act(&found, &[], &Answers::new()).unwrap();
        let sent = act.request.body.unwrap().shown();
        assert_eq!(
            sent,
            json!({"bindings": [{"ref": {"type": "binding_id", "value": "b-1"}, "display_name": "by entity"}]})
        );
    }

    proptest! {
        #[test]
        fn others_never_vanish_or_change_their_order(
            old in prop::collection::hash_set(0_u8..6, 0..5), ours in prop::option::of(0_usize..5),
            now in prop::collection::hash_set(0_u8..9, 0..7), bound in prop::option::of(0_usize..7),
        ) {
            let mut order: Vec<Stood> = old.iter().map(|id| stood(&id.to_string(), false)).collect();
            if let Some(at) = ours {
                order.insert(at.min(order.len()), stood("ours", true));
            }
            let restore = Restore { order, ..restore(&["ours"], &[]) };
            let foreign: Vec<String> = now.iter().map(u8::to_string).collect();
            let mut found = foreign.clone();
            if let Some(at) = bound {
                found.insert(at.min(found.len()), "ours".to_owned());
            }
            let act = restore.act(&read(&found), &[], &Answers::new()).unwrap();
            let after = names(&act);
            prop_assert_eq!(after.iter().filter(|name| *name == "ours").count(), usize::from(ours.is_some()));
            let left: Vec<String> = after.iter().filter(|name| *name != "ours").cloned().collect();
            prop_assert_eq!(left, foreign);
            let again = restore.act(&read(&after), &[], &Answers::new()).unwrap();
            prop_assert_eq!(names(&again), after, "a second time changes nothing");
        }
    }
}
