//! The names that the service answers to.

use super::{Check, Finding, Rule, Severity, View};

const NONE: Rule = Rule::new("host.none", Severity::Critical);
const ENDPOINT: Rule = Rule::new("host.endpoint", Severity::Critical);

pub(super) const CHECK: Check = Check { rules: &[&NONE, &ENDPOINT], run };

/// The host of an address, with its port where it has one.
fn host(endpoint: &str) -> Option<&str> {
    let (_, rest) = endpoint.split_once("://")?;
    rest.split('/').next().filter(|host| !host.is_empty())
}

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(local) = view.posture.local.as_ref().filter(|local| local.is_public) else { return Vec::new() };
    if local.hosts.is_empty() {
        let text =
            "the service is reached from outside and answers to no name, so that every request is refused";
        return vec![NONE.found("hosts", text, "name it in `server.hosts`, as Actions call it")];
    }
    let Some(called) = view.expected.log_endpoint.as_deref().and_then(host) else { return Vec::new() };
    if local.hosts.iter().any(|host| host.eq_ignore_ascii_case(called)) {
        return Vec::new();
    }
    let text = "our log stream calls the service by a name that it does not answer to";
    vec![ENDPOINT.found("hosts", text, "add that name to `server.hosts`, unless a proxy rewrites it")]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, local, posture};

    #[test]
    fn a_public_service_answers_to_the_name_it_is_called_by() {
        let mut here = posture();
        here.local = Some(local());
        assert_eq!(codes(&here, &expected()), [""; 0]);
        here.local.as_mut().unwrap().hosts = vec!["other.example".to_owned()];
        assert_eq!(codes(&here, &expected()), ["host.endpoint"]);
        here.local.as_mut().unwrap().hosts.clear();
        assert_eq!(codes(&here, &expected()), ["host.none"]);
        here.local.as_mut().unwrap().is_public = false;
        assert_eq!(codes(&here, &expected()), [""; 0]);
    }
}
