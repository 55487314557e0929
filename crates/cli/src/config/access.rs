//! `[access]` and `[tenants.<name>.api]`: who may sign in, and whose access tokens are taken.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use countersign_adapters::oidc::{self, Authentication, DEFAULT_TIMEOUT, Provider, TenantTokens};
use countersign_app::access::provider::{AccessTokens, IdentityProvider};
use countersign_core::{Clock, OrganizationId, TenantId};
use countersign_rights::{Grant, Place, Role};
use serde::Deserialize;

use super::{Management, SecretReference, address};

/// The most policies' files that are read.
const MAX_FILES: usize = 64;

/// `[access]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// A folder with policies (`*.cedar`) beside the shipped ones.
    pub policies: Option<PathBuf>,
    /// Where people sign in; `None`: by one-time links alone.
    pub oidc: Option<Oidc>,
    /// What values of the provider's claim grant.
    pub claims: Vec<Claim>,
    /// How old a sign-in may be by which somebody changes who may do what, or approves, in hours.
    pub fresh_hours: Option<u16>,
}

/// `[access.oidc]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider, exactly as its tokens name it.
    pub issuer: String,
    /// The client that the console is there.
    pub client_id: String,
    /// Its secret; `None`: it has none, and PKCE alone proves it.
    pub client_secret: Option<SecretReference>,
    /// What is asked for besides `openid`.
    #[serde(default = "profile")]
    pub scopes: Vec<String>,
    /// The claim whose values `access.claims` gives roles for.
    pub roles_claim: Option<String>,
    /// Hosts besides the issuer's where its endpoints may be.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Certificates of authorities in PEM, in place of the system's.
    pub ca: Option<PathBuf>,
}

/// One of `access.claims`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The value.
    pub value: String,
    /// The role.
    pub role: Role,
    /// At which tenant; `None`: at all.
    pub tenant: Option<TenantId>,
    /// At which organization of it, for a `tenant_admin`.
    pub organization: Option<OrganizationId>,
}

/// `[tenants.<name>.api]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// What our API is called at the tenant.
    pub audience: String,
    /// Where the tenant is; that of `management` when absent.
    pub domain: Option<String>,
    /// Its custom domains.
    #[serde(default)]
    pub custom_domains: Vec<String>,
    /// Certificates of authorities in PEM, in place of the system's.
    pub ca: Option<PathBuf>,
}

fn profile() -> Vec<String> {
    vec!["profile".to_owned()]
}

impl Claim {
    fn grant(&self) -> Result<Grant, String> {
        let at = match (&self.tenant, &self.organization) {
            (None, None) => Place::Installation,
            (Some(tenant), None) => Place::Tenant(tenant.clone()),
            (Some(tenant), Some(organization)) => Place::Organization(tenant.clone(), organization.clone()),
            (None, Some(_)) => return Err("an organization is one of a tenant".to_owned()),
        };
        Grant::new(self.role, at).map_err(|error| error.to_string())
    }
}

impl Access {
    /// How old a sign-in may be for what is grave; `None`: as it is by default.
    pub fn fresh(&self) -> Option<Duration> {
        self.fresh_hours.map(|hours| Duration::from_secs(u64::from(hours) * 3_600))
    }

    /// Everything that is wrong with the values, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> = self
            .claims
            .iter()
            .enumerate()
            .filter_map(|(at, claim)| {
                claim.grant().err().map(|error| format!("`access.claims[{at}]`: {error}"))
            })
            .collect();
        let names_claim = self.oidc.as_ref().is_some_and(|oidc| oidc.roles_claim.is_some());
        if !self.claims.is_empty() && !names_claim {
            faults.push(
                "`access.claims`: `access.oidc.roles_claim` must say which claim they are values of"
                    .to_owned(),
            );
        }
        if self.fresh_hours == Some(0) {
            faults.push("`access.fresh_hours`: at least 1".to_owned());
        }
        faults
    }

    /// What values of the provider's claim grant.
    pub fn grants(&self) -> Vec<(String, Grant)> {
        let grant = |claim: &Claim| Some((claim.value.clone(), claim.grant().ok()?));
        self.claims.iter().filter_map(grant).collect()
    }

    /// The operator's policies, in the order of their files' names.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn read_policies(&self) -> anyhow::Result<Vec<(String, String)>> {
        let Some(folder) = &self.policies else { return Ok(Vec::new()) };
        let told = || format!("`access.policies`: can't read `{}`", folder.display());
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(told)? {
            let path = entry.with_context(told)?.path();
            if path.extension().is_some_and(|extension| extension == "cedar") {
                paths.push(path);
            }
        }
        anyhow::ensure!(paths.len() <= MAX_FILES, "`access.policies`: at most {MAX_FILES} files are read");
        paths.sort();
        let read = |path: PathBuf| {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("can't read `{}`", path.display()))?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Ok((name.unwrap_or_default(), text))
        };
        paths.into_iter().map(read).collect()
    }

    /// The provider, ready to be asked.
    ///
    /// # Errors
    /// When a secret or a certificate can't be read, or the values don't fit.
    pub fn provider(&self, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Arc<dyn IdentityProvider>>> {
        let Some(oidc) = &self.oidc else { return Ok(None) };
        let authentication = match &oidc.client_secret {
            Some(reference) => {
                Authentication::Basic(reference.fetch().context("`access.oidc.client_secret`")?)
            }
            None => Authentication::None,
        };
        let settings = oidc::Settings {
            issuer: oidc.issuer.clone(),
            client_id: oidc.client_id.clone(),
            authentication,
            scopes: oidc.scopes.clone(),
            roles_claim: oidc.roles_claim.clone(),
            hosts: oidc.hosts.clone(),
            authorities: authorities(oidc.ca.as_ref())?,
            timeout: DEFAULT_TIMEOUT,
        };
        let provider = Provider::new(settings, Arc::clone(clock)).context("`access.oidc`")?;
        Ok(Some(Arc::new(provider)))
    }
}

impl Api {
    /// What verifies the tenant's access tokens.
    ///
    /// # Errors
    /// When a certificate can't be read, or the values don't fit.
    pub fn tokens(
        &self,
        management: Option<&Management>,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Arc<dyn AccessTokens>> {
        let domain = self.domain.as_deref().or(management.map(|management| &*management.domain));
        let domain = domain.context("`domain`: where the tenant is, as `management` does not say it")?;
        let custom_domains = self.custom_domains.iter().map(|domain| address(domain).parse());
        let settings = oidc::TenantSettings {
            tenant: address(domain).parse().context("`domain`")?,
            custom_domains: custom_domains.collect::<Result<_, _>>().context("`custom_domains`")?,
            audience: self.audience.clone(),
            authorities: authorities(self.ca.as_ref())?,
            timeout: DEFAULT_TIMEOUT,
        };
        Ok(Arc::new(TenantTokens::new(settings, Arc::clone(clock))?))
    }
}

fn authorities(path: Option<&PathBuf>) -> anyhow::Result<Option<Vec<u8>>> {
    let read =
        |path: &PathBuf| std::fs::read(path).with_context(|| format!("can't read `{}`", path.display()));
    path.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn what_claims_can_not_grant_is_told_with_its_place() {
        let text = "[access.oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"x\"\n\
            [[access.claims]]\nvalue = \"ops\"\nrole = \"operator\"\norganization = \"org_1\"\n\
            [[access.claims]]\nvalue = \"boss\"\nrole = \"tenant_admin\"\ntenant = \"acme\"\n";
        let told = parse(text, vec![]).unwrap_err().to_string();
        for part in ["`access.claims[0]`", "`access.claims[1]`", "`access.oidc.roles_claim`"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn a_secret_is_a_reference() {
        let text = "[access.oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"x\"\nclient_secret = \"hunter2\"\n";
        let told = parse(text, vec![]).unwrap_err().to_string();
        assert!(
            told.starts_with("`access.oidc.client_secret`: a secret is a reference")
                && !told.contains("hunter2"),
            "{told}"
        );
    }
}
