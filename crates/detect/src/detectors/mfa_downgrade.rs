//! The tenant asks for less of a second factor than it did.

mod flow;
mod setting;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeSet};

use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{
    About, Detector, Event, Finding, HOUR, Params, Severity, StateError, World,
    admin::Call,
    detectors::Native,
    state::{self, History, Table},
};
use setting::Setting;

pub(super) const NATIVE: Native =
    Native { about: &ABOUT, make: |params| Box::new(MfaDowngrade::new(params)) };

static ABOUT: About = About {
    id: Cow::Borrowed("mfa_downgrade"),
    version: 2,
    title: Cow::Borrowed("Multi-factor authentication was weakened for the tenant"),
    text: Cow::Borrowed(
        "Follows the MFA policy, the factors, risk assessment, MFA of a connection, the Actions of the login flow, and by which \
         connections people become members of an organization or sign up into it, through successful calls of the Management API, \
         whoever made them. It finds what is lower than before, and an Action that is no longer in the login flow, whatever came in \
         its place. What is set again as it was, or higher, is silent. Where nothing is known of before, only what is off counts, \
         and low, a policy that asks by risk.",
    ),
    kinds: Cow::Borrowed(&["sapi"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1556.006"]),
    false_positives: Cow::Borrowed(&[
        "a planned change, which a suppression with its ticket covers",
        "a weak factor (SMS, voice, e-mail) that is retired: low",
        "an Action of the login flow that is replaced by a new one",
    ]),
    steps: Cow::Borrowed(&[
        "ask who made the call whether it was planned",
        "set the policy or factor back",
        "look for logins without a second factor since",
        "revoke the token or the session of the one who made the call, if nobody planned it",
    ]),
    params: &[],
    cooldown: HOUR,
};

/// The most settings that are followed.
const SETTINGS: usize = 4_096;

/// The most flows that are followed.
const FLOWS: usize = 16;

struct MfaDowngrade {
    state: State,
}

#[derive(Serialize, Deserialize)]
struct State {
    settings: Table<History<i16>>,
    flows: Table<History<BTreeSet<Tag>>>,
}

impl MfaDowngrade {
    fn new(_: &Params) -> Self {
        Self { state: State { settings: Table::new(SETTINGS), flows: Table::new(FLOWS) } }
    }

    fn set(
        &mut self,
        setting: Setting,
        call: &Call,
        event: &Event<'_>,
        world: &World<'_>,
    ) -> Option<Finding> {
        let history = self.state.settings.entry(event.tag("setting", setting.name.as_bytes()));
        let before = history.before(event.at()).copied();
        history.set(event.at(), event.seq, setting.level);
        let (severity, was) = match before {
            Some(before) => (setting.severity, before),
            None => (setting.unknown, setting.assumed?),
        };
        if setting.level >= was || !setting.is_asked {
            return None;
        }
        let severity = call.severity(severity, world.context);
        let entity = setting.entity.unwrap_or_else(|| event.tenant());
        let finding = Finding::new(severity, entity, event.at()).shown_by([event.seq]);
        Some(finding.measured("level", setting.level.into(), was.into()))
    }
}

impl Detector for MfaDowngrade {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        for setting in setting::settings(call) {
            findings.extend(self.set(setting, call, event, world));
        }
        findings.extend(flow::lost(&mut self.state.flows, call, event, world));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.settings.evicted().saturating_add(self.state.flows.evicted())
    }
}
