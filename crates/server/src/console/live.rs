//! `/console/live`: decisions as they are made, as server-sent events.
//!
//! Each answer is short: it waits for news, tells them and ends, and the browser asks again with the last index that it
//! knows. So a watcher that fell behind misses nothing, an ended session sees nothing more (it is looked up anew after the wait),
//! and a shutdown waits for nobody for long. The feed only says that there is news; the rows come from the store.

use super::query::permitted_within;
use crate::authn::Known;
use countersign_rights::Action;
use std::time::Duration;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_app::{DecisionFilter, DecisionRow, Live, access::ScopedPermit};
use countersign_core::{Timestamp, Trigger};
use maud::Markup;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    fault::Fault,
    list::{self, PAGE},
    overview::{COUNTED, Overview},
    query::{Filter, Parameters},
};
use crate::Server;

/// How long an answer waits for news: a shutdown waits as long for it.
const WAIT: Duration = Duration::from_secs(5);

/// How long more news are gathered before they are told.
const GATHER: Duration = Duration::from_millis(300);

/// How soon the browser asks again, in milliseconds.
const RETRY_MS: u32 = 200;

/// What a browser sends as its last index before there was any decision.
const NOTHING_YET: &str = "start";

/// Answers `GET /console/live`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    (headers, extensions): (HeaderMap, Extensions),
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let mut permit = permitted_within(&server, &caller, Action::ReadDecisions, &parameters).await?;
    let filter = Filter::read(&parameters)?;
    let _watcher = server.0.watchers.begin(permit.id(), caller.id()).ok_or_else(|| {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many watchers",
            "too many pages are live at once; close some",
        )
    })?;
    // INVARIANT: listening begins before the first look, so that nothing falls between the two.
    let mut news = server.0.app.watch();
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let is_first = known.is_none();
    let after = index(known.or_else(|| parameters.get("after")))?;
    // Why: not by the store's `after`, which begins with the oldest; a page that slept for a day wants the newest.
    let filter = DecisionFilter { before: None, ..filter.of_store() };
    let mut rows = later(server.0.app.decisions(&permit, filter.clone(), PAGE).await?, after);
    // Why: the first answer comes at once, so that the page knows that it is live.
    if rows.is_empty() && !is_first && wait(&mut news, &permit, &filter, after).await {
        tokio::time::sleep(GATHER).await;
        let caller = server.caller_still(&headers, &extensions).await?;
        permit = permitted_within(&server, &caller, Action::ReadDecisions, &parameters).await?;
        rows = later(server.0.app.decisions(&permit, filter, PAGE).await?, after);
    }
    let now = server.0.app.clock().now();
    let body = if rows.is_empty() {
        Events::default().id(after).text
    } else {
        let thresholds = permit.thresholds(Trigger::PostLogin, None, None);
        let newest = server.0.app.decisions(&permit, Filter::default().of_store(), COUNTED).await?;
        let figures = Overview::of(&newest, thresholds).render(permit.id(), now);
        tell(&rows, &permit, now, &figures)
    };
    Ok(([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], body).into_response())
}

/// Reads an index; `None` when nothing is known yet.
fn index(text: Option<&str>) -> Result<Option<u64>, Fault> {
    match text {
        None | Some(NOTHING_YET) => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Fault::query("`after` is the index of a leaf")),
    }
}

/// The rows that the page does not have, newest first.
fn later(mut rows: Vec<DecisionRow>, after: Option<u64>) -> Vec<DecisionRow> {
    rows.retain(|row| is_later(row, after));
    rows.sort_by_key(|row| std::cmp::Reverse(row.leaf_index));
    rows
}

fn is_later(row: &DecisionRow, after: Option<u64>) -> bool {
    after.is_none_or(|after| row.leaf_index > after)
}

/// Waits until there may be news that pass the filter; false when there were none in time.
async fn wait(
    news: &mut Receiver<Live>,
    permit: &ScopedPermit,
    filter: &DecisionFilter,
    after: Option<u64>,
) -> bool {
    let first = async {
        loop {
            match news.recv().await {
                Ok(Live { tenant: whose, row }) => {
                    // Why also here: what is news is told before the store is asked.
                    let is_theirs =
                        whose == *permit.id() && permit.covers(row.decision.organization.as_ref());
                    if is_theirs && is_wanted(&row, filter) && is_later(&row, after) {
                        return true;
                    }
                }
                // Why: what was missed may have passed; the store knows.
                Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    };
    tokio::time::timeout(WAIT, first).await.unwrap_or(false)
}

fn is_wanted(row: &DecisionRow, filter: &DecisionFilter) -> bool {
    let decision = &row.decision;
    let is_level = filter.levels.is_empty() || filter.levels.contains(&decision.level);
    let is_organization = filter.organization.is_none() || filter.organization == decision.organization;
    is_level && is_organization
}

fn tell(rows: &[DecisionRow], permit: &ScopedPermit, now: Timestamp, figures: &Markup) -> String {
    let newest = rows.iter().map(|row| row.leaf_index).max();
    let aliases = permit.aliases();
    let rendered: String =
        rows.iter().map(|row| list::row(row, permit.id(), &aliases, now).into_string()).collect();
    Events::default().id(newest).event("rows", &rendered).event("figures", &figures.0).text
}

/// Text of server-sent events (WHATWG HTML, section 9.2).
struct Events {
    text: String,
}

impl Default for Events {
    fn default() -> Self {
        Self { text: format!("retry: {RETRY_MS}\n") }
    }
}

impl Events {
    /// What the browser sends back when it asks again. Ends a block without data: the id counts, no event is raised.
    fn id(mut self, index: Option<u64>) -> Self {
        let id = index.map_or_else(|| NOTHING_YET.to_owned(), |index| index.to_string());
        self.text.push_str(&format!("id: {id}\n\n"));
        self
    }

    fn event(mut self, name: &str, data: &str) -> Self {
        self.text.push_str(&format!("event: {name}\n"));
        for line in data.split(['\n', '\r']) {
            self.text.push_str(&format!("data: {line}\n"));
        }
        self.text.push('\n');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn data_can_not_break_out_of_its_event() {
        let events = Events::default().event("rows", "a\nevent: forged\r\n\nb").text;
        assert_eq!(
            events,
            "retry: 200\nevent: rows\ndata: a\ndata: event: forged\ndata: \ndata: \ndata: b\n\n"
        );
    }

    #[test]
    fn the_last_index_comes_back_and_nothing_else() {
        assert_eq!(Events::default().id(Some(7)).text, "retry: 200\nid: 7\n\n");
        assert_eq!(
            [index(None).unwrap(), index(Some(NOTHING_YET)).unwrap(), index(Some("7")).unwrap()],
            [None, None, Some(7)]
        );
        assert!(index(Some("7; drop")).is_err());
    }

    #[test]
    fn a_page_gets_what_it_has_not_newest_first() {
        let mut rows = samples::rows();
        let known = rows[3].leaf_index;
        let expected: Vec<u64> = rows.iter().take(3).map(|row| row.leaf_index).collect();
        assert!(expected.is_sorted_by(|one, other| one > other), "{expected:?}");
        rows.reverse();
        let told: Vec<u64> = later(rows.clone(), Some(known)).iter().map(|row| row.leaf_index).collect();
        assert_eq!(told, expected);
        assert_eq!(later(rows.clone(), None).len(), rows.len());
    }

    #[test]
    fn only_what_the_filter_lets_through_is_news() {
        let row = samples::rows().remove(0);
        let mut filter = DecisionFilter::default();
        assert!(is_wanted(&row, &filter));
        filter.levels = countersign_core::Level::ALL
            .iter()
            .copied()
            .filter(|level| *level != row.decision.level)
            .collect();
        assert!(!is_wanted(&row, &filter));
        filter.levels = vec![row.decision.level];
        filter.organization = Some("org_elsewhere".parse().unwrap());
        assert!(!is_wanted(&row, &filter));
    }
}
