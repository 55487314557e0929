//! Networks that are kept out: an emergency lever, because there are few lists and they are short.

use std::net::IpAddr;

use countersign_auth0::{
    Dictionary,
    management::{NetworkAclId, network_acls},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Back, FaultCode, Kind, Reverse, Scope, Write, draft::Draft, wants::Wants};
use crate::{Claim, Keep, Look, Part, Template};

/// The most entries of a kind in a list (Auth0 docs, "Tenant Access Control List").
const MOST: usize = 20;

/// The widest networks that are kept out, in bits of the prefix; bounds of our own, since a wider one locks out whole
/// countries with the operators in them.
const WIDEST_V4: u8 = 16;
const WIDEST_V6: u8 = 32;

/// Networks that are to be kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddNetworks {
    /// The networks, such as `203.0.113.0/24`; a single address has a prefix too.
    pub networks: Vec<String>,
    /// The list that they are added to; `None`: one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<NetworkAclId>,
    /// What the list that is made is called; no other is called so.
    pub description: String,
    /// The place of the list that is made among the others.
    #[serde(default = "first")]
    pub priority: u8,
}

const fn first() -> u8 {
    1
}

/// What is wrong with a network.
fn network(text: &str) -> Result<IpAddr, FaultCode> {
    let (address, prefix) = text.split_once('/').ok_or(FaultCode::Shape)?;
    let address: IpAddr = address.parse().map_err(|_| FaultCode::Shape)?;
    let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix: u8 = prefix.parse().ok().filter(|_| is_number).ok_or(FaultCode::Shape)?;
    let (widest, whole, bits) = match address {
        IpAddr::V4(v4) => (WIDEST_V4, 32, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (WIDEST_V6, 128, v6.to_bits()),
    };
    if prefix > whole {
        return Err(FaultCode::Shape);
    }
    let rest = whole - prefix;
    let is_whole = rest == 0 || bits.trailing_zeros() >= u32::from(rest);
    match (is_whole, prefix < widest) {
        (_, true) => Err(FaultCode::TooWide),
        (false, _) => Err(FaultCode::Shape),
        (true, false) => Ok(address),
    }
}

impl AddNetworks {
    pub(super) fn reads(&self, wants: &mut Wants) {
        match &self.list {
            Some(id) => wants.read(network_acls::get(id)),
            None => wants.read(network_acls::list()),
        }
    }

    fn is_right(&self, draft: &mut Draft<'_>) -> bool {
        if self.networks.is_empty() || self.networks.len() > 2 * MOST {
            draft.fault("networks", FaultCode::Length, "1 to 40 networks are named");
            return false;
        }
        let mut is_right = self.list.is_some() || draft.text("description", &self.description, 255);
        for (number, text) in self.networks.iter().enumerate() {
            let Err(code) = network(text) else { continue };
            let right = match code {
                FaultCode::TooWide => "an IPv4 prefix is 16 at the least, an IPv6 prefix 32",
                _ => "a network is such as `203.0.113.0/24`, with no bit set behind its prefix",
            };
            draft.fault(&format!("networks[{number}]"), code, right);
            is_right = false;
        }
        is_right
    }

    /// A rule with these networks in it, beside all that it has: the API replaces it whole.
    fn onto(&self, rule: &Value) -> Option<Value> {
        let mut rule = rule.clone();
        let kept_out = rule.get_mut("match")?.as_object_mut()?;
        for text in &self.networks {
            let key = if text.contains(':') { "ipv6_cidrs" } else { "ipv4_cidrs" };
            let list = kept_out.entry(key).or_insert_with(|| json!([])).as_array_mut()?;
            if !list.iter().any(|there| there == text) {
                list.push(json!(text));
            }
        }
        let is_short = ["ipv4_cidrs", "ipv6_cidrs"]
            .iter()
            .all(|key| kept_out.get(*key).and_then(Value::as_array).is_none_or(|list| list.len() <= MOST));
        is_short.then_some(rule)
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        if !self.is_right(draft) {
            return;
        }
        match &self.list {
            Some(id) => self.plan_set(draft, id),
            None => self.plan_new(draft),
        }
    }

    fn plan_set(&self, draft: &mut Draft<'_>, id: &NetworkAclId) {
        let read = network_acls::get(id);
        let Some(found) = draft.document(&read, "list") else { return };
        if !draft.touch(format!("list {id}"), "list") {
            return;
        }
        let old = found.get("rule").cloned().unwrap_or_default();
        let blocks = old.pointer("/action/block") == Some(&json!(true));
        if !blocks || found.get("active") != Some(&json!(true)) || old.get("match").is_none() {
            let right = "the list has to be active, and block what it matches";
            return draft.fault("list", FaultCode::Unfit, right);
        }
        let Some(new) = self.onto(&old) else {
            return draft.fault("networks", FaultCode::TooMany, "a list has 20 of a kind at the most");
        };
        if old == new {
            draft.tally.so_already += 1;
            return;
        }
        let write = |from: &Value, to: &Value| {
            let look =
                |rule: &Value| Look::at(Template::of(read.any()), vec![Claim::is("/rule", rule.clone())]);
            let request = network_acls::update(id, Dictionary::default());
            let body = Part::Value(json!({ "rule": to }));
            Write::with(Template::of(request.any()).body(body), vec![look(from)], vec![look(to)])
        };
        let kind = Kind::SetNetworkBlock;
        let back = Reverse { kind, scope: Scope::everybody(), write: write(&new, &old) };
        draft.push(kind, Scope::everybody(), write(&old, &new), Back::By(vec![back]));
    }

    fn plan_new(&self, draft: &mut Draft<'_>) {
        let list = network_acls::list();
        let Some(there) = draft.list(&list, "list") else { return };
        if !draft.touch(format!("list called {}", self.description), "description") {
            return;
        }
        let item = vec![Claim::is("/description", Part::text(self.description.as_str()))];
        let is_called =
            |one: &Value| one.get("description").and_then(Value::as_str) == Some(self.description.as_str());
        if there.iter().any(is_called) {
            return draft.fault("description", FaultCode::Exists, "no list may be called so already");
        }
        let empty = json!({"scope": "authentication", "action": {"block": true}, "match": {}});
        let Some(rule) = self.onto(&empty) else {
            return draft.fault("networks", FaultCode::TooMany, "a list has 20 of a kind at the most");
        };
        let fields = json!({
            "description": self.description, "active": true, "priority": self.priority, "rule": rule,
        });
        let fields = Dictionary::from(fields.as_object().cloned().unwrap_or_default());
        let read = || Template::of(list.any());
        let claims = vec![Claim::is("/rule", rule), Claim::is("/active", json!(true))];
        let mut write = Write::of(
            &network_acls::create(fields),
            vec![Look::not_among(read(), item.clone())],
            vec![Look::among(read(), item, claims.clone())],
        );
        write.keeps = vec![Keep::id("id", "/id")];
        draft.tally.lists += 1;
        let scope = Scope::everybody();
        let mut step = draft.step(Kind::AddNetworkBlock, scope.clone(), write, Back::Kept);
        let parameters = vec![Part::answer(&step.name, "id")];
        let get = Template::new("network_acls.get", parameters.clone());
        let delete = Template::new("network_acls.delete", parameters);
        let write = Write::with(delete, vec![Look::at(get.clone(), claims)], vec![Look::gone(get)]);
        step.back = Back::By(vec![Reverse { kind: Kind::RemoveNetworkBlock, scope, write }]);
        draft.steps.push(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_whole_and_not_too_wide() {
        for text in ["203.0.113.0/24", "203.0.113.7/32", "10.1.0.0/16", "2001:db8::/32", "2001:db8::1/128"] {
            assert!(network(text).is_ok(), "{text}");
        }
        for text in ["0.0.0.0/0", "10.0.0.0/8", "::/0", "2001::/16"] {
            assert_eq!(network(text), Err(FaultCode::TooWide), "{text}");
        }
        for text in
            ["203.0.113.7", "203.0.113.7/24", "203.0.113.0/33", "203.0.113.0/+24", "x/24", "a.b.c.d/", ""]
        {
            assert_eq!(network(text), Err(FaultCode::Shape), "{text}");
        }
    }
}
