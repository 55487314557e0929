//! From an entry of a tenant's log that our own call caused to the plan and the step that made it.

use std::collections::BTreeMap;

use countersign_auth0::management::AnyRequest;
use countersign_core::{Micros, Secret, Timestamp};
use countersign_plan::{
    change::{Call, ChangeStep},
    review::Status,
    run::Run,
};
use countersign_store::{PlanFilter, PlanRow};
use serde::Serialize;
use serde_json::Value;

use crate::{App, Error, Tenant, management::Maker};

/// How far the tenant's clock and ours may be apart, with the time that a call takes.
const SLACK: Micros = 5 * 60 * 1_000_000;

/// Plans that are listed at once, and how many pages of them.
const PAGE: u32 = 100;
const PAGES: usize = 50;

/// The plan by which an entry of the log came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanOfLog {
    /// The plan's id.
    pub plan: String,
    /// The step's place in it, from 0.
    pub step: usize,
    /// The leaf of the step's newest intent.
    pub record: String,
}

/// A call as the log tells it.
struct Told {
    maker: Maker,
    method: String,
    path: String,
    at: Timestamp,
}

impl Told {
    /// `None`: it is no entry of a call of the Management API.
    fn of(entry: &Value, at: Timestamp) -> Option<Self> {
        let data = entry.get("data").filter(|data| data.is_object()).unwrap_or(entry);
        let text = |pointer: &str| Some(data.pointer(pointer)?.as_str()?.to_owned());
        let maker = Maker {
            client_id: text("/client_id")?,
            token_id: text("/details/request/auth/credentials/jti")?,
        };
        let path = text("/details/request/path")?;
        let path = decoded(path.strip_prefix("/api/v2").unwrap_or(&path));
        Some(Self { maker, method: text("/details/request/method")?.to_ascii_uppercase(), path, at })
    }

    /// Whether it tells of this request.
    fn is_of(&self, request: &AnyRequest) -> bool {
        request.operation().method.as_str() == self.method && decoded(request.path()) == self.path
    }
}

/// Takes back the percent-encoding of a path, which the log may have taken back already.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The request of a step, whose secrets matter for its body alone.
fn request(step: &ChangeStep, run: &Run) -> Option<AnyRequest> {
    let Call::Management(template) = &step.write.call else { return None };
    let secret = |name: &str| (name.to_owned(), Secret::new(Vec::new()));
    let secrets: BTreeMap<String, Secret> = step.write.secrets().into_iter().map(secret).collect();
    template.fill(run.answers(), &secrets).ok()
}

impl App {
    /// The plan and the step by which an entry of the tenant's log came to be; `None` where no call of a plan of ours did. The entry's
    /// token is one that we wrote with, so that nobody else's call is taken for ours.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when the entry was about a person who was erased; `Unavailable`.
    pub async fn plan_of_log(&self, tenant: &Tenant, log_id: &str) -> Result<Option<PlanOfLog>, Error> {
        let found = self.ports.store.find_log_entry(&tenant.id, log_id).await?;
        let row = found.ok_or(Error::NotFound("log entry"))?;
        let raw = self.open_entry(tenant, &row).await?.ok_or(Error::Erased)?;
        let entry: Value = serde_json::from_str(&raw).map_err(Error::internal)?;
        let Some(told) = Told::of(&entry, row.entry.at) else { return Ok(None) };
        if !self.wrote_with(tenant, &told.maker).await? {
            return Ok(None);
        }
        let mut nearest: Option<(Micros, PlanOfLog)> = None;
        for row in self.plans_around(tenant, told.at).await? {
            for (apart, found) in self.steps_told(tenant, row, &told).await? {
                if nearest.as_ref().is_none_or(|(least, _)| apart < *least) {
                    nearest = Some((apart, found));
                }
            }
        }
        Ok(nearest.map(|(_, found)| found))
    }

    /// Plans whose run was under way at a time.
    async fn plans_around(&self, tenant: &Tenant, at: Timestamp) -> Result<Vec<PlanRow>, Error> {
        let states = [Status::Running, Status::Done, Status::Halted, Status::Failed, Status::Erased];
        let states = states.map(|status| status.as_str().to_owned()).to_vec();
        let mut filter = PlanFilter { states, ..PlanFilter::default() };
        let mut rows = Vec::new();
        for _ in 0..PAGES {
            let page = self.ports.store.list_plans(&tenant.id, filter.clone(), PAGE).await?;
            let is_last = u32::try_from(page.len()).is_ok_and(|count| count < PAGE);
            filter.before = page.last().map(|row| row.id.clone());
            rows.extend(page.into_iter().filter(|row| {
                let is_begun = row.begun.is_some_and(|begun| begun <= at.plus(SLACK));
                is_begun && (row.state == Status::Running.as_str() || row.changed >= at.plus(-SLACK))
            }));
            if is_last {
                break;
            }
        }
        Ok(rows)
    }

    /// The steps of a plan that were sent as the log tells, and how far apart in time; none of a plan that can't be opened any more.
    async fn steps_told(
        &self,
        tenant: &Tenant,
        row: PlanRow,
        told: &Told,
    ) -> Result<Vec<(Micros, PlanOfLog)>, Error> {
        let plan = row.id.clone();
        let opened = match self.open_plan(tenant, &plan).await {
            Ok(kept) => self.open_run(tenant, kept).await,
            Err(error) => Err(error),
        };
        let course = match opened {
            Ok(course) => course,
            Err(Error::Erased | Error::Stale) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let steps = course.kept.plan().steps.iter().enumerate();
        let sent = steps.filter(|(number, _)| course.run.row(*number).is_some_and(|row| row.sent > 0));
        let fitting =
            sent.filter(|(_, step)| request(step, &course.run).is_some_and(|request| told.is_of(&request)));
        Ok(fitting
            .filter_map(|(step, _)| {
                let (record, at) = (course.record(step).to_owned(), course.kept_at(step)?);
                Some((at.since(told.at).abs(), PlanOfLog { plan: plan.clone(), step, record }))
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_whether_the_log_decoded_it_or_not() {
        for path in ["/users/auth0%7C1", "/users/auth0|1"] {
            assert_eq!(decoded(path), "/users/auth0|1");
        }
        assert_eq!(decoded("/a%2"), "/a%2");
        assert_eq!(decoded("/%zz%"), "/%zz%");
        assert_eq!(decoded("%é"), "%é");
    }
}
