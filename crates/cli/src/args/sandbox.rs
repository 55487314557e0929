//! `countersign sandbox`

use std::{net::SocketAddr, path::PathBuf};

use clap::Args as ClapArgs;
use countersign_core::Timestamp;
use countersign_sandbox::{stream::Mishaps, tenant::Plan};

/// `countersign sandbox`
#[derive(Debug, ClapArgs)]
pub struct Sandbox {
    /// Address and port; without TLS a loopback address.
    #[arg(long, default_value = "127.0.0.1:8378")]
    pub listen: SocketAddr,
    /// The certificate chain, PEM, the server's own first.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// How the tenant is reached, where that is not the address that it listens at.
    #[arg(long)]
    pub url: Option<String>,
    /// The client that may do anything from the start; one is made up without it.
    #[arg(long, value_name = "ID:SECRET")]
    pub client: Option<Client>,
    /// What all chance follows from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The plan whose rate limits hold: free, essentials, professional, enterprise, unlimited.
    #[arg(long, default_value = "unlimited", value_parser = plan)]
    pub plan: Plan,
    /// How fast the tenant's clock runs.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Fill a new tenant by this file: organizations, people, habits, days of history, attacks past and to come
    /// (docs/scenarios.md; examples in `scenarios/`).
    #[arg(long, value_name = "FILE", conflicts_with = "people")]
    pub scenario: Option<PathBuf>,
    /// Fill a new tenant by the scenario that is built in, three companies, with so many days of history.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(0..=90))]
    pub people: Option<u16>,
    /// How log and event streams go wrong, each in a share of all cases from 0 to 1: duplicate, reorder, fail (the first try),
    /// lose. In the place of what the scenario says.
    #[arg(long, value_name = "NAME=SHARE,…")]
    pub stream_mishaps: Option<Mishaps>,
    /// Write the history of the scenario to this file as JSON lines, as a log stream would send it, the ids of what attackers
    /// did to the same name with `.labels.jsonl`, and end.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["state", "url", "tls_cert", "speed"])]
    pub export_logs: Option<PathBuf>,
    /// When the history ends that is written out, such as 2026-10-01T00:00:00Z; now without it.
    #[arg(long, value_name = "INSTANT", requires = "export_logs")]
    pub until: Option<Timestamp>,
    /// Keep the tenant in this file.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// A client's id and secret. Has no `Debug` that shows the secret.
#[derive(Clone)]
pub struct Client {
    /// The id.
    pub id: String,
    /// The secret.
    pub secret: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::str::FromStr for Client {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (id, secret) = text.split_once(':').unwrap_or_default();
        if id.is_empty() || secret.is_empty() {
            return Err("an id and a secret with a colon between them");
        }
        Ok(Self { id: id.to_owned(), secret: secret.to_owned() })
    }
}

fn plan(text: &str) -> Result<Plan, &'static str> {
    Plan::parse(text).ok_or("one of free, essentials, professional, enterprise, unlimited")
}

fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.parse().ok().filter(|speed| (0.001..=1_000_000.0).contains(speed));
    speed.ok_or("a number from 0.001 to 1000000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_needs_both_and_its_secret_is_not_shown() {
        let client: Client = "a:b:c".parse().unwrap();
        assert_eq!((client.id.as_str(), client.secret.as_str()), ("a", "b:c"));
        assert!(!format!("{client:?}").contains("b:c"));
        for text in ["", "a", "a:", ":b"] {
            assert!(text.parse::<Client>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_speed_has_bounds() {
        assert_eq!(speed("3600"), Ok(3_600.0));
        for text in ["0", "-1", "NaN", "inf", "x"] {
            assert!(speed(text).is_err(), "{text}");
        }
    }
}
