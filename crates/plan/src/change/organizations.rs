//! Organizations themselves.

use std::collections::BTreeMap;

use countersign_auth0::{
    Dictionary,
    management::{OrganizationName, discovery_domains, enabled_connections, members, organizations},
};
use countersign_core::OrganizationId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Back, FaultCode, Found, Kind, Organization, Reverse, Scope, Write,
    draft::{Draft, Place},
    wants::Wants,
};
use crate::{Claim, Keep, Look, Part};

/// The most pairs of metadata, and the longest key and value (Auth0 docs, "Organizations": metadata).
const PAIRS: usize = 25;
const LONGEST: usize = 255;

/// Logo and colors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branding {
    /// Where the logo is, by HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
    /// Both colors, which go together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colors: Option<Colors>,
}

/// Colors, as `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Colors {
    /// Of what can be pressed.
    pub primary: String,
    /// Behind all else.
    pub page_background: String,
}

/// An organization that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// The name: 1 to 50 lower-case letters, digits, `_` and `-`.
    pub name: OrganizationName,
    /// The name that people read.
    pub display_name: String,
    /// At most 25 pairs of text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Logo and colors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branding: Option<Branding>,
}

/// The look of an organization that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBranding {
    /// The organization.
    pub organization: OrganizationId,
    /// What of it is set; the rest stays.
    pub branding: Branding,
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Branding {
    fn is_right(&self, draft: &mut Draft<'_>) -> bool {
        let mut is_right = true;
        if let Some(url) = &self.logo_url {
            is_right &= draft.text("branding.logo_url", url, 2_048);
            if !url.starts_with("https://") || url.contains(char::is_whitespace) {
                draft.fault("branding.logo_url", FaultCode::Shape, "a logo is at an address by HTTPS");
                is_right = false;
            }
        }
        let colors = self.colors.iter().flat_map(|colors| [&colors.primary, &colors.page_background]);
        if !colors.into_iter().all(|color| is_color(color)) {
            draft.fault("branding.colors", FaultCode::Shape, "a color is such as `#0a2540`");
            is_right = false;
        }
        is_right
    }

    /// What was read with this set in it: the API replaces it whole.
    fn onto(&self, read: &Value) -> Value {
        let mut whole = read.as_object().cloned().unwrap_or_default();
        if let Some(url) = &self.logo_url {
            whole.insert("logo_url".to_owned(), json!(url));
        }
        if let Some(Colors { primary, page_background }) = &self.colors {
            let mut colors = whole.get("colors").and_then(Value::as_object).cloned().unwrap_or_default();
            colors.insert("primary".to_owned(), json!(primary));
            colors.insert("page_background".to_owned(), json!(page_background));
            whole.insert("colors".to_owned(), Value::Object(colors));
        }
        Value::Object(whole)
    }
}

impl NewOrganization {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(organizations::by_name(&self.name));
    }

    fn is_right(&self, draft: &mut Draft<'_>) -> bool {
        let name = self.name.as_str();
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        if name.len() > 50 || !name.bytes().all(is_letter) {
            let right = "a name has 1 to 50 lower-case letters, digits, `_` and `-`";
            draft.fault("name", FaultCode::Characters, right);
            return false;
        }
        let mut is_right = draft.text("display_name", &self.display_name, LONGEST);
        if self.metadata.len() > PAIRS {
            draft.fault("metadata", FaultCode::TooMany, "metadata has 25 pairs at the most");
            is_right = false;
        }
        for (number, (key, value)) in self.metadata.iter().take(PAIRS).enumerate() {
            let at = format!("metadata[{number}]");
            is_right &= draft.text(&at, key, LONGEST) && draft.text(&at, value, LONGEST);
        }
        self.branding.as_ref().is_none_or(|branding| branding.is_right(draft)) && is_right
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        if !self.is_right(draft) || !draft.touch(format!("organization named {}", self.name), "name") {
            return;
        }
        let by_name = organizations::by_name(&self.name);
        match draft.found(&by_name, "name") {
            None => return,
            Some(Found::Absent) => {}
            Some(Found::Document(_)) => {
                let right = "no organization may have that name: use the one that is there";
                return draft.fault("name", FaultCode::Exists, right);
            }
            Some(Found::Denied) => {
                return draft.fault("name", FaultCode::Denied, "the tenant has to let it be read");
            }
        }
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(self.name));
        fields.insert("display_name".to_owned(), json!(self.display_name));
        if !self.metadata.is_empty() {
            fields.insert("metadata".to_owned(), json!(self.metadata));
        }
        if let Some(branding) = &self.branding {
            fields.insert("branding".to_owned(), branding.onto(&Value::Null));
        }
        let claims: Vec<Claim> =
            fields.iter().map(|(name, value)| Claim::is(&format!("/{name}"), value.clone())).collect();
        let read = crate::Template::of(by_name.any());
        let mut write = Write::of(
            &organizations::create(Dictionary::from(fields)),
            vec![Look::gone(read.clone())],
            vec![Look::at(read, claims.clone())],
        );
        write.keeps = vec![Keep::id("id", "/id")];
        let organization = Organization::Made(self.name.clone());
        let scope = Scope::organization(&organization);
        let mut step = draft.step(Kind::CreateOrganization, scope.clone(), write, Back::Kept);
        draft.made.insert(self.name.as_str().to_owned(), step.name.clone());
        if let Some(place) = draft.place(&organization) {
            let write = deletes(&place, claims);
            step.back = Back::By(vec![Reverse { kind: Kind::DeleteOrganization, scope, write }]);
        }
        draft.steps.push(step);
    }
}

/// Deletes an organization that is as it was made, with nobody and nothing in it.
fn deletes(place: &Place, claims: Vec<Claim>) -> Write {
    let read = place.template(&organizations::get(&place.id));
    let none = |template, pointer| Look::at(template, vec![Claim::set("", pointer, [""; 0])]);
    let before = vec![
        Look::at(read.clone(), claims),
        none(place.template(&members::list(&place.id)), "/user_id"),
        none(place.template(&enabled_connections::list(&place.id)), "/connection_id"),
        none(place.template(&discovery_domains::list(&place.id)), "/id"),
    ];
    Write::with(place.template(&organizations::delete(&place.id)), before, vec![Look::gone(read)])
}

impl SetBranding {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(organizations::get(&self.organization));
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        let read = organizations::get(&self.organization);
        if !self.branding.is_right(draft) {
            return;
        }
        let Some(found) = draft.document(&read, "organization") else { return };
        if !draft.touch(format!("branding {}", self.organization), "organization") {
            return;
        }
        let old = found.get("branding").cloned().unwrap_or_default();
        let new = self.branding.onto(&old);
        if self.branding == Branding::default() {
            return draft.fault("branding", FaultCode::Length, "a logo or colors are given");
        }
        if old == new {
            draft.tally.so_already += 1;
            return;
        }
        let write = |from: &Value, to: &Value| {
            let look = |value: &Value| {
                Look::at(crate::Template::of(read.any()), vec![Claim::is("/branding", value.clone())])
            };
            let request = organizations::update(&self.organization, Dictionary::default());
            let body = Part::Value(json!({ "branding": to }));
            Write::with(crate::Template::of(request.any()).body(body), vec![look(from)], vec![look(to)])
        };
        let scope = Scope::organization(&Organization::Id(self.organization.clone()));
        let kind = Kind::SetOrganizationBranding;
        let back = Reverse { kind, scope: scope.clone(), write: write(&new, &old) };
        draft.push(kind, scope, write(&old, &new), Back::By(vec![back]));
    }
}
