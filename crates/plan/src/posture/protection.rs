//! Whether the tenant's own attack protection is on.

use serde_json::Value;

use super::{Area, Check, Finding, Rule, Severity, View};

const OFF: Rule = Rule::new("protection.off", Severity::Warning).of(&[Area::Protection]);

pub(super) const CHECK: Check = Check { rules: &[&OFF], run };

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Protection) {
        return Vec::new();
    }
    let is_off =
        |settings: &countersign_auth0::Dictionary| settings.get("enabled") == Some(&Value::Bool(false));
    let off = view.posture.shields.iter().filter(|(_, settings)| is_off(settings));
    let found = off.map(|(shield, _)| {
        let text = format!("the tenant's `{}` is off", shield.as_str());
        OFF.found(
            shield.as_str(),
            text,
            "switch it on in the Auth0 dashboard under Security, Attack Protection",
        )
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{
        Shield,
        testing::{codes, expected, posture},
    };

    #[test]
    fn a_shield_that_is_off_is_found() {
        let mut off = posture();
        let settings = |is_on: bool| serde_json::from_value(json!({"enabled": is_on})).unwrap();
        off.shields.insert(Shield::BruteForce, settings(false));
        off.shields.insert(Shield::BreachedPasswords, settings(true));
        assert_eq!(codes(&off, &expected()), ["protection.off"]);
    }
}
