//! Whether our Actions stand in their place.

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY};
use crate::{
    Part,
    install::{ActionGoal, Goal, order},
};

const REORDERED: Rule = Rule::new("action.reordered", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&REORDERED], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let observed = &view.posture.installed;
    let mut found = Vec::new();
    for (trigger, expected) in view.expected.actions() {
        let Some(place) = &expected.place else { continue };
        let Some(action) = observed.our_action(trigger) else { continue };
        let bound = observed.bound(trigger);
        if !bound.contains(&action.id.as_str()) {
            continue;
        }
        let mut goal = Goal::nothing(view.expected.tenant.clone(), "");
        goal.actions.insert(trigger, ActionGoal { code: String::new(), place: place.clone() });
        let text = match order(&goal, observed, trigger) {
            None => format!("the Action that our place at `{trigger}` is told by is not bound any more"),
            Some(wanted) => {
                let wanted: Vec<&Part> = wanted.iter().map(|slot| &slot.action).collect();
                let there: Vec<Part> = bound.iter().map(|id| Part::text(*id)).collect();
                // Why also where there are more: one that is bound twice is told by `bound`.
                if wanted.len() != there.len() || wanted.iter().copied().eq(there.iter()) {
                    continue;
                }
                format!("our Action for `{trigger}` does not stand where it should among the others")
            }
        };
        found.push(REORDERED.found(trigger.as_str(), text, APPLY));
    }
    found
}

#[cfg(test)]
mod tests {
    use countersign_core::Trigger;

    use super::super::testing::{bind_foreign, codes, expected, posture};
    use crate::install::Place;

    #[test]
    fn what_stands_before_us_and_a_lost_landmark_are_found() {
        let mut behind = posture();
        bind_foreign(&mut behind, 0);
        assert_eq!(codes(&behind, &expected()), ["action.reordered"]);
        let mut ahead = posture();
        bind_foreign(&mut ahead, 1);
        assert_eq!(codes(&ahead, &expected()), [""; 0]);
        let mut landmark = expected();
        landmark.actions.as_mut().unwrap().get_mut(&Trigger::PostLogin).unwrap().place =
            Some(Place::After("Gone".to_owned()));
        assert_eq!(codes(&posture(), &landmark), ["action.reordered"]);
    }
}
