//! Where attacks came from that people confirmed: a login from there is found, for a while.

use countersign_core::{Micros, Timestamp};
use countersign_detect::{ConfirmedSource, DAY, incident::Consequences};
use countersign_privacy::Tag;
use countersign_store::{AttackSourceRow, IncidentWrite, Write};

use super::IncidentId;
use crate::{App, Error, Tenant};

/// How long a confirmed source counts, in microseconds: addresses go to other people.
const MARKED_FOR: Micros = 7 * DAY;

/// The writes that make the sources of a confirmed attack count from `now` on.
pub(super) fn marks(
    tenant: &Tenant,
    incident: IncidentId,
    consequences: &Consequences,
    now: Timestamp,
) -> Vec<Write> {
    let tagger = tenant.keys.tagger();
    let tags = consequences.attackers.iter().filter_map(|entity| entity.source_tag(&tagger));
    let mark = |Tag(source)| {
        let (incident, until) = (incident.to_string(), now.plus(MARKED_FOR));
        IncidentWrite::AttackSource(AttackSourceRow { source, incident, from: now, until }).into()
    };
    tags.map(mark).collect()
}

impl App {
    /// Where confirmed attacks came from, as far as it counts at `at` or later, in event time.
    pub(crate) async fn confirmed_sources(
        &self,
        tenant: &Tenant,
        at: Timestamp,
    ) -> Result<Vec<ConfirmedSource>, Error> {
        let rows = self.ports.store.list_attack_sources(&tenant.id, at).await?;
        let source = |row: AttackSourceRow| ConfirmedSource {
            source: Tag(row.source),
            from: row.from,
            until: row.until,
        };
        Ok(rows.into_iter().map(source).collect())
    }
}
