//! Invitations to organizations.

use countersign_auth0::{
    Dictionary,
    management::{ConnectionId, RoleId, invitations},
};
use countersign_core::{ClientId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Back, FaultCode, Kind, Organization, Reverse, Scope, Write,
    draft::{Draft, Place},
    text::is_hostile,
    wants::Wants,
};
use crate::{Claim, Keep, Look, Part, Template};

/// The longest that an invitation is good, in seconds (Management API, "Create invitations to organization").
const LONGEST: u32 = 2_592_000;

/// Somebody who is to be invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The organization.
    pub organization: Organization,
    /// The address, which has to be used to accept.
    pub email: String,
    /// Who invites, as the mail says.
    pub inviter: String,
    /// The application that it leads to.
    pub client: ClientId,
    /// The connection that has to be used; `None`: any of the organization's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// The roles that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleId>,
    /// How long it is good, in seconds, up to 30 days; `None`: 7 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_for_seconds: Option<u32>,
}

/// Whether it can be an address, plainly: one `@`, and nothing that leads elsewhere.
fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let is_plain = |char: char| !char.is_whitespace() && !char.is_control() && !"<>(),;:\\\"".contains(char);
    text.len() <= 254
        && !is_hostile(text)
        && text.chars().all(is_plain)
        && matches!(parts.as_slice(), [local, domain] if !local.is_empty() && domain.contains('.'))
}

impl Invite {
    pub(super) fn reads(&self, wants: &mut Wants) {
        if let Some(id) = self.organization.id() {
            wants.read(invitations::list(id));
        }
    }

    fn is_right(&self, draft: &mut Draft<'_>) -> bool {
        let mut is_right = draft.text("inviter", &self.inviter, 255);
        if !is_email(&self.email) {
            draft.fault("email", FaultCode::Shape, "an address is such as `name@example.com`");
            is_right = false;
        }
        if self.roles.len() > 50 {
            draft.fault("roles", FaultCode::TooMany, "a member has 50 roles at the most");
            is_right = false;
        }
        if !self.good_for_seconds.is_none_or(|seconds| (1..=LONGEST).contains(&seconds)) {
            draft.fault("good_for_seconds", FaultCode::Length, "it is good for 1 to 2592000 seconds");
            is_right = false;
        }
        is_right
    }

    fn fields(&self, email: &str) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("inviter".to_owned(), json!({"name": self.inviter}));
        fields.insert("invitee".to_owned(), json!({"email": email}));
        fields.insert("client_id".to_owned(), json!(self.client));
        if let Some(connection) = &self.connection {
            fields.insert("connection_id".to_owned(), json!(connection));
        }
        if !self.roles.is_empty() {
            fields.insert("roles".to_owned(), json!(self.roles));
        }
        if let Some(seconds) = self.good_for_seconds {
            fields.insert("ttl_sec".to_owned(), json!(seconds));
        }
        fields.insert("send_invitation_email".to_owned(), json!(true));
        fields
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        let Some(place) = draft.place(&self.organization) else { return };
        let email = self.email.to_lowercase();
        if !self.is_right(draft) || !draft.touch(format!("invitation {} {email}", place.key), "email") {
            return;
        }
        let list = invitations::list(&place.id);
        let mut there: &[Value] = &[];
        if !place.is_made {
            let Some(read) = draft.list(&list, "organization") else { return };
            there = read;
        }
        let at = draft.frame.at;
        let mut item = vec![Claim::is("/invitee/email", Part::text(email.as_str()))];
        for one in there.iter().filter(|one| is_for(one, &email)) {
            if is_open(one, at) {
                let right = "there may be no open invitation of that address";
                return draft.fault("email", FaultCode::Exists, right);
            }
            // Why: one whose time is over stays in the list, and is not the one that is made.
            item.push(Claim::not("/id", one.get("id").cloned().unwrap_or_default()));
        }
        let read = place.template(&list);
        let create = place.template(&invitations::create(&place.id, Dictionary::from(self.fields(&email))));
        let mut write = Write::with(
            create,
            vec![Look::not_among(read.clone(), item.clone())],
            vec![Look::among(read, item, vec![])],
        );
        write.keeps = vec![Keep::id("id", "/id")];
        draft.tally.mails += 1;
        let scope = Scope::organization(&self.organization);
        let mut step = draft.step(Kind::Invite, scope.clone(), write, Back::Kept);
        let write = withdraws(&place, &step.name, &email);
        step.back = Back::By(vec![Reverse { kind: Kind::WithdrawInvitation, scope, write }]);
        draft.steps.push(step);
    }
}

fn is_for(invitation: &Value, email: &str) -> bool {
    let found = invitation.pointer("/invitee/email").and_then(Value::as_str);
    found.is_some_and(|found| found.to_lowercase() == email)
}

fn is_open(invitation: &Value, at: Timestamp) -> bool {
    let until = invitation.get("expires_at").and_then(Value::as_str);
    until.and_then(|until| until.parse::<Timestamp>().ok()).is_none_or(|until| until > at)
}

fn withdraws(place: &Place, step: &str, email: &str) -> Write {
    let parameters = vec![place.part.clone(), Part::answer(step, "id")];
    let delete = Template::new("invitations.delete", parameters.clone());
    let get = Template::new("invitations.get", parameters);
    let claims = vec![Claim::is("/invitee/email", Part::text(email))];
    Write::with(delete, vec![Look::at(get.clone(), claims)], vec![Look::gone(get)])
}
