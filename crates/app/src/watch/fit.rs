//! The engine as it is set now, and since when: what was judged before the settings changed stays as it was judged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_core::Timestamp;
use countersign_detect::{Detector, Engine, StateError, sigma::Located};
use countersign_policy::{Document, Fault, Watch};
use countersign_store::Write;
use serde::{Deserialize, Serialize};

use super::{
    desk::Working,
    ours::{self, Ours},
    rules::{RuleFiles, TOLD},
    settings,
};
use crate::{App, Error, Tenant};

/// Where the store keeps by which settings the log was judged.
const CURSOR: &str = "settings";

/// What an engine was made by.
#[derive(Clone)]
pub(super) struct Fit {
    version: u64,
    watch: Arc<Watch>,
    rules: Arc<RuleFiles>,
    ours: Ours,
}

impl Fit {
    /// Whether both are of one version of the policy, and know the same as ours.
    fn is_alike(&self, other: &Self) -> bool {
        self.version == other.version && self.ours == other.ours
    }
}

/// By which settings the log was judged, and from which event time on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The version of the policy.
    version: u64,
    /// A keyed hash of the detectors and rules.
    made_of: u64,
    /// Event time, in microseconds; what ended before was judged by other settings.
    pub(super) since: i64,
}

impl Mark {
    /// The event time from which on the settings hold.
    pub(super) const fn since(&self) -> Timestamp {
        Timestamp::from_micros(self.since)
    }
}

impl App {
    /// What an engine is to be made by now.
    pub(super) async fn fit(&self, tenant: &Tenant) -> Result<Fit, Error> {
        let current = tenant.current();
        Ok(Fit {
            version: current.version,
            watch: Arc::clone(&current.watch),
            rules: tenant.watch.rules.load_full(),
            ours: self.ours(tenant).await?,
        })
    }

    /// By which settings the log was judged when that was last said; `None` where nothing was judged.
    pub(super) async fn mark(&self, tenant: &Tenant) -> Result<Option<Mark>, Error> {
        let kept = self.ports.store.find_log_cursor(&tenant.id, CURSOR).await?;
        Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()))
    }

    /// The settings by which the log was judged so far, as far as they are still known: a process may end between a change and its
    /// taking effect.
    pub(super) async fn fit_of(&self, tenant: &Tenant, mark: Option<&Mark>) -> Result<Fit, Error> {
        let fit = self.fit(tenant).await?;
        let Some(mark) = mark.filter(|mark| mark.version != fit.version) else { return Ok(fit) };
        let back = u32::try_from(fit.version.abs_diff(mark.version).saturating_add(1)).unwrap_or(u32::MAX);
        let rows = self.ports.store.list_policies(&tenant.id, back.min(MOST_BACK)).await?;
        let row = rows.into_iter().find(|row| row.version == mark.version);
        let document: Option<Document> = row.and_then(|row| serde_json::from_str(&row.document).ok());
        Ok(document.map_or(fit.clone(), |document| Fit {
            version: mark.version,
            watch: Arc::new(document.watch),
            ..fit
        }))
    }

    /// Puts what is set now in force, with what the detectors know; what is to be committed says so.
    pub(super) async fn refit(&self, tenant: &Tenant, at_work: &mut Working) -> Result<Option<Write>, Error> {
        let fit = self.fit(tenant).await?;
        let is_same_rules = Arc::ptr_eq(&fit.rules, &at_work.fit.rules);
        if at_work.mark.is_some() && is_same_rules && fit.is_alike(&at_work.fit) {
            return Ok(None);
        }
        let is_same_watch = fit.watch == at_work.fit.watch;
        if !is_same_watch || !is_same_rules {
            let mut fresh = engine(tenant, &fit)?;
            at_work.begun.extend(restore(tenant, &mut fresh, &at_work.engine.save()));
            at_work.engine = fresh;
        } else if fit.ours != at_work.fit.ours {
            at_work.engine.inform(ours::inform(settings::context(&fit.watch), &fit.ours));
        }
        at_work.fit = fit;
        let made_of = made_of(tenant, &at_work.engine, &at_work.fit);
        if at_work.mark.as_ref().is_some_and(|mark| mark.made_of == made_of) {
            return Ok(None);
        }
        // Why nothing at the beginning: where nothing was judged yet, nothing was judged otherwise.
        let since = at_work.mark.as_ref().map_or(i64::MIN, |_| at_work.newest.0.micros());
        let mark = Mark { version: at_work.fit.version, made_of, since };
        let cursor = serde_json::to_string(&mark).map_err(Error::internal)?;
        if at_work.mark.is_some() {
            tracing::info!(tenant.id = %tenant.id, policy = at_work.fit.version, "the log is watched by other settings from now on");
        }
        at_work.mark = Some(mark);
        Ok(Some(Write::LogCursor { name: CURSOR, cursor }))
    }
}

/// An engine without state.
pub(super) fn engine(tenant: &Tenant, fit: &Fit) -> Result<Engine, Error> {
    let (made, faults) = match settings::make(&fit.watch, &fit.rules) {
        Ok(made) => made,
        // Why the built-in ones alone: a tenant is better watched by them than by nothing.
        Err(located) => {
            let first = |faults: &[Located]| faults.first().map_or_else(String::new, ToString::to_string);
            let made = settings::make(&fit.watch, &RuleFiles::default());
            let (made, mut faults) = made.map_err(|faults| Error::internal(first(&faults)))?;
            let message = format!(
                "the rule files can't be used with it, so that only the built-in rules are: {}",
                first(&located)
            );
            faults.push(Fault { path: "watch.rules".to_owned(), message });
            (made, faults)
        }
    };
    tell(tenant, &faults);
    let context = ours::inform(settings::context(&fit.watch), &fit.ours);
    let settings = settings::engine_settings(&fit.watch, &made, context);
    Ok(Engine::new(tenant.keys.tagger(), settings, made))
}

/// Gives an engine what another knew; returns the detectors that can't take it, which begin anew.
pub(super) fn restore(tenant: &Tenant, engine: &mut Engine, state: &[u8]) -> BTreeSet<String> {
    let begun: BTreeSet<String> = match engine.restore(state) {
        Ok(begun) => begun.into_iter().collect(),
        Err(StateError) => {
            engine.detectors().map(Detector::about).map(|about| about.id.to_string()).collect()
        }
    };
    if !begun.is_empty() {
        let detectors = begun.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        tracing::info!(tenant.id = %tenant.id, detectors, "detectors begin anew: their state is of another version, or there is none");
    }
    begun
}

/// How many versions of a policy are looked through for one.
const MOST_BACK: u32 = 1_000;

/// A keyed hash of all that decides what is found: the detectors with their versions, and what is set.
fn made_of(tenant: &Tenant, engine: &Engine, fit: &Fit) -> u64 {
    let ids: BTreeMap<&str, u32> =
        engine.detectors().map(Detector::about).map(|about| (&*about.id, about.version)).collect();
    let text = serde_json::to_vec(&(ids, &*fit.watch)).unwrap_or_default();
    tenant.keys.tagger().tag("watch settings", &text).0
}

/// Keeps what is passed over for the checks, and logs it where it is new.
fn tell(tenant: &Tenant, faults: &[Fault]) {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).take(TOLD).collect();
    let mut told = tenant.watch.told.lock();
    if told.settings != faults {
        for fault in &faults {
            tracing::error!(tenant.id = %tenant.id, fault, "a setting of the watching does not fit and is passed over");
        }
        told.settings = faults;
    }
}
