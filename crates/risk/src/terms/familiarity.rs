//! How well a value fits a user's history, shared by the terms about place and device.

use countersign_core::MicroLogit;

use crate::{
    Code, Contribution, Familiarity, Features, Model,
    number::{micro, milli, nearest},
    profile::Seen,
};

/// A feature with its codes and its words.
pub(super) struct Subject {
    pub(super) constants: Familiarity,
    pub(super) unfamiliar: Code,
    pub(super) familiar: Code,
    /// Such as `this country`.
    pub(super) noun: &'static str,
    /// Share of the contribution that counts, in thousandths.
    pub(super) share_milli: u32,
}

impl Subject {
    /// The contribution of a value that was `seen` so often.
    pub(super) fn contribution(self, seen: Seen, features: &Features, model: &Model) -> Option<Contribution> {
        let bounds = (self.constants.lo_micro, self.constants.hi_micro);
        let evidence = micro(self.constants.log_ratio(seen)).max(bounds.0).min(bounds.1);
        // Why less for a machine: it has one network, country and program, which are the same or others together.
        let of_machine = features.machine.as_ref().filter(|_| evidence < 0);
        let remains = of_machine.map_or(1.0, |_| milli(model.machine_client.familiar_milli).min(1.0));
        let share = milli(self.share_milli).min(1.0) * remains;
        let counted = shrink(evidence, seen.total, model.half_trust_milli, share);
        if counted > 0 && seen.total < milli(model.min_history_milli) {
            return None;
        }
        let code = if counted > 0 { self.unfamiliar } else { self.familiar };
        let (noun, sign_ins) = (self.noun, nearest(seen.total).max(1));
        let Whose { owner, times, from, .. } = Whose::of(features);
        let text = if seen.weight <= 0.0 {
            format!("The {owner} history of about {sign_ins} {times} does not hold {noun}.")
        } else {
            format!("About {} of the {owner} {times} {from} {noun}.", percent(seen.weight / seen.total))
        };
        Contribution::new(code, counted, bounds, text)
    }
}

/// The words for whoever has the history.
pub(super) struct Whose {
    pub(super) owner: &'static str,
    pub(super) time: &'static str,
    pub(super) times: &'static str,
    from: &'static str,
}

impl Whose {
    pub(super) const fn of(features: &Features) -> Self {
        match features.machine {
            None => Self { owner: "user's", time: "sign-in", times: "sign-ins", from: "came from" },
            Some(_) => Self { owner: "client's", time: "request", times: "requests", from: "had" },
        }
    }
}

impl Familiarity {
    /// The same with all that raises the risk scaled by thousandths.
    pub(super) fn scaled(self, share_milli: u32) -> Self {
        let scale = |value: MicroLogit| value.saturating_mul(i64::from(share_milli)) / 1_000;
        let weight_milli = u32::try_from(scale(i64::from(self.weight_milli))).unwrap_or(u32::MAX);
        Self { weight_milli, hi_micro: scale(self.hi_micro), ..self }
    }

    /// `weight · ln(p_attacker / p_user)`; finite for any constants.
    fn log_ratio(&self, seen: Seen) -> f64 {
        let prior = milli(self.prior_milli.max(1)) * seen.distinct;
        let share = |ppm: u32| f64::from(ppm.clamp(1, 1_000_000)) / 1e6;
        let user = (seen.weight + prior * share(self.ordinary_ppm)) / (seen.total + prior);
        milli(self.weight_milli) * libm::log(share(self.attacker_ppm) / user)
    }
}

/// `evidence` weakened by how little history it rests on: n / (n + half).
pub(super) fn shrink(evidence: MicroLogit, history: f64, half_milli: u32, share: f64) -> MicroLogit {
    let trust = history / (history + milli(half_milli.max(1)));
    nearest(crate::number::real(evidence) * trust * share)
}

/// A share as people say it.
pub(super) fn percent(share: f64) -> String {
    match nearest(share * 100.0) {
        ..1 => "under 1%".to_owned(),
        percent => format!("{}%", percent.min(100)),
    }
}
