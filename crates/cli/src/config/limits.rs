//! `[tenants.<name>.limits]` and `[server.limits]`: how often a tenant, a caller and an address may ask.

use serde::Deserialize;

/// `[tenants.<name>.limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Decisions a second, with twice as many at once; outcomes and the short form have as many again each. 0: any number.
    pub decisions_per_second: u32,
    /// The same for the decisions of one client. 0: any number.
    pub decisions_per_second_per_client: u32,
    /// Entries of the log a second, with twice as many at once; messages of the event stream have as many again. 0: any number.
    pub log_entries_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = countersign_server::Limits::default();
        Self {
            decisions_per_second: limits.decisions_per_second,
            decisions_per_second_per_client: limits.decisions_per_second_per_client,
            log_entries_per_second: limits.log_entries_per_second,
        }
    }
}

impl From<Limits> for countersign_server::Limits {
    fn from(limits: Limits) -> Self {
        let Limits { decisions_per_second, decisions_per_second_per_client, log_entries_per_second } = limits;
        Self { decisions_per_second, decisions_per_second_per_client, log_entries_per_second }
    }
}

/// `[server.limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallerLimits {
    /// Requests a second of one caller who is known. 0: any number.
    pub requests_per_second: u32,
    /// Requests of one caller that may come at once.
    pub requests_at_once: u32,
    /// Sign-ins, and credentials that nobody knows, of one address a minute. 0: any number.
    pub attempts_per_minute: u32,
    /// Such attempts that may come at once.
    pub attempts_at_once: u32,
}

impl Default for CallerLimits {
    fn default() -> Self {
        let limits = countersign_server::CallerLimits::default();
        Self {
            requests_per_second: limits.requests_per_second,
            requests_at_once: limits.requests_at_once,
            attempts_per_minute: limits.attempts_per_minute,
            attempts_at_once: limits.attempts_at_once,
        }
    }
}

impl CallerLimits {
    /// Everything that is wrong with the values, a line each.
    pub(super) fn faults(self) -> Vec<String> {
        let at_once = [("requests", self.requests_at_once), ("attempts", self.attempts_at_once)];
        let none = at_once.into_iter().filter(|(_, at_once)| *at_once == 0);
        none.map(|(what, _)| format!("`server.limits.{what}_at_once`: at least 1")).collect()
    }
}

impl From<CallerLimits> for countersign_server::CallerLimits {
    fn from(limits: CallerLimits) -> Self {
        let CallerLimits { requests_per_second, requests_at_once, attempts_per_minute, attempts_at_once } =
            limits;
        Self { requests_per_second, requests_at_once, attempts_per_minute, attempts_at_once }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn a_tenant_has_500_decisions_and_entries_a_second_unless_said_otherwise() {
        let limits = |text: &str| parse(text, vec![]).unwrap().tenants.values().next().unwrap().limits;
        let standard = Limits {
            decisions_per_second: 500,
            decisions_per_second_per_client: 0,
            log_entries_per_second: 500,
        };
        assert_eq!(limits("[tenants.acme]\n"), standard);
        let own = limits("[tenants.acme.limits]\ndecisions_per_second_per_client = 20\n");
        assert_eq!(own, Limits { decisions_per_second_per_client: 20, ..standard });
        assert_eq!(limits("[tenants.acme.limits]\ndecisions_per_second = 0\n").decisions_per_second, 0);
        let entries = limits("[tenants.acme.limits]\nlog_entries_per_second = 2_000\n");
        assert_eq!(entries, Limits { log_entries_per_second: 2_000, ..standard });
    }

    #[test]
    fn a_negative_limit_is_told_with_its_path() {
        let told =
            parse("[tenants.acme.limits]\ndecisions_per_second = -1\n", vec![]).unwrap_err().to_string();
        assert!(told.starts_with("`tenants.acme.limits.decisions_per_second`: "), "{told}");
    }

    #[test]
    fn callers_and_addresses_have_limits_unless_said_otherwise() {
        let limits = |text: &str| parse(text, vec![]).map(|config| config.server.limits);
        let standard = CallerLimits {
            requests_per_second: 50,
            requests_at_once: 200,
            attempts_per_minute: 10,
            attempts_at_once: 30,
        };
        assert_eq!(limits("").unwrap(), standard);
        let own = limits("[server.limits]\nattempts_per_minute = 0\n").unwrap();
        assert_eq!(own, CallerLimits { attempts_per_minute: 0, ..standard });
        let told = limits("[server.limits]\nrequests_at_once = 0\n").unwrap_err().to_string();
        assert!(told.contains("`server.limits.requests_at_once`: at least 1"), "{told}");
    }
}
