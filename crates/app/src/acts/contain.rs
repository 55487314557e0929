//! Containment that a person proposes from an incident: accounts are named by their tags, so that no page has to name them.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use countersign_detect::{
    Entity, EntityKind,
    incident::{Incident, IncidentId},
};
use countersign_plan::change::{Evidence, Wanted};
use countersign_playbook::UserChange;

use super::{NewPlan, PlanHead};
use crate::{App, Error, access::Permit, incidents::EntityTag};

/// The changes that contain an account, with what each is for people.
pub const CONTAINMENT: [(UserChange, &str); 5] = [
    (UserChange::BlockUser, "Block the account at the tenant"),
    (UserChange::RevokeAccess, "End its sessions and refresh tokens"),
    (
        UserChange::MarkContained,
        "Mark it, so that each of its sign-ins is denied here, and by the Actions where we can't be reached",
    ),
    (UserChange::ForcePasswordReset, "Make it set a new password"),
    (UserChange::ResetMfa, "Remove its authentication methods"),
];

/// The most evidence of one change that is taken from an incident.
const EVIDENCE: usize = 50;

/// What a person wants to be done about an incident.
#[derive(Debug, Clone)]
pub struct Containment {
    /// The accounts, by the tags that the incident's page tells.
    pub accounts: Vec<EntityTag>,
    /// Words of [`CONTAINMENT`].
    pub changes: BTreeSet<String>,
    /// Why, in the person's words.
    pub reason: String,
}

impl App {
    /// Proposes to contain accounts of an incident.
    ///
    /// # Errors
    /// `NotFound` for an incident, or an account of it, that is not there; `Fields` where no account or change is chosen; as
    /// `propose_plan`.
    pub async fn propose_containment(
        &self,
        permit: &Permit,
        id: &str,
        wanted: Containment,
    ) -> Result<PlanHead, Error> {
        id.parse::<IncidentId>().map_err(|_| Error::NotFound("incident"))?;
        let (_, incident) = self.raw_incident(permit, id).await?;
        let Containment { accounts, changes, reason } = wanted;
        let is_known = |word: &String| CONTAINMENT.iter().any(|(known, _)| known.as_str() == word);
        if accounts.is_empty() || changes.is_empty() || !changes.iter().all(is_known) {
            return Err(Error::Containment);
        }
        let evidence = evidence(&incident);
        let users = incident.users();
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for tag in accounts.into_iter().filter(|tag| seen.insert(tag.0)) {
            let is_it =
                |user: &&&Entity| user.kind == EntityKind::User && Self::entity_tag(permit, user) == tag;
            let user = users.iter().find(is_it).ok_or(Error::NotFound("account"))?;
            // Why: a name that was typed at a sign-in is no account.
            let user: UserId = user.name.parse().map_err(|_| Error::NotFound("account"))?;
            for (change, _) in CONTAINMENT.iter().filter(|(change, _)| changes.contains(change.as_str())) {
                let change = change.of(&user, id);
                all.push(Wanted { change, reason: reason.clone(), evidence: evidence.clone() });
            }
        }
        let title = format!("Contain: {}", incident.title());
        let title = title.chars().take(countersign_plan::change::MAX_TITLE).collect();
        self.propose_plan(permit, NewPlan { title, wanted: all, incident: Some(id.to_owned()) }).await
    }
}

/// The incident itself, and its alerts.
fn evidence(incident: &Incident) -> Vec<Evidence> {
    let alerts = incident.members().iter().map(|member| Evidence::Alert { id: member.alert.to_string() });
    std::iter::once(Evidence::Incident { id: incident.id.to_string() }).chain(alerts).take(EVIDENCE).collect()
}
