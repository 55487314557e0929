//! Roles of users, at the tenant and in organizations.

use std::collections::BTreeSet;

use countersign_auth0::management::{RoleId, UserId, members, roles, users};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Back, FaultCode, Kind, Organization, Reverse, Scope, Write,
    draft::{Draft, Place},
    wants::Wants,
};
use crate::{Claim, Look, Template};

/// The most roles that a user has, at the tenant as in an organization ("Entity limits").
const MOST: usize = 50;

/// Roles and a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The user.
    pub user: UserId,
    /// In which organization; `None`: at the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// The roles.
    pub roles: Vec<RoleId>,
}

/// Where the roles are, and whose.
struct Holder<'a> {
    user: &'a UserId,
    place: Option<Place>,
    scope: Scope,
}

impl Holder<'_> {
    fn read(&self) -> Template {
        match &self.place {
            Some(place) => place.template(&members::roles(&place.id, self.user)),
            None => Template::of(users::roles(self.user).any()),
        }
    }

    /// Gives the roles, or takes them.
    fn write(&self, roles: &[RoleId], gives: bool) -> Write {
        let template = match (&self.place, gives) {
            (Some(place), true) => place.template(&members::assign_roles(&place.id, self.user, roles)),
            (Some(place), false) => place.template(&members::remove_roles(&place.id, self.user, roles)),
            (None, true) => Template::of(users::assign_roles(self.user, roles).any()),
            (None, false) => Template::of(users::remove_roles(self.user, roles).any()),
        };
        let ids = || roles.iter().map(RoleId::as_str);
        let has = Look::at(self.read(), vec![Claim::has("", "/id", ids())]);
        let lacks = Look::at(self.read(), vec![Claim::lacks("", "/id", ids())]);
        let (before, after) = if gives { (lacks, has) } else { (has, lacks) };
        Write::with(template, vec![before], vec![after])
    }

    const fn kind(&self, gives: bool) -> Kind {
        match (&self.place, gives) {
            (Some(_), true) => Kind::AssignMemberRoles,
            (Some(_), false) => Kind::RemoveMemberRoles,
            (None, true) => Kind::AssignRoles,
            (None, false) => Kind::RemoveRoles,
        }
    }
}

impl Roles {
    pub(super) fn reads(&self, wants: &mut Wants) {
        match &self.organization {
            None => wants.read(users::roles(&self.user)),
            Some(organization) => {
                wants.read(users::organizations(&self.user));
                if let Some(id) = organization.id() {
                    wants.read(members::roles(id, &self.user));
                }
            }
        }
        for role in &self.roles {
            wants.read(roles::get(role));
        }
    }

    fn holder(&self, draft: &mut Draft<'_>) -> Option<Holder<'_>> {
        let Some(organization) = &self.organization else {
            return Some(Holder { user: &self.user, place: None, scope: Scope::user(&self.user) });
        };
        let place = draft.place(organization)?;
        let key = (place.key.clone(), self.user.clone());
        if draft.parted.contains(&key) {
            let right = "who is removed loses all roles there: none is changed beside that";
            draft.fault("user", FaultCode::Twice, right);
            return None;
        }
        draft.reroled.insert(key);
        let scope = Scope::members(organization, std::slice::from_ref(&self.user));
        Some(Holder { user: &self.user, place: Some(place), scope })
    }

    /// The ids of the roles that are held before this change.
    fn held(&self, draft: &mut Draft<'_>, holder: &Holder<'_>) -> Option<BTreeSet<String>> {
        let list = match &holder.place {
            None => draft.list(&users::roles(&self.user), "user")?,
            Some(place) if draft.joined.contains(&(place.key.clone(), self.user.clone())) => &[],
            Some(place) => {
                let organizations = draft.list(&users::organizations(&self.user), "user")?;
                let is_it = |one: &Value| one.get("id").and_then(Value::as_str) == Some(place.id.as_str());
                if place.is_made || !organizations.iter().any(is_it) {
                    let right = "only a member has roles in an organization: add them before";
                    draft.fault("user", FaultCode::Unfit, right);
                    return None;
                }
                draft.list(&members::roles(&place.id, &self.user), "user")?
            }
        };
        Some(list.iter().filter_map(|role| Some(role.get("id")?.as_str()?.to_owned())).collect())
    }

    /// Gives the roles that are not held, or takes those that are.
    pub(super) fn plan(&self, draft: &mut Draft<'_>, gives: bool) {
        let Some(holder) = self.holder(draft) else { return };
        let Some(held) = self.held(draft, &holder) else { return };
        if self.roles.is_empty() || self.roles.len() > MOST {
            return draft.fault("roles", FaultCode::Length, "1 to 50 roles are named");
        }
        let mut changed = Vec::new();
        for (number, role) in self.roles.iter().enumerate() {
            let at = format!("roles[{number}]");
            let place = holder.place.as_ref().map_or("tenant", |place| place.key.as_str());
            if !draft.touch(format!("role {place} {} {role}", self.user), &at) {
                continue;
            }
            if draft.document(&roles::get(role), &at).is_none() {
                continue;
            }
            if held.contains(role.as_str()) == gives {
                draft.tally.so_already += 1;
            } else {
                changed.push(role.clone());
            }
        }
        if gives && held.len() + changed.len() > MOST {
            return draft.fault("roles", FaultCode::TooMany, "a user has 50 roles at the most");
        }
        if changed.is_empty() {
            return;
        }
        let back = Reverse {
            kind: holder.kind(!gives),
            scope: holder.scope.clone(),
            write: holder.write(&changed, !gives),
        };
        let write = holder.write(&changed, gives);
        draft.push(holder.kind(gives), holder.scope.clone(), write, Back::By(vec![back]));
    }
}
