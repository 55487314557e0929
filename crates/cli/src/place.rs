//! Where a command works: through a running server, or on the data itself.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use countersign_app::{
    App,
    access::{Caller, Permit},
    incidents::Entity,
    places::Places,
};
use countersign_core::TenantId;
use countersign_rights::{self as rights, Action, How, Principal, Rights};
use countersign_store::{Access, Store};
use reqwest::{Certificate, Method, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    args::At,
    commands::say,
    compose::{Base, open_store},
    config::Config,
    data_dir::DataDir,
    denied,
};

/// Who acts where nobody is named.
pub const OPERATOR: &str = "operator";

/// How long a running server has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a command works.
pub enum Place {
    /// Through a running server.
    Server(Remote),
    /// On the data itself.
    Here(Here),
}

impl Place {
    /// The server that is named, which asks for itself who may; else the data itself, opened for `access`, where a policy permits
    /// `action` to whoever has the data directory.
    pub async fn open(at: &At, tenant: &TenantId, access: Access, action: Action) -> anyhow::Result<Self> {
        let config = at.folder.load()?;
        match &at.url {
            Some(url) => Ok(Self::Server(Remote::new(&config, url, at.ca.as_deref())?)),
            None => Ok(Self::Here(Here::open(config, tenant, access, action).await?)),
        }
    }
}

/// The use cases over the data of one tenant.
pub struct Here {
    /// All use cases.
    pub app: Arc<App>,
    /// The tenant, and what is permitted there to whoever has the data directory.
    pub tenant: Permit,
}

impl Here {
    /// Opens data that is there, with its own keys; makes and records nothing.
    pub async fn open(
        config: Config,
        tenant: &TenantId,
        access: Access,
        action: Action,
    ) -> anyhow::Result<Self> {
        demand(&config, Some(tenant), action).await?;
        let (base, store, config) = find(config, tenant, access).await?;
        let app = base.existing_app(&config, store).await?;
        Self::permitted(app, tenant, action).await
    }

    async fn permitted(app: Arc<App>, tenant: &TenantId, action: Action) -> anyhow::Result<Self> {
        let tenant = app.permit(&Caller::local(How::Process), action, tenant).await?;
        Ok(Self { app, tenant })
    }

    /// As `open`, to read alone, with the operator's rule files, and with what tells where addresses are.
    pub async fn open_watching(
        config: Config,
        tenant: &TenantId,
        places: Option<Arc<dyn Places>>,
        action: Action,
    ) -> anyhow::Result<Self> {
        demand(&config, Some(tenant), action).await?;
        let (base, store, config) = find(config, tenant, Access::ReadOnly).await?;
        let app = base.existing_app_watching(&config, store, places).await?;
        Self::permitted(app, tenant, action).await
    }
}

/// Refuses what no policy permits to whoever has the data directory, at a tenant or, without one, of the data as a whole, before
/// anything is opened. A denial is a leaf, of the service where one owns the data.
pub async fn demand(config: &Config, tenant: Option<&TenantId>, action: Action) -> anyhow::Result<()> {
    let rights = Rights::with(&config.access.read_policies()?)?;
    let at = tenant.map_or(rights::Place::Installation, |tenant| rights::Place::Tenant(tenant.clone()));
    let verdict = rights.check(&Principal::local(How::Process), action, &at);
    if verdict.is_permitted {
        return Ok(());
    }
    if let Err(error) = denied::record(config, tenant, action).await {
        say(&format!("the denial could not be recorded: {error:#}"));
    }
    bail!(
        "`{action}` is not permitted to whoever has the data directory: {}",
        match &*verdict.policies {
            [] => "no policy permits it".to_owned(),
            policies => format!("it is forbidden by `{}`", policies.join("`, `")),
        }
    )
}

/// The keys and the store of a tenant that is there, and what is configured of that tenant alone.
async fn find(
    mut config: Config,
    tenant: &TenantId,
    access: Access,
) -> anyhow::Result<(Base, Store, Config)> {
    let configured = config.tenants.remove(tenant).unwrap_or_default();
    config.tenants = [(tenant.clone(), configured)].into();
    let base = Base::find(&config)?;
    let store = open_store(&config, access, &base.clock)
        .await
        .context("can't open the data; where a server owns them, work through that by --url")?;
    if !store.list_tenants().await?.contains(tenant) {
        bail!("`{}` holds no ledger of `{tenant}`", place(&config));
    }
    Ok((base, store, config))
}

/// What holds the records, in words without a secret.
pub fn place(config: &Config) -> String {
    if config.storage.is_postgres() {
        return "PostgreSQL".to_owned();
    }
    config.storage.directory.display().to_string()
}

/// What stands for an entity.
#[derive(Debug, Deserialize)]
pub struct Tags {
    /// For incidents and alerts.
    pub entity: String,
    /// For entries of the log; `None` for what is no account.
    pub account: Option<String>,
}

/// The environment variable with a service account's token, to be shown in place of the operator's.
pub const TOKEN_VARIABLE: &str = "COUNTERSIGN_TOKEN";

/// A running server and a token for it.
pub struct Remote {
    client: reqwest::Client,
    base: Url,
    token: String,
    /// Whether several people may have the token, so that a change says who it is.
    is_shared: bool,
}

impl Remote {
    /// The server at `url`, with the token of the environment, else the operator's.
    pub fn new(config: &Config, url: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let foreign = || format!("`{url}` is no address such as `http://127.0.0.1:8377`");
        let base = Url::parse(url).ok().filter(|base| !base.cannot_be_a_base()).with_context(foreign)?;
        anyhow::ensure!(
            base.scheme() == "https" || base.host_str().is_some_and(is_loopback),
            "`{url}`: the operator's token goes by plain HTTP to a loopback address only; use https"
        );
        #[expect(clippy::disallowed_methods, reason = "this is the cli, which reads the environment")]
        let of_environment = std::env::var(TOKEN_VARIABLE);
        let (token, is_shared) = match of_environment {
            Ok(token) => (token.trim().to_owned(), false),
            Err(_) => {
                let data = DataDir::found(&config.storage.directory).with_context(|| {
                    format!("no token: `{TOKEN_VARIABLE}` is not set, and the operator's is in the data directory, which `--config` or `--data` names")
                })?;
                let lines = data.operator_file().get()?;
                (lines.into_iter().next().context("no token")?, true)
            }
        };
        let builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        let client = match ca {
            Some(path) => builder.tls_certs_only(authorities(path)?),
            None if base.scheme() == "https" => builder,
            // Why: plain HTTP must not need the system's root certificates.
            None => builder.tls_certs_only([]),
        };
        let client =
            client.build().context("no client can be made: the system may have no root certificates")?;
        Ok(Self { client, base, token, is_shared })
    }

    /// Who acts, for a body: who is `named`, else the operator; `None` where the token says who it is.
    pub fn actor(&self, named: Option<&str>) -> Option<String> {
        self.is_shared.then(|| named.unwrap_or(OPERATOR).to_owned())
    }

    /// The address of a page of the server's console, given by its segments.
    pub fn page(&self, path: &[&str], query: &[(&str, &str)]) -> String {
        let mut address = self.base.clone();
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        address.query_pairs_mut().extend_pairs(query);
        address.into()
    }

    /// Gets what is at a path, given by its segments.
    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Value> {
        let (status, bytes) = self.send(Method::GET, path, query, None).await?;
        read(status, &bytes)
    }

    /// Sends a body; `None` where there is nothing of what it is about, or nothing any more.
    pub async fn find_by(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        body: &Value,
    ) -> anyhow::Result<Option<Value>> {
        let (status, bytes) = self.send(Method::POST, path, query, Some(body)).await?;
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(None);
        }
        read(status, &bytes).map(Some)
    }

    /// The tags of an entity at a tenant, which may stand in an address where its name may not; `None` for `None`.
    pub async fn entity(&self, tenant: &TenantId, entity: Option<&Entity>) -> anyhow::Result<Option<Tags>> {
        let Some(entity) = entity else { return Ok(None) };
        let body = serde_json::to_value(entity)?;
        let answer = self.call(Method::POST, &["v1", "entities", tenant.as_str()], Some(&body)).await?;
        Ok(Some(serde_json::from_value(answer).context("the server's answer is none of Countersign's")?))
    }

    /// Sends a body, if there is one, and returns the answer; a refusal is an error in the server's words.
    pub async fn call(&self, method: Method, path: &[&str], body: Option<&Value>) -> anyhow::Result<Value> {
        let (status, bytes) = self.send(method, path, &[], body).await?;
        read(status, &bytes)
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let mut address = self.base.clone();
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, address).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        // Why: the error's own text repeats the whole address, with what it names.
        let response = request.send().await.map_err(reqwest::Error::without_url).context("no answer")?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(reqwest::Error::without_url).context("no whole answer")?;
        Ok((status, bytes.to_vec()))
    }
}

/// The certificates in a file.
fn authorities(path: &Path) -> anyhow::Result<Vec<Certificate>> {
    let told = || format!("`{}` holds no certificates in PEM", path.display());
    let pem = std::fs::read(path).with_context(|| format!("can't read `{}`", path.display()))?;
    let found = Certificate::from_pem_bundle(&pem).with_context(told)?;
    anyhow::ensure!(!found.is_empty(), told());
    Ok(found)
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let digits = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || digits.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read(status: StatusCode, bytes: &[u8]) -> anyhow::Result<Value> {
    if !status.is_success() {
        bail!("the server refused with status {}: {}", status.as_u16(), refusal(bytes));
    }
    serde_json::from_slice(bytes).context("the server's answer is none of Countersign's")
}

/// What a problem says, and where.
fn refusal(bytes: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut words = text(&problem, "detail");
    if words.is_empty() {
        "no reason given".clone_into(&mut words);
    }
    for error in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
        words.push_str(&format!("\n`{}`: {}", text(error, "path"), text(error, "message")));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_never_goes_over_a_network_in_the_clear() {
        for (host, is_here) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1", false),
            ("[::ffff:10.0.0.1]", false),
        ] {
            assert_eq!(is_loopback(host), is_here, "{host}");
        }
        let (config, url) = (Config::default(), "http://decide.example.com");
        assert!(Remote::new(&config, url, None).err().unwrap().to_string().contains("use https"));
    }

    #[test]
    fn a_refusal_is_told_with_its_places() {
        let problem =
            br#"{"detail":"the policy has 1 faults","errors":[{"path":"document.x","message":"is wrong"}]}"#;
        assert_eq!(refusal(problem), "the policy has 1 faults\n`document.x`: is wrong");
        assert_eq!(refusal(b"<html>"), "no reason given");
    }
}
