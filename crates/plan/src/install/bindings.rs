//! The order of a trigger's Actions, which is written as a whole: foreign ones keep their order, ours takes its place.

use countersign_auth0::management::actions::Binding;
use countersign_core::Trigger;
use serde_json::json;

use super::{
    Draft, Goal, Observed, Place,
    actions::{ID, action_name, step},
    observed::{name, trigger_id},
};
use crate::{Act, Claim, Finding, Look, Part, Restore, Severity, Step, Stood, Template, Undo};

/// One place of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The Action's id; of one that is yet to be created, what its step answered.
    pub action: Part,
    /// How a request names it.
    reference: Part,
    /// What it is called there.
    pub display_name: String,
    /// Whether it is ours.
    pub is_ours: bool,
    /// The Action's own name.
    pub name: String,
}

impl Slot {
    fn of(action: Part, name: &str, display_name: String, is_ours: bool) -> Self {
        let reference = Part::object([("type", json!("action_id").into()), ("value", action.clone())]);
        Self { action, reference, display_name, is_ours, name: name.to_owned() }
    }

    fn read(binding: &Binding, ours: Option<&str>) -> Self {
        let shown = binding.display_name.as_option();
        let Some(action) = binding.action.as_option() else {
            let reference =
                Part::object([("type", json!("binding_id").into()), ("value", Part::text(&binding.id))]);
            let display_name = shown.cloned().unwrap_or_else(|| binding.id.clone());
            let name = display_name.clone();
            return Self { action: json!(null).into(), reference, display_name, is_ours: false, name };
        };
        let display_name = shown.cloned().unwrap_or_else(|| name(action).to_owned());
        let is_ours = ours == Some(action.id.as_str());
        Self::of(Part::text(action.id.as_str()), name(action), display_name, is_ours)
    }
}

impl Slot {
    fn stood(&self) -> Stood {
        let has_action = self.action != json!(null).into();
        let id = if has_action { Some(&self.action) } else { self.reference.field("value") };
        Stood {
            id: id.unwrap_or(&self.action).clone(),
            display_name: self.display_name.clone(),
            is_ours: self.is_ours,
        }
    }
}

/// Puts ours into its place among the others, which keep their order; without ours they are alone. `None` when the
/// place is told by an Action that is not there.
#[must_use]
pub fn splice(current: &[Slot], ours: Option<Slot>, place: &Place) -> Option<Vec<Slot>> {
    let mut order: Vec<Slot> = current.iter().filter(|slot| !slot.is_ours).cloned().collect();
    let Some(ours) = ours else { return Some(order) };
    let at = |wanted: &String| order.iter().position(|slot| &slot.display_name == wanted);
    let index = match place {
        Place::First => 0,
        Place::Last => order.len(),
        Place::Before(wanted) => at(wanted)?,
        Place::After(wanted) => at(wanted)? + 1,
    };
    order.insert(index, ours);
    Some(order)
}

/// What is bound to a trigger, in order.
pub(super) fn current(observed: &Observed, trigger: Trigger) -> Vec<Slot> {
    let ours = observed.our_action(trigger).map(|action| action.id.as_str());
    let bindings = observed.bindings.get(&trigger).into_iter().flatten();
    bindings.map(|binding| Slot::read(binding, ours)).collect()
}

/// The order as it should be; `None` when our place is told by an Action that is not there.
pub(super) fn wanted(goal: &Goal, observed: &Observed, trigger: Trigger) -> Option<Vec<Slot>> {
    let current = current(observed, trigger);
    let Some(wanted) = goal.actions.get(&trigger) else { return splice(&current, None, &Place::First) };
    let (action, called) = match observed.our_action(trigger) {
        Some(action) => (Part::text(action.id.as_str()), name(action).to_owned()),
        None => (Part::answer(&step(trigger, "create"), ID), action_name(trigger)),
    };
    let bound = current.iter().find(|slot| slot.action == action);
    let display_name = bound.map_or_else(|| called.clone(), |slot| slot.display_name.clone());
    splice(&current, Some(Slot::of(action, &called, display_name, true)), &wanted.place)
}

pub(super) fn plan(goal: &Goal, observed: &Observed, trigger: Trigger, draft: &mut Draft) {
    let Some(id) = trigger_id(trigger) else { return };
    let old = current(observed, trigger);
    let Some(new) = wanted(goal, observed, trigger) else {
        draft.findings.push(Finding {
            severity: Severity::Blocks,
            code: "binding.no_such_place".to_owned(),
            text: format!("no Action of the name that our place is told by is bound to `{trigger}`"),
        });
        return;
    };
    let order = |slots: &[Slot]| slots.iter().map(|slot| slot.action.clone()).collect::<Vec<_>>();
    if order(&old) == order(&new) {
        return;
    }
    let read = Template::new("actions.bindings", vec![Part::text(id.as_str())]);
    let look = |slots: &[Slot]| Look::at(read.clone(), vec![Claim::each("", "/action/id", order(slots))]);
    let place = goal.actions.get(&trigger).map(|wanted| &wanted.place);
    draft.steps.push(Step {
        name: format!("bindings.{trigger}"),
        reason: match place {
            Some(place) => format!("our Action of `{trigger}` stands {place}; the others keep their order"),
            None => format!("our Action of `{trigger}` is taken out; the others keep their order"),
        },
        act: Act {
            request: Template::new("actions.set_bindings", vec![Part::text(id.as_str())]).body(body(&new)),
            before: look(&old),
            after: look(&new),
            is_blind: false,
            keeps: Vec::new(),
        },
        undo: Undo::Order(Box::new(Restore {
            trigger: id.as_str().to_owned(),
            put: new.iter().filter(|slot| slot.is_ours).map(|slot| slot.action.clone()).collect(),
            order: old.iter().map(Slot::stood).collect(),
            deleted_by: place.is_none().then(|| step(trigger, "delete")),
        })),
        remember: None,
    });
}

fn body(slots: &[Slot]) -> Part {
    let slot = |slot: &Slot| {
        Part::object([("ref", slot.reference.clone()), ("display_name", Part::text(&slot.display_name))])
    };
    Part::object([("bindings", Part::List(slots.iter().map(slot).collect()))])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slot(name: &str, is_ours: bool) -> Slot {
        Slot::of(Part::text(format!("id-{name}")), name, name.to_owned(), is_ours)
    }

    fn names(slots: &[Slot]) -> Vec<&str> {
        slots.iter().map(|slot| slot.display_name.as_str()).collect()
    }

    #[test]
    fn ours_takes_its_place_and_leaves_the_one_it_had() {
        let current = [slot("a", false), slot("ours", true), slot("b", false)];
        let put = |place: &str| splice(&current, Some(slot("ours", true)), &place.parse().unwrap());
        for (place, order) in [
            ("first", ["ours", "a", "b"]),
            ("last", ["a", "b", "ours"]),
            ("before:b", ["a", "ours", "b"]),
            ("after:b", ["a", "b", "ours"]),
            ("after:a", ["a", "ours", "b"]),
        ] {
            assert_eq!(names(&put(place).unwrap()), order, "{place}");
        }
        assert_eq!(put("before:c"), None);
        assert_eq!(names(&splice(&current, None, &Place::First).unwrap()), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn foreign_ones_never_vanish_or_change_their_order(
            ours in prop::option::of(0_usize..6), count in 0_usize..6, place in 0_usize..4,
        ) {
            let mut current: Vec<Slot> = (0..count).map(|index| slot(&index.to_string(), false)).collect();
            if let Some(at) = ours {
                current.insert(at.min(count), slot("ours", true));
            }
            let place = match place {
                0 => Place::First,
                1 => Place::Last,
                2 => Place::Before("1".to_owned()),
                _ => Place::After("1".to_owned()),
            };
            if let Some(order) = splice(&current, Some(slot("ours", true)), &place) {
                let foreign = |slots: &[Slot]| slots.iter().filter(|slot| !slot.is_ours).cloned().collect::<Vec<_>>();
                prop_assert_eq!(foreign(&order), foreign(&current));
                prop_assert_eq!(order.iter().filter(|slot| slot.is_ours).count(), 1);
                prop_assert_eq!(splice(&order, Some(slot("ours", true)), &place), Some(order.clone()));
            }
        }
    }
}
