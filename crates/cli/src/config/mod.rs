//! Configuration: defaults, then a file, then `COUNTERSIGN__SECTION__KEY`; faults are told all at once, with their place.

mod access;
mod acting;
mod enrichment;
mod gate;
mod hooks;
mod keys;
mod limits;
mod log_stream;
mod management;
mod messages;
mod overlay;
mod places;
mod public_url;
mod receivers;
mod reference;
mod retention;
mod reviews;
mod secret;
mod sections;
mod storage;
mod tickets;
mod tls;
mod was_this_you;

use std::path::Path;

use anyhow::{Context, bail};

use crate::toml_text;

pub use access::Oidc;
pub use acting::Acting;
#[cfg(test)]
pub(crate) use keys::sample;
pub use keys::schema;
pub use management::{Management, address, host};
pub use receivers::{Built, Configured};
pub use secret::SecretReference;
pub use sections::{Config, LogFormat, Tenant};
pub use tls::Tls;

/// Reads the file, if one is named, and the environment over it.
///
/// # Errors
/// Everything that is wrong, in one message, a line each.
pub fn load(path: Option<&Path>) -> anyhow::Result<Config> {
    let text = match path {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?
        }
        None => String::new(),
    };
    parse(&text, overlay::environment()).with_context(|| match path {
        Some(path) => format!("`{}` and the environment", path.display()),
        None => "the environment".to_owned(),
    })
}

pub(crate) fn parse(text: &str, environment: Vec<(String, String)>) -> anyhow::Result<Config> {
    let mut table = toml_text::read(text)?;
    overlay::apply(&mut table, environment)?;
    let faults = keys::unknown(&table);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    let config: Config = serde_path_to_error::deserialize(toml::Value::Table(table))
        .map_err(|error| anyhow::anyhow!("`{}`: {}", error.path(), error.inner().to_string().trim()))?;
    let faults = config.faults();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse(text, vec![]).unwrap_err().to_string()
    }

    #[test]
    fn nothing_starts_safely() {
        let config = parse("", vec![]).unwrap();
        assert!(config.server.listen.ip().is_loopback());
        assert!(config.tenants.is_empty());
    }

    #[test]
    fn unknown_keys_are_told_all_at_once_with_a_suggestion() {
        let text = "[server]\nlisten = \"127.0.0.1:1\"\nhots = []\n[tenants.acme.policy.tenant]\nmoode = \"audit\"\n[zebra]\n";
        assert_eq!(
            fault(text),
            "`server.hots` is not known; did you mean `hosts`?\n\
             `tenants.acme.policy.tenant.moode` is not known; did you mean `mode`?\n\
             `zebra` is not known"
        );
    }

    #[test]
    fn a_wrong_type_or_word_is_told_with_its_path() {
        assert!(
            fault("[server]\nlisten = 7\n").starts_with("`server.listen`: "),
            "{}",
            fault("[server]\nlisten = 7\n")
        );
        let text = "[tenants.acme.policy.tenant]\nmode = \"enforced\"\n";
        assert!(
            fault(text).starts_with("`tenants.acme.policy.tenant.mode`: unknown variant `enforced`"),
            "{}",
            fault(text)
        );
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let environment = vec![("COUNTERSIGN__SERVER__LISTEN".to_owned(), "127.0.0.1:9".to_owned())];
        let config = parse("[server]\nlisten = \"127.0.0.1:1\"\n", environment).unwrap();
        assert_eq!(config.server.listen.port(), 9);
    }

    #[test]
    fn a_faulty_policy_is_told_with_its_path() {
        let text = "[tenants.acme.policy.tenant]\nrollout_percent = 101\n[tenants.acme.policy]\nclaim_namespace = \"x\"\n";
        let told = fault(text);
        assert!(told.contains("`tenants.acme.policy.claim_namespace`"), "{told}");
        assert!(told.contains("`tenants.acme.policy.tenant.rollout_percent`"), "{told}");
    }

    #[test]
    fn one_database_alone_and_too_short_a_retention_are_refused() {
        let told = fault(
            "[storage]\npostgres_url = \"env:A\"\npostgres_connections = 0\n[retention]\ndecisions_days = 1\n",
        );
        assert!(
            told.contains("`storage.postgres_keys_url`: records and people's keys have a database each"),
            "{told}"
        );
        assert!(told.contains("`storage.postgres_connections`"), "{told}");
        assert!(told.contains("`retention.decisions_days`: at least 2 days"), "{told}");
    }

    #[test]
    fn only_what_has_a_term_is_handed_to_the_job() {
        let config = parse("[retention]\noutcomes_days = 30\n", vec![]).unwrap();
        use countersign_app::Kept;
        let of_log = [(Kept::Incidents, 400), (Kept::Plans, 400), (Kept::Alerts, 400), (Kept::Log, 90)];
        assert_eq!(config.retention.kept(), [&[(Kept::Outcomes, 30)][..], &of_log].concat());
        assert_eq!(parse("", vec![]).unwrap().retention.kept(), of_log);
        let for_ever =
            parse("[retention]\nlog_days = 0\nalert_days = 0\nincident_days = 0\nplan_days = 0\n", vec![]);
        assert_eq!(for_ever.unwrap().retention.kept(), []);
        let short =
            parse("[retention]\nlog_days = 7\nalert_days = 8\nincident_days = 1\nplan_days = 7\n", vec![]);
        let told = format!("{:#}", short.unwrap_err());
        for key in ["log_days", "incident_days", "plan_days"] {
            assert!(told.contains(&format!("`retention.{key}`: at least 8 days, or 0 for ever")), "{told}");
        }
        assert!(!told.contains("alert_days"), "{told}");
    }

    #[test]
    fn every_documented_key_is_taken_and_every_taken_key_is_documented() {
        let text = sample();
        let config = parse(&text, vec![]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(config.tenants.len(), 1);
    }
}
