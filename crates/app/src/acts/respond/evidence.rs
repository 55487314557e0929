//! Reading evidence again at the tenant.

use std::collections::{BTreeMap, BTreeSet};

use countersign_auth0::{
    log::LogEvent,
    management::{LogId, logs},
};
use countersign_core::{DecisionId, Micros};
use countersign_detect::{MAX_EVIDENCE, Measure, detectors};
use countersign_playbook::{Cause, Confirmed, Covered, Found, Playbook, cause, confirm};
use countersign_store::LogEntryRow;

use super::Hands;
use crate::{
    App, Error, Tenant,
    management::{Error as ApiError, Lane},
};

/// The most entries that are read at the tenant for one playbook and incident.
const READS: usize = 30;

/// The most alerts whose entries are looked up, the newest.
const ALERTS: usize = 20;

/// How long what the stream brought may not be in the log yet.
const YOUNG: Micros = 60 * 1_000_000;

const NOT_FOUND: u16 = 404;

/// What was read.
pub(super) struct Read {
    /// What the tenant confirmed.
    pub(super) confirmed: Vec<Confirmed>,
    /// The decisions that entries belong to.
    pub(super) decisions: BTreeMap<LogId, DecisionId>,
    /// Whether an alert came so late that nothing may follow from it by itself.
    pub(super) is_late: bool,
    /// Whether the alerts rest also on entries that were not confirmed, or that anybody can cause; so may those that name as many entries
    /// as an alert names, or whose detector looks at what anybody can cause, or goes by marks of where attacks came from.
    pub(super) is_doubtful: bool,
    /// Whether an entry came so lately that the tenant may not know it yet.
    pub(super) is_young: bool,
}

/// What alerts are shown by.
#[derive(Default)]
struct Shown {
    /// The ids of the entries.
    log_ids: BTreeSet<String>,
    /// Whether an alert came late.
    is_late: bool,
    /// Whether an alert may rest on more than these entries, which anybody can cause.
    is_partial: bool,
}

/// An entry as it was journaled.
struct Journaled {
    row: LogEntryRow,
    raw: String,
}

impl Journaled {
    fn event(&self) -> Option<LogEvent<'_>> {
        LogEvent::parse(&self.raw, Some(self.row.entry.log_id.as_str().into())).ok()
    }

    /// Whether something was wanted before against whom it proves something.
    fn is_covered(&self, playbook: &Playbook, covered: &Covered) -> bool {
        let user = self.event().and_then(|event| event.fields.user_id.as_deref().map(str::to_owned));
        let is_known = user.is_some_and(|user| covered.users.iter().any(|known| known.as_str() == user));
        is_known && !playbook.users.is_empty() && playbook.clients.is_empty() && playbook.addresses.is_empty()
    }
}

/// Whether an entry can prove something that the playbook asks for.
fn proves(playbook: &Playbook, cause: Cause) -> bool {
    !playbook.users.is_empty() && cause.proves_user()
        || !playbook.clients.is_empty() && cause.proves_client()
        || !playbook.addresses.is_empty() && cause.proves_address()
}

/// Whether a native detector looks at what anybody can cause, so that what it finds may hang on it.
fn sees_anybody(detector: &str) -> bool {
    let about = detectors::NATIVE.iter().map(|native| native.about).find(|about| about.id == detector);
    about.is_some_and(|about| about.kinds.iter().any(|kind| cause(kind) == Cause::Anybody))
}

impl App {
    /// Reads the entries that show alerts at the tenant; `None` where each was wanted for before. Inside, why nobody could read.
    pub(super) async fn read_evidence(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        playbook: &Playbook,
        (found, covered): (&[Found], &Covered),
    ) -> Result<Option<Result<Read, ApiError>>, Error> {
        let Shown { log_ids, is_late, is_partial } = self.evidence_of(tenant, found).await?;
        let mut journaled = self.journaled_of(tenant, log_ids).await?;
        let before = journaled.len();
        journaled.retain(|entry| !entry.is_covered(playbook, covered));
        if before > 0 && journaled.is_empty() {
            return Ok(None);
        }
        // Why those first: of many, those are read that can carry something.
        journaled.sort_by_key(|entry| {
            let (kind, at) = (&entry.row.entry.kind, entry.row.entry.at);
            (!proves(playbook, cause(kind)), std::cmp::Reverse(at))
        });
        let all = journaled.len();
        journaled.truncate(READS);
        let now = self.ports.clock.now();
        let is_young = journaled.iter().any(|entry| now.since(entry.row.arrived) < YOUNG);
        let mut confirmed = Vec::new();
        for entry in &journaled {
            match read_again(tenant, hands, entry).await {
                Ok(found) => confirmed.extend(found),
                Err(error) => return Ok(Some(Err(error))),
            }
        }
        let is_anybodys = |confirmed: &Confirmed| confirmed.cause() == Cause::Anybody;
        let is_doubtful = is_partial || confirmed.len() < all || confirmed.iter().any(is_anybodys);
        let decisions = self.decisions_about(tenant, &journaled).await?;
        Ok(Some(Ok(Read { confirmed, decisions, is_late, is_doubtful, is_young })))
    }

    /// What the alerts are shown by.
    async fn evidence_of(&self, tenant: &Tenant, found: &[Found]) -> Result<Shown, Error> {
        let mut shown = Shown::default();
        for found in found.iter().rev().take(ALERTS) {
            let Some(row) = self.ports.store.find_alert(&tenant.id, &found.alert.to_string()).await? else {
                continue;
            };
            shown.is_late |= row.is_late;
            if !row.is_retracted
                && let Some(body) = self.open_alert(tenant, &row).await?
            {
                shown.is_partial |= body.log_ids.len() >= MAX_EVIDENCE
                    || body.measures.iter().any(Measure::tells_of_mark)
                    || sees_anybody(&found.detector);
                shown.log_ids.extend(body.log_ids);
            }
        }
        Ok(shown)
    }

    /// What was journaled of entries; those of who was erased are none.
    async fn journaled_of(
        &self,
        tenant: &Tenant,
        log_ids: BTreeSet<String>,
    ) -> Result<Vec<Journaled>, Error> {
        let mut journaled = Vec::new();
        for log_id in log_ids {
            let Some(row) = self.ports.store.find_log_entry(&tenant.id, &log_id).await? else { continue };
            if let Some(raw) = self.open_entry(tenant, &row).await? {
                journaled.push(Journaled { row, raw });
            }
        }
        Ok(journaled)
    }

    async fn decisions_about(
        &self,
        tenant: &Tenant,
        journaled: &[Journaled],
    ) -> Result<BTreeMap<LogId, DecisionId>, Error> {
        let log_ids = journaled.iter().map(|entry| entry.row.entry.log_id.clone()).collect();
        let by_place = self.decisions_of(tenant, log_ids).await?;
        let decision = |entry: &Journaled| {
            let (id, _) = by_place.get(&entry.row.seq)?;
            Some((entry.row.entry.log_id.parse().ok()?, id.clone()))
        };
        Ok(journaled.iter().filter_map(decision).collect())
    }
}

/// Reads an entry at the tenant; nothing where the tenant does not know it, or knows another.
async fn read_again(
    tenant: &Tenant,
    hands: &Hands,
    entry: &Journaled,
) -> Result<Option<Confirmed>, ApiError> {
    let Some(journaled) = entry.event() else { return Ok(None) };
    let Ok(id) = entry.row.entry.log_id.parse::<LogId>() else { return Ok(None) };
    let reply = match hands.port.api().fetch(logs::get(&id).any(), Lane::Interactive).await {
        Ok(reply) => reply,
        Err(ApiError::Refused { refusal, .. }) if refusal.status == NOT_FOUND => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ok(text) = std::str::from_utf8(&reply.body) else { return Ok(None) };
    let Ok(read) = LogEvent::parse(text, None) else { return Ok(None) };
    match confirm(&journaled, &read) {
        Ok(confirmed) => Ok(Some(confirmed)),
        Err(field) => {
            tracing::error!(tenant.id = %tenant.id, field, "an entry of the log is not at the tenant what it was when it came");
            Ok(None)
        }
    }
}
