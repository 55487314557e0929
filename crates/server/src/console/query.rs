//! What an address says, and addresses that say it: every state of a page has one.

use axum::extract::{Query, rejection::QueryRejection};
use countersign_app::{
    DecisionFilter,
    access::{Caller, Permit, ScopedPermit},
};
use countersign_core::{DecisionId, Level, OrganizationId, TenantId};
use countersign_rights::Action;

use super::fault::Fault;
use crate::Server;

/// The most parameters read; the longest address of our own has eight.
const MAX_PARAMETERS: usize = 32;

/// Parameters of an address or a form, in order.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of_query(
        query: Result<Query<Vec<(String, String)>>, QueryRejection>,
    ) -> Result<Self, Fault> {
        let Query(pairs) = query.map_err(|_| Fault::query("its parameters are no `name=value` pairs"))?;
        Self::new(pairs)
    }

    pub(super) fn new(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        if pairs.len() > MAX_PARAMETERS {
            return Err(Fault::query(format!("at most {MAX_PARAMETERS} parameters are read")));
        }
        Ok(Self(pairs))
    }

    /// The first value of this name that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// A text of several lines: browsers end each by two characters. Empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().replace("\r\n", "\n")
    }

    /// The values of this name that are not empty, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// Lets a caller do something at the tenant that an address names, or at the first that is theirs.
pub(super) async fn permitted(
    server: &Server,
    caller: &Caller,
    action: Action,
    parameters: &Parameters,
) -> Result<Permit, Fault> {
    let id = tenant(server, caller, parameters)?;
    Ok(server.0.app.permit(caller, action, &id).await?)
}

/// The same with decisions there, or with those of the organizations that are theirs.
pub(super) async fn permitted_within(
    server: &Server,
    caller: &Caller,
    action: Action,
    parameters: &Parameters,
) -> Result<ScopedPermit, Fault> {
    let id = tenant(server, caller, parameters)?;
    Ok(server.0.app.permit_within(caller, action, &id).await?)
}

fn tenant(server: &Server, caller: &Caller, parameters: &Parameters) -> Result<TenantId, Fault> {
    match parameters.get("tenant") {
        Some(name) => name.parse().map_err(|_| Fault::from(countersign_app::Error::UnknownTenant)),
        None => server.0.app.tenants_of(caller).into_iter().next().ok_or_else(|| {
            Fault::new(
                axum::http::StatusCode::NOT_FOUND,
                "No tenant",
                "there is no tenant that you have a role at; an administrator can grant one",
            )
        }),
    }
}

/// Whoever reads a page: what its frame shows, and which forms it has.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    /// The tenants that a page can link to, in order.
    pub(super) tenants: Vec<TenantId>,
    /// Their name.
    pub(super) name: String,
    /// Whether several people may stand behind the session, so that forms ask who it is.
    pub(super) is_shared: bool,
    /// Whether they broke the glass.
    pub(super) is_break_glass: bool,
    /// The sections of the console that they may open, each with the tenant at which.
    pub(super) sections: Vec<(TenantId, Section)>,
}

/// A part of the console, beside the decisions that everybody begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    /// Where it is.
    pub(super) path: &'static str,
    /// What it is called.
    pub(super) name: &'static str,
    /// What it takes to open it.
    action: Action,
}

/// All of them, in the order of the bar.
pub(super) const SECTIONS: [Section; 8] = [
    Section { path: "/tenant", name: "Findings", action: Action::ReadFindings },
    Section { path: "/incidents", name: "Incidents", action: Action::ReadIncidents },
    Section { path: "/plans", name: "Plans", action: Action::ReadPlans },
    Section { path: "/reviews", name: "Reviews", action: Action::ReadPlans },
    Section { path: "/alerts", name: "Alerts", action: Action::ReadIncidents },
    Section { path: "/users", name: "Users at risk", action: Action::ReadUsers },
    Section { path: "/models", name: "Models", action: Action::ReadModels },
    Section { path: "/access", name: "Access", action: Action::ReadAccess },
];

/// Who reads a page.
pub(super) fn reader(server: &Server, caller: &Caller) -> Reader {
    let app = &server.0.app;
    let tenants = app.tenants_of(caller);
    let at = |tenant: &TenantId| {
        let open = SECTIONS.into_iter().filter(|section| app.may(caller, section.action, tenant));
        open.map(|section| (tenant.clone(), section)).collect::<Vec<_>>()
    };
    Reader {
        sections: tenants.iter().flat_map(at).collect(),
        tenants,
        name: caller.name().to_owned(),
        is_shared: caller.is_shared(),
        is_break_glass: caller.is_break_glass(),
    }
}

/// Reads the id of a decision out of a path.
pub(super) fn decision_id(text: &str) -> Result<DecisionId, Fault> {
    text.parse().map_err(|_| Fault::not_found("decision"))
}

/// Which decisions a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter {
    /// Of these levels, each once; empty means any.
    pub(super) levels: Vec<Level>,
    /// Of this organization.
    pub(super) organization: Option<OrganizationId>,
    /// Before this leaf (exclusive); `None`: from the newest on.
    pub(super) before: Option<u64>,
}

impl Filter {
    /// Reads `level` (any number of times), `organization` and `before`.
    ///
    /// # Errors
    /// Names the parameter that can't be read.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Fault> {
        let mut levels = Vec::new();
        for word in parameters.all("level") {
            let level: Level = word.parse().map_err(|error: countersign_core::UnknownWord| {
                Fault::query(format!("`level` is one of {}", error.known))
            })?;
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
        levels.sort();
        let organization = parameters.get("organization").map(str::parse).transpose();
        let organization =
            organization.map_err(|_| Fault::query("`organization` is an organization's id"))?;
        let before = parameters.get("before").map(str::parse).transpose();
        let before = before.map_err(|_| Fault::query("`before` is the index of a leaf"))?;
        Ok(Self { levels, organization, before })
    }

    /// Whether it leaves anything out, the page aside.
    pub(super) const fn is_narrow(&self) -> bool {
        !self.levels.is_empty() || self.organization.is_some()
    }

    /// The filter as the store takes it.
    pub(super) fn of_store(&self) -> DecisionFilter {
        let Self { levels, organization, before } = self.clone();
        DecisionFilter { levels, organization, before, ..DecisionFilter::default() }
    }

    /// An address below `path` with this filter.
    pub(super) fn link(&self, path: &str, tenant: &TenantId) -> Link {
        let Self { levels, organization, before } = self;
        let mut link = Link::to(path).with("tenant", tenant.as_str());
        for level in levels {
            link = link.with("level", level.as_str());
        }
        if let Some(organization) = organization {
            link = link.with("organization", organization.as_str());
        }
        match before {
            Some(before) => link.with("before", &before.to_string()),
            None => link,
        }
    }
}

/// An address that is put together safely.
pub(super) struct Link(String);

impl Link {
    /// Begins with a path; what is not plain in its segments is escaped.
    pub(super) fn to(path: &str) -> Self {
        Self(path.split('/').map(encode).collect::<Vec<_>>().join("/"))
    }

    /// Adds a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&encode(value));
        self
    }

    /// The same with those of the parameters that have a value.
    pub(super) fn with_those(self, pairs: &[(&str, Option<&str>)]) -> Self {
        pairs.iter().fold(self, |link, (name, value)| match value {
            Some(value) => link.with(name, value),
            None => link,
        })
    }

    /// The address.
    pub(super) fn done(self) -> String {
        self.0
    }
}

/// Escapes all but the unreserved characters (RFC 3986, section 2.3).
fn encode(text: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Why: writing to a string can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Filter, Fault> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Filter::read(&Parameters::new(pairs)?)
    }

    #[test]
    fn a_filter_survives_its_address() {
        let filter = Filter {
            levels: vec![Level::High, Level::Critical],
            organization: Some("org_1&level=low".parse().unwrap()),
            before: Some(17),
        };
        let link = filter.link("/", &"acme".parse().unwrap()).done();
        assert_eq!(
            link,
            "/?tenant=acme&level=high&level=critical&organization=org_1%26level%3Dlow&before=17"
        );
        let uri: axum::http::Uri = link.parse().unwrap();
        let query = Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
        assert_eq!(Filter::read(&Parameters::new(query.0).unwrap()).unwrap(), filter);
    }

    #[test]
    fn empty_values_mean_any_and_repeats_count_once() {
        let filter = read(&[
            ("level", ""),
            ("organization", ""),
            ("level", "high"),
            ("level", "low"),
            ("level", "high"),
        ]);
        assert_eq!(filter.unwrap().levels, [Level::Low, Level::High]);
        assert!(!read(&[("before", "5")]).unwrap().is_narrow());
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_repeated() {
        for pairs in [[("level", "<script>")], [("before", "-1")], [("organization", "a b")]] {
            let fault = read(&pairs).unwrap_err();
            assert!(
                format!("{fault:?}").contains(pairs[0].0) && !format!("{fault:?}").contains(pairs[0].1),
                "{fault:?}"
            );
        }
        assert!(Parameters::new(vec![Default::default(); MAX_PARAMETERS + 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_text_survives_an_address(value in "\\PC{1,40}") {
            let uri: axum::http::Uri = Link::to("/").with("q", &value).done().parse().unwrap();
            let query = Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
            prop_assert_eq!(&query.0[0].1, &value);
        }
    }
}
