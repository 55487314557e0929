//! Somebody puts out the eyes that watch the tenant: its log streams, our Actions, our own access.

mod bindings;
mod silence;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeSet};

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::feed::{Change, Streams};
use crate::{
    About, Context, Detector, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    admin::{Call, Method, texts},
    detectors::Native,
    state::{self, History, Table},
};
use bindings::Bindings;
use silence::{Limits, Silence};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Tampering::new(params)) };

const MINUTES: Param = Param {
    name: "silence_minutes",
    default: 15.0,
    least: 5.0,
    most: 1_440.0,
    text: "minutes without any entry",
};
const NORM: Param = Param {
    name: "silence_norm",
    default: 30.0,
    least: 10.0,
    most: 100_000.0,
    text: "entries that the hour must usually have for silence to mean something",
};
const MISSED: Param = Param {
    name: "silence_missed",
    default: 15.0,
    least: 5.0,
    most: 1_000.0,
    text: "entries that would have been usual in the silence; fewer are missing by chance",
};
const GROUP_MINUTES: Param = Param {
    name: "group_silence_minutes",
    default: 180.0,
    least: 60.0,
    most: 1_440.0,
    text: "minutes without any entry of one group while others come",
};

static ABOUT: About = About {
    id: Cow::Borrowed("sensor_tampering"),
    version: 2,
    title: Cow::Borrowed("Somebody puts out the eyes that watch the tenant"),
    text: Cow::Borrowed(
        "Finds successful calls that delete, pause, turn elsewhere or narrow a log stream, mask the names in it or give it another \
         secret, that take an Action of ours out of its flow, delete, edit or deploy it, and that take scopes, the grant or the \
         secret from our client. It also finds silence: no entry of any type at an hour that usually has many. 15 minutes at 30 \
         entries an hour would pass by chance about every two days, so the silence must also have cost as many entries as chance \
         never does. A stream that was narrowed can't tell of it: once 14 days are known, it is found too (medium) where the \
         logins, the failures, the calls of the Management API or the second factors stop for hours while other entries come.",
    ),
    kinds: Cow::Borrowed(&[]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1562.008", "T1562.001"]),
    false_positives: Cow::Borrowed(&[
        "maintenance that was planned, which a suppression covers",
        "a new token or address of the receiver of a stream",
        "a holiday, or an outage at Auth0, for silence",
        "a job or an attack of weeks that came to its end, for the silence of one group",
        "an Action of ours that was deployed by hand",
    ]),
    steps: Cow::Borrowed(&[
        "put it back: `countersign tenant apply` restores Actions, grant and stream",
        "pull the log of the time that is missing; Auth0 keeps it for days",
        "ask who made the call, and look at everything else they did",
        "revoke their token or session if nobody planned it",
    ]),
    params: &[MINUTES, NORM, MISSED, GROUP_MINUTES],
    cooldown: HOUR,
};

/// The most grants that are followed.
const GRANTS: usize = 4_096;

struct Tampering {
    limits: Limits,
    state: State,
}

#[derive(Serialize, Deserialize)]
struct State {
    streams: Streams,
    bindings: Bindings,
    grants: Table<History<Grant>>,
    silence: Silence,
}

/// A client grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grant {
    is_ours: bool,
    scopes: Option<BTreeSet<String>>,
}

/// The most scopes of one grant that are kept; the Management API has some 200.
const SCOPES: usize = 512;

impl Tampering {
    fn new(params: &Params) -> Self {
        let limits = Limits {
            least: params.span(&MINUTES, crate::MINUTE),
            norm: params.number(&NORM),
            missed: params.number(&MISSED),
            group: params.span(&GROUP_MINUTES, crate::MINUTE),
        };
        let state = State {
            streams: Streams::new(),
            bindings: Bindings::default(),
            grants: Table::new(GRANTS),
            silence: Silence::default(),
        };
        Self { limits, state }
    }

    fn call(&mut self, event: &Event<'_>, call: &Call, context: &Context) -> Option<Severity> {
        match (call.method, &call.path()[..]) {
            (_, ["log-streams", ..]) => self.state.streams.change(event, call).map(severity),
            (_, ["actions", "triggers", trigger, "bindings"]) => {
                self.state.bindings.change(trigger, call, event, &context.guarded_actions)
            }
            (_, ["actions", "actions", id, ..]) if context.guarded_actions.contains(*id) => action(call),
            (_, ["client-grants", ..]) => self.grant(event, call, context),
            (Method::Delete, ["clients", id]) | (Method::Post, ["clients", id, "rotate-secret"]) => {
                context.own_clients.contains_key(*id).then_some(Severity::High)
            }
            _ => None,
        }
    }

    fn grant(&mut self, event: &Event<'_>, call: &Call, context: &Context) -> Option<Severity> {
        let id = call.path.get(1).map(String::as_str).or_else(|| call.field("id")?.as_str())?;
        let history = self.state.grants.entry(event.tag("grant", id.as_bytes()));
        let before = history.before(event.at()).cloned();
        let client = call.field("client_id").and_then(|id| id.as_str());
        let is_ours = client.map_or(before.as_ref().is_some_and(|grant| grant.is_ours), |client| {
            context.own_clients.contains_key(client)
        });
        let told = call.field("scope").and_then(texts);
        let scopes: Option<BTreeSet<String>> = told.map(|scopes| {
            scopes.into_iter().take(SCOPES).map(|scope| scope.chars().take(128).collect()).collect()
        });
        let had = before.and_then(|grant| grant.scopes);
        history.set(event.at(), event.seq, Grant { is_ours, scopes: scopes.clone().or_else(|| had.clone()) });
        if !is_ours {
            return None;
        }
        if call.method == Method::Delete {
            return Some(Severity::High);
        }
        let scopes = scopes.filter(|_| call.method != Method::Post && call.names("scope"))?;
        match had {
            Some(had) => (!had.is_subset(&scopes)).then_some(Severity::High),
            // Why less: it may have become more.
            None => Some(Severity::Medium),
        }
    }
}

/// How bad a change of a stream is.
const fn severity(change: Change) -> Severity {
    match change {
        Change::Deleted
        | Change::Paused
        | Change::Narrowed(_)
        | Change::Redirected(true)
        | Change::Masked(true) => Severity::High,
        // Why less: it may be as it was, or a secret that was changed by plan.
        Change::Redirected(false) | Change::Masked(false) | Change::Rekeyed(true) => Severity::Medium,
        Change::Rekeyed(false) => Severity::Low,
    }
}

/// A call on an Action of ours.
fn action(call: &Call) -> Option<Severity> {
    let edits = || {
        let edits = ["code", "dependencies", "secrets"];
        call.request.as_object().is_none_or(|request| edits.iter().any(|field| request.contains_key(*field)))
    };
    match (call.method, call.path().get(3..)?) {
        (Method::Delete, _) => Some(Severity::High),
        (Method::Patch | Method::Put, []) if edits() => Some(Severity::Medium),
        // Why with versions: an old one may have a fault that was mended, or come from before it was ours.
        (Method::Post, ["deploy"] | ["versions", _, "deploy"]) => Some(Severity::Medium),
        _ => None,
    }
}

impl Detector for Tampering {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        self.state.silence.end(event, &self.limits);
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        let Some(severity) = self.call(event, call, world.context) else { return };
        let severity = call.severity(severity, world.context);
        findings.push(Finding::new(severity, event.tenant(), event.at()).shown_by([event.seq]));
    }

    fn pass(&mut self, now: Timestamp, _: &World<'_>, findings: &mut Vec<Finding>) {
        self.state.silence.find(now, &self.limits, MINUTES.name, findings);
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.streams.evicted().saturating_add(self.state.grants.evicted())
    }
}
