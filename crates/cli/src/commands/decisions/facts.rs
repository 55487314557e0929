//! What is public of decisions, a page at a time.

use anyhow::Context;
use countersign_app::access::Within;
use countersign_app::{App, DecisionFilter, DecisionRow};
use countersign_core::{
    Channel, DecisionId, Level, Mode, OrganizationId, Score, TenantId, Timestamp, Trigger, Verdict,
};
use serde::{Deserialize, Serialize};

use crate::{args::Filter, place::Place};

/// Decisions read at once from the data itself; a server has its own number.
const PAGE: u32 = 500;

/// How far the times of neighbors in the ledger may be out of order, in microseconds: an hour, for a clock that was set back.
const DISORDER_MICROS: i64 = 3_600 * 1_000_000;

/// One decision; also as a running server lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    pub decision_id: DecisionId,
    pub leaf_index: u64,
    pub at: Timestamp,
    /// The person's pseudonym, until erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What stands for the person; for the outside where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    pub organization: Option<OrganizationId>,
    pub trigger: Trigger,
    pub channel: Channel,
    pub mode: Mode,
    pub level: Level,
    pub score: Score,
    pub verdict: Verdict,
    /// What is known of its outcome.
    pub standing: String,
}

impl From<DecisionRow> for Facts {
    fn from(row: DecisionRow) -> Self {
        let DecisionRow { decision, leaf_index, subject, standing, granted: _, at_tenant: _ } = row;
        Self {
            decision_id: decision.id,
            leaf_index,
            at: decision.at,
            subject: subject.map(|subject| subject.to_string()),
            alias: None,
            organization: decision.organization,
            trigger: decision.trigger,
            channel: decision.channel,
            mode: decision.mode,
            level: decision.level,
            score: decision.score,
            verdict: decision.verdict,
            standing: standing.as_str().to_owned(),
        }
    }
}

impl Facts {
    /// The decision in one line.
    pub fn line(&self) -> String {
        let Self {
            decision_id,
            leaf_index,
            at,
            subject,
            organization,
            trigger,
            mode,
            level,
            score,
            verdict,
            ..
        } = self;
        let organization = organization.as_ref().map_or("-", OrganizationId::as_str);
        let subject = subject.as_deref().unwrap_or("-");
        format!(
            "{at}  {decision_id}  leaf {leaf_index}  {trigger}  {organization}  {subject}  {level} {score}  {verdict} in {mode} mode"
        )
    }

    /// Without the pseudonym, and without the alias that holds inside.
    pub fn without_subject(&self, with_alias: bool) -> Self {
        Self { subject: None, alias: self.alias.clone().filter(|_| with_alias), ..self.clone() }
    }

    fn is_wanted(&self, filter: &Filter) -> bool {
        filter.trigger.is_none_or(|trigger| trigger == self.trigger)
            && filter.since.is_none_or(|since| self.at >= since)
    }
}

#[derive(Deserialize)]
struct Listed {
    decisions: Vec<Facts>,
}

/// Decisions, newest first.
pub struct Pages<'a> {
    place: &'a Place,
    tenant: TenantId,
    filter: Filter,
    with_aliases: bool,
    is_over: bool,
}

impl<'a> Pages<'a> {
    /// All that the filter lets through.
    pub const fn new(place: &'a Place, tenant: TenantId, filter: Filter) -> Self {
        Self { place, tenant, filter, with_aliases: false, is_over: false }
    }

    /// With what stands for each person outside, if `with_aliases`.
    pub fn with_aliases(self, with_aliases: bool) -> Self {
        Self { with_aliases, ..self }
    }

    /// The next ones, which may be none of a page; `None` at the end.
    pub async fn next(&mut self) -> anyhow::Result<Option<Vec<Facts>>> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.read().await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.filter.before = Some(last.leaf_index);
        self.is_over = self.filter.since.is_some_and(|since| since.since(last.at) > DISORDER_MICROS);
        Ok(Some(page.into_iter().filter(|facts| facts.is_wanted(&self.filter)).collect()))
    }

    async fn read(&self) -> anyhow::Result<Vec<Facts>> {
        let Filter { level, organization, before, .. } = self.filter.clone();
        match self.place {
            Place::Here(here) => {
                let filter = DecisionFilter {
                    levels: level.into_iter().collect(),
                    organization,
                    before,
                    ..DecisionFilter::default()
                };
                let rows = here.app.decisions(Within::all(&here.tenant), filter, PAGE).await?;
                let inner = App::inner_aliases(&here.tenant);
                let facts = |row: DecisionRow| {
                    let alias = row.subject.as_ref().map(|subject| match self.with_aliases {
                        true => App::alias(&here.tenant, subject, row.decision.at),
                        false => inner.of(subject),
                    });
                    Facts { alias: alias.map(|alias| alias.to_string()), ..row.into() }
                };
                Ok(rows.into_iter().map(facts).collect())
            }
            Place::Server(server) => {
                let mut query = vec![("tenant", self.tenant.to_string())];
                query.extend(level.map(|level| ("level", level.to_string())));
                query.extend(organization.map(|organization| ("organization", organization.to_string())));
                query.extend(before.map(|before| ("before", before.to_string())));
                query.extend(self.with_aliases.then(|| ("aliases", true.to_string())));
                let listed = server.get(&["v1", "decisions"], &query).await?;
                let listed: Listed =
                    serde_json::from_value(listed).context("the server's answer is none of Countersign's")?;
                Ok(listed.decisions)
            }
        }
    }
}
