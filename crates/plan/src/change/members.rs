//! Members of organizations.

use countersign_auth0::management::{RoleId, UserId, members, users};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Back, FaultCode, Kind, Organization, Reverse, Scope, Write,
    draft::{Draft, Place},
    wants::Wants,
};
use crate::{Claim, Look, Part, Template};

/// How many members one request takes (Auth0 documents no bound; more were never seen to be taken).
const A_CALL: usize = 10;

/// Users and an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// The organization.
    pub organization: Organization,
    /// The users.
    pub users: Vec<UserId>,
}

/// That a user is a member, or is not.
pub(super) fn membership(place: &Place, user: &UserId, is_so: bool) -> Look {
    let read = Template::of(users::organizations(user).any());
    let item = vec![Claim::is("/id", place.part.clone())];
    if is_so { Look::among(read, item, vec![]) } else { Look::not_among(read, item) }
}

/// That a member has exactly these roles.
fn has_only(place: &Place, user: &UserId, roles: &[String]) -> Look {
    Look::at(place.template(&members::roles(&place.id, user)), vec![Claim::set("", "/id", roles)])
}

fn adds(place: &Place, chunk: &[UserId]) -> Write {
    let looks = |is_so| chunk.iter().map(|user| membership(place, user, is_so)).collect();
    Write::with(place.template(&members::add(&place.id, chunk)), looks(false), looks(true))
}

/// Ends memberships, of members that have exactly these roles.
fn removes(place: &Place, chunk: &[(UserId, Vec<String>)]) -> Write {
    let ids: Vec<UserId> = chunk.iter().map(|(user, _)| user.clone()).collect();
    let before =
        chunk.iter().flat_map(|(user, roles)| [membership(place, user, true), has_only(place, user, roles)]);
    let after = ids.iter().map(|user| membership(place, user, false)).collect();
    Write::with(place.template(&members::remove(&place.id, &ids)), before.collect(), after)
}

impl Members {
    pub(super) fn reads(&self, wants: &mut Wants, with_roles: bool) {
        for user in &self.users {
            wants.read(users::organizations(user));
            if let (true, Some(id)) = (with_roles, self.organization.id()) {
                wants.read(members::roles(id, user));
            }
        }
    }

    /// Each user, whether they are a member, and where they are named, where it may be changed.
    fn split(&self, draft: &mut Draft<'_>, place: &Place) -> Vec<(UserId, bool, String)> {
        let mut known = Vec::new();
        if self.users.is_empty() {
            draft.fault("users", FaultCode::Length, "at least one user is named");
        }
        for (number, user) in self.users.iter().enumerate() {
            if draft.is_full() {
                break;
            }
            let at = format!("users[{number}]");
            if !draft.touch(format!("member {} {user}", place.key), &at) {
                continue;
            }
            let Some(organizations) = draft.list(&users::organizations(user), &at) else { continue };
            let is_member = !place.is_made
                && organizations
                    .iter()
                    .any(|one| one.get("id").and_then(Value::as_str) == Some(place.id.as_str()));
            known.push((user.clone(), is_member, at));
        }
        known
    }

    /// Makes users members who are not.
    pub(super) fn plan_add(&self, draft: &mut Draft<'_>) {
        let Some(place) = draft.place(&self.organization) else { return };
        let (there, new): (Vec<_>, Vec<_>) =
            self.split(draft, &place).into_iter().partition(|(_, is_member, _)| *is_member);
        draft.tally.so_already += there.len();
        let new: Vec<UserId> = new.into_iter().map(|(user, ..)| user).collect();
        draft.joined.extend(new.iter().map(|user| (place.key.clone(), user.clone())));
        for chunk in new.chunks(A_CALL) {
            let scope = Scope::members(&self.organization, chunk);
            let bare: Vec<(UserId, Vec<String>)> =
                chunk.iter().map(|user| (user.clone(), Vec::new())).collect();
            let back =
                Reverse { kind: Kind::RemoveMembers, scope: scope.clone(), write: removes(&place, &bare) };
            draft.push(Kind::AddMembers, scope, adds(&place, chunk), Back::By(vec![back]));
        }
    }

    /// Ends memberships; the way back gives the roles back that were read.
    pub(super) fn plan_remove(&self, draft: &mut Draft<'_>) {
        let Some(place) = draft.place(&self.organization) else { return };
        if place.is_made {
            let right = "an organization that is made by the order has no members to remove";
            return draft.fault("organization", FaultCode::Order, right);
        }
        let mut parting = Vec::new();
        for (user, is_member, at) in self.split(draft, &place) {
            if !is_member {
                draft.tally.so_already += 1;
                continue;
            }
            let key = (place.key.clone(), user.clone());
            if draft.reroled.contains(&key) {
                let right = "who is removed loses all roles there: none is changed beside that";
                draft.fault(&at, FaultCode::Twice, right);
                continue;
            }
            draft.parted.insert(key);
            let Some(roles) = draft.list(&members::roles(&place.id, &user), &at) else { continue };
            let id = |role: &Value| Some(role.get("id")?.as_str()?.to_owned());
            parting.push((user, roles.iter().filter_map(id).collect::<Vec<String>>()));
        }
        for chunk in parting.chunks(A_CALL) {
            let ids: Vec<UserId> = chunk.iter().map(|(user, _)| user.clone()).collect();
            let scope = Scope::members(&self.organization, &ids);
            let mut back =
                vec![Reverse { kind: Kind::AddMembers, scope: scope.clone(), write: adds(&place, &ids) }];
            let with_roles = chunk.iter().filter(|(_, roles)| !roles.is_empty());
            back.extend(with_roles.map(|(user, roles)| Reverse {
                kind: Kind::AssignMemberRoles,
                scope: Scope::members(&self.organization, std::slice::from_ref(user)),
                write: gives_back(&place, user, roles),
            }));
            draft.push(Kind::RemoveMembers, scope, removes(&place, chunk), Back::By(back));
        }
    }
}

/// Gives a member of no roles those that they had.
fn gives_back(place: &Place, user: &UserId, roles: &[String]) -> Write {
    let request = members::assign_roles(&place.id, user, &Vec::<RoleId>::new());
    let body = Part::object([("roles", Part::Value(roles.into()))]);
    Write::with(
        place.template(&request).body(body),
        vec![membership(place, user, true), has_only(place, user, &[])],
        vec![has_only(place, user, roles)],
    )
}
