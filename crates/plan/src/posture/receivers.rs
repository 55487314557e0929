//! Whoever is to be told: a receiver that takes nothing is found before something happens.

use super::{Check, Finding, Rule, Severity, View};

const DEAF: Rule = Rule::new("notifications.deaf", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&DEAF], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(local) = &view.posture.local else { return Vec::new() };
    let found = local.deaf_receivers.iter().map(|(name, why)| {
        let text = format!("the receiver `{name}` would take no message: {why}");
        DEAF.found(name, text, "mend what is said there, then try it by `countersign notify test`")
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn each_receiver_that_takes_nothing_is_found() {
        let told = |names: &[&str]| {
            let mut here = posture();
            let mut ours = local();
            ours.deaf_receivers = names.iter().map(|name| ((*name).to_owned(), "no".to_owned())).collect();
            here.local = Some(ours);
            codes(&here, &expected())
        };
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&["soc", "ops"]), ["notifications.deaf"; 2]);
    }
}
