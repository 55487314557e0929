//! Telling that a playbook wants nothing, and why: a leaf, and a note at the incident, once.

use countersign_detect::incident::Incident;
use countersign_ledger::leaf::Kind;
use countersign_playbook::{Playbook, Withheld};

use super::PLAYBOOK;
use crate::{App, Error, Lead, Tenant, leaves::Draft};

impl App {
    /// Tells it; `false` where that was told before.
    pub(super) async fn tell_withheld(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        incident: &Incident,
        (playbook, why): (&Playbook, Withheld),
    ) -> Result<bool, Error> {
        let tagger = tenant.keys.tagger();
        let what = format!("{} {} {why}", incident.id, playbook.name);
        // Why by what it says: so that it is told once, whichever process tells it.
        let tags = ["withheld", "withheld again"].map(|sort| tagger.tag(sort, what.as_bytes()).0);
        let id = format!("rec_{:016x}{:016x}", tags[0], tags[1]);
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Plan)
            .fact("change", &"withheld")
            .fact("incident", &incident.id)
            .fact("playbook", &playbook.name)
            .fact("reason", &why)
            .fact("actor_type", &"automation")
            .fact("principal", &PLAYBOOK);
        let text = format!("Playbook {} proposes nothing ({why}): {}.", playbook.name, why.right());
        let is_new = self.note_once(tenant, lead, incident, (draft, PLAYBOOK, &text)).await?;
        if is_new {
            tracing::warn!(tenant.id = %tenant.id, incident.id = %incident.id, playbook = playbook.name, reason = %why, "a playbook proposes nothing");
        }
        Ok(is_new)
    }
}
