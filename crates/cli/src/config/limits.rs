//! `[tenants.<name>.limits]`: how often a tenant may ask.

use serde::Deserialize;

/// `[tenants.<name>.limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Decisions a second, with twice as many at once; outcomes and the short form have as many again each. 0: any number.
    pub decisions_per_second: u32,
    /// The same for the decisions of one client. 0: any number.
    pub decisions_per_second_per_client: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = countersign_server::Limits::default();
        Self {
            decisions_per_second: limits.decisions_per_second,
            decisions_per_second_per_client: limits.decisions_per_second_per_client,
        }
    }
}

impl From<Limits> for countersign_server::Limits {
    fn from(limits: Limits) -> Self {
        let Limits { decisions_per_second, decisions_per_second_per_client } = limits;
        Self { decisions_per_second, decisions_per_second_per_client }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn a_tenant_has_500_decisions_a_second_unless_said_otherwise() {
        let limits = |text: &str| parse(text, vec![]).unwrap().tenants.values().next().unwrap().limits;
        let standard = Limits { decisions_per_second: 500, decisions_per_second_per_client: 0 };
        assert_eq!(limits("[tenants.acme]\n"), standard);
        let own = limits("[tenants.acme.limits]\ndecisions_per_second_per_client = 20\n");
        assert_eq!(own, Limits { decisions_per_second_per_client: 20, ..standard });
        assert_eq!(limits("[tenants.acme.limits]\ndecisions_per_second = 0\n").decisions_per_second, 0);
    }

    #[test]
    fn a_negative_limit_is_told_with_its_path() {
        let told =
            parse("[tenants.acme.limits]\ndecisions_per_second = -1\n", vec![]).unwrap_err().to_string();
        assert!(told.starts_with("`tenants.acme.limits.decisions_per_second`: "), "{told}");
    }
}
