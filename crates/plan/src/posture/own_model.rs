//! An own model that is attached and can't be used.

use super::{Check, Finding, Rule, Severity, View};

const LOST: Rule = Rule::new("model.own_unusable", Severity::Critical);

pub(super) const CHECK: Check = Check { rules: &[&LOST], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let is_lost = view.posture.local.as_ref().is_some_and(|local| local.is_own_model_lost);
    let text = "the own model that is attached can't be used: decisions are made without it, and say so";
    let found =
        || LOST.found("models", text.to_owned(), "attach a version that can be used, or detach this one");
    is_lost.then(found).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn an_attached_model_that_can_not_be_used_is_found() {
        let told = |is_own_model_lost| {
            let mut here = posture();
            let mut ours = local();
            ours.is_own_model_lost = is_own_model_lost;
            here.local = Some(ours);
            codes(&here, &expected())
        };
        assert_eq!(told(false), [""; 0]);
        assert_eq!(told(true), ["model.own_unusable"]);
    }
}
