//! TLS: `[server.tls]`, and the client certificates that a tenant is bound to.

use std::path::PathBuf;

use anyhow::Context;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use serde::Deserialize;

use super::sections::{Config, Tenant};

/// `[server.tls]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, PEM, the server's own first.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authorities of client certificates, PEM; `None`: none are asked for.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Whether nobody may connect without a client certificate.
    #[serde(default)]
    pub require_client_certificate: bool,
}

impl Tenant {
    /// Whether its requests may come with certain client certificates only.
    pub fn is_bound(&self) -> bool {
        !(self.client_certificate_sha256.is_empty() && self.client_names.is_empty())
    }

    /// The fingerprints of its client certificates as bytes.
    pub fn fingerprints(&self) -> anyhow::Result<Vec<[u8; 32]>> {
        let parsed = self.client_certificate_sha256.iter().map(|text| parse(text));
        parsed.collect::<Option<_>>().context("a fingerprint is 64 hexadecimal digits")
    }

    /// The names of its client certificates as such.
    pub fn names(&self) -> impl Iterator<Item = Result<ServerName<'static>, InvalidDnsNameError>> + '_ {
        self.client_names.iter().map(|name| ServerName::try_from(name.clone()))
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let digits = text.replace(':', "");
    let is_hex = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2).filter(|_| is_hex)?, 16).ok()?;
    }
    Some(bytes)
}

/// What is wrong with where it listens and for whom, a line each.
pub(super) fn faults(config: &Config) -> Vec<String> {
    let (server, mut faults) = (&config.server, Vec::new());
    match &server.tls {
        None if !server.listen.ip().is_loopback() && !server.behind_tls_proxy => faults.push(
            "`server.listen`: without TLS only a loopback address is possible, such as `127.0.0.1:8377`; configure `[server.tls]`, or set `server.behind_tls_proxy` where a proxy with TLS is before it"
                .to_owned(),
        ),
        Some(_) if server.behind_tls_proxy => faults.push(
            "`server.behind_tls_proxy`: says that plain HTTP is meant, and `[server.tls]` says that it is not; leave one of them out"
                .to_owned(),
        ),
        Some(tls) if tls.require_client_certificate && tls.client_ca.is_none() => faults.push(
            "`server.tls.require_client_certificate`: needs `server.tls.client_ca`, the authorities whose certificates are accepted"
                .to_owned(),
        ),
        _ => {}
    }
    let asks = server.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    for (id, tenant) in &config.tenants {
        if tenant.is_bound() && !asks {
            faults.push(format!(
                "`tenants.{id}`: `client_certificate_sha256` and `client_names` need `server.tls.client_ca`; without it no client certificate is asked for"
            ));
        }
        if let Err(error) = tenant.fingerprints() {
            faults.push(format!("`tenants.{id}.client_certificate_sha256`: {error}"));
        }
        if !tenant.names().all(|name| matches!(name, Ok(ServerName::DnsName(_)))) {
            faults.push(format!("`tenants.{id}.client_names`: DNS names without wildcards"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::parse as parse_config;

    const TLS: &str = "[server.tls]\ncertificate = \"c\"\nkey = \"k\"\n";
    const WITH_CLIENTS: &str = "[server.tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_ca = \"a\"\n";

    fn fault(text: &str) -> String {
        parse_config(text, vec![]).unwrap_err().to_string()
    }

    #[test]
    fn plain_http_beyond_loopback_is_refused_unless_a_proxy_is_before_it() {
        let listen = "[server]\nlisten = \"0.0.0.0:8377\"\n";
        assert_eq!(
            fault(listen),
            "`server.listen`: without TLS only a loopback address is possible, such as `127.0.0.1:8377`; \
             configure `[server.tls]`, or set `server.behind_tls_proxy` where a proxy with TLS is before it"
        );
        let proxied = format!("{listen}behind_tls_proxy = true\npublic_url = \"https://a.example\"\n");
        assert!(parse_config(&proxied, vec![]).is_ok());
        assert!(parse_config(&format!("{listen}{TLS}"), vec![]).is_ok());
    }

    #[test]
    fn settings_that_contradict_each_other_are_told_with_their_path() {
        for (text, path) in [
            (
                format!("[server]\nbehind_tls_proxy = true\npublic_url = \"https://a.example\"\n{TLS}"),
                "`server.behind_tls_proxy`",
            ),
            (format!("{TLS}require_client_certificate = true\n"), "`server.tls.require_client_certificate`"),
            (format!("{TLS}[tenants.acme]\nclient_names = [\"a.example\"]\n"), "`tenants.acme`: "),
            (
                format!("{WITH_CLIENTS}[tenants.acme]\nclient_names = [\"*.a.example\"]\n"),
                "`tenants.acme.client_names`",
            ),
            (
                format!("{WITH_CLIENTS}[tenants.acme]\nclient_names = [\"192.0.2.1\"]\n"),
                "`tenants.acme.client_names`",
            ),
            (
                format!("{WITH_CLIENTS}[tenants.acme]\nclient_certificate_sha256 = [\"ab\"]\n"),
                "`tenants.acme.client_certificate_sha256`",
            ),
            ("[server.tls]\nkey = \"k\"\n".to_owned(), "`server.tls`: missing field `certificate`"),
        ] {
            assert!(fault(&text).starts_with(path), "{text}\n{}", fault(&text));
        }
    }

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons_and_nothing_else_is() {
        let plain = "0a".repeat(32);
        let colons = vec!["0A"; 32].join(":");
        for text in [&plain, &colons] {
            assert_eq!(super::parse(text), Some([10; 32]), "{text}");
        }
        for text in ["", "0a", &"0a".repeat(33), &"zz".repeat(32), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(super::parse(text), None, "{text}");
        }
    }
}
