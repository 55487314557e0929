//! Domains by which organizations are found.

use countersign_auth0::{Dictionary, management::discovery_domains};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Back, Evidence, FaultCode, Kind, Organization, Reverse, Scope, Write, draft::Draft, wants::Wants,
};
use crate::{Claim, Keep, Look, Part, Template};

/// The most domains of an organization ("Entity limits").
const MOST: usize = 100;

/// A domain that an organization is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddDomain {
    /// The organization.
    pub organization: Organization,
    /// The domain, in lower case.
    pub domain: String,
    /// Whether it is proved. The API takes that at our word, so that evidence of our own proof has to be given.
    #[serde(default)]
    pub is_verified: bool,
    /// Whether people are led to the organization by it.
    #[serde(default)]
    pub is_used: bool,
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

impl AddDomain {
    pub(super) fn reads(&self, wants: &mut Wants) {
        if let Some(id) = self.organization.id() {
            wants.read(discovery_domains::list(id));
        }
    }

    fn is_proved(&self, draft: &Draft<'_>) -> bool {
        draft
            .evidence()
            .iter()
            .any(|evidence| matches!(evidence, Evidence::Domain { domain, .. } if *domain == self.domain))
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        let Some(place) = draft.place(&self.organization) else { return };
        if !is_domain(&self.domain) {
            return draft.fault("domain", FaultCode::Shape, "a domain is such as `example.com`");
        }
        if self.is_verified && !self.is_proved(draft) {
            let right = "our own proof that the domain is theirs has to be among the evidence";
            return draft.fault("is_verified", FaultCode::Unproved, right);
        }
        // Why tenant-wide: two organizations can't be found by the same domain.
        if !draft.touch(format!("domain {}", self.domain), "domain") {
            return;
        }
        let list = discovery_domains::list(&place.id);
        if !place.is_made {
            let Some(there) = draft.list(&list, "organization") else { return };
            let is_it = |one: &Value| one.get("domain").and_then(Value::as_str) == Some(self.domain.as_str());
            if there.iter().any(is_it) {
                return draft.fault("domain", FaultCode::Exists, "the organization may not have it");
            }
            if there.len() >= MOST {
                return draft.fault("domain", FaultCode::TooMany, "an organization has 100 at the most");
            }
        }
        let mut fields = Map::new();
        fields.insert("domain".to_owned(), json!(self.domain));
        fields.insert("status".to_owned(), json!(if self.is_verified { "verified" } else { "pending" }));
        fields.insert("use_for_organization_discovery".to_owned(), json!(self.is_used));
        let read = place.template(&list);
        let item = vec![Claim::is("/domain", Part::text(self.domain.as_str()))];
        let create = place.template(&discovery_domains::create(&place.id, Dictionary::from(fields)));
        let mut write = Write::with(
            create,
            vec![Look::not_among(read.clone(), item.clone())],
            vec![Look::among(read, item.clone(), vec![])],
        );
        write.keeps = vec![Keep::id("id", "/id")];
        let scope = Scope::organization(&self.organization);
        let mut step = draft.step(Kind::AddDiscoveryDomain, scope.clone(), write, Back::Kept);
        let parameters = vec![place.part.clone(), Part::answer(&step.name, "id")];
        let get = Template::new("discovery_domains.get", parameters.clone());
        let delete = Template::new("discovery_domains.delete", parameters);
        let write = Write::with(delete, vec![Look::at(get.clone(), item)], vec![Look::gone(get)]);
        step.back = Back::By(vec![Reverse { kind: Kind::RemoveDiscoveryDomain, scope, write }]);
        draft.steps.push(step);
    }
}
