//! What changes in one layer.

use countersign_core::{Level, Trigger};

use super::{Changes, Place, word};
use crate::{
    document::{Claims, Document, FederatedChallenge, Layer, NoFactor, TriggerLayer},
    settings::{Settings, Thresholds, Verdicts},
};

/// One key of a layer.
struct Key {
    name: &'static str,
    /// What the layer has written down, for a trigger where it differs by trigger.
    written: fn(&Layer, Trigger) -> Option<String>,
    /// What holds where the layer does.
    holding: fn(&Settings) -> String,
    /// Whether the second settings let more through, or tell more, than the first.
    is_looser: fn(&Settings, &Settings) -> bool,
}

const MODE: Key = Key {
    name: "mode",
    written: |layer, _| layer.mode.as_ref().map(word),
    holding: |settings| word(&settings.mode),
    is_looser: |old, new| new.mode < old.mode,
};

const THRESHOLDS: Key = Key {
    name: "thresholds",
    written: |layer, _| layer.thresholds.as_ref().map(thresholds),
    holding: |settings| thresholds(&settings.thresholds),
    is_looser: |old, new| {
        let (old, new) = (old.thresholds, new.thresholds);
        new.medium > old.medium || new.high > old.high || new.critical > old.critical
    },
};

const VERDICTS: Key = Key {
    name: "verdicts",
    written: |layer, _| layer.verdicts.as_ref().map(verdicts),
    holding: |settings| verdicts(&settings.verdicts),
    is_looser: |old, new| Level::ALL.iter().any(|level| new.verdicts.of(*level) < old.verdicts.of(*level)),
};

const USER_RISK: Key = Key {
    name: "user_risk_challenge",
    written: |layer, _| layer.user_risk_challenge.as_ref().map(word),
    holding: |settings| word(&settings.user_risk_challenge),
    is_looser: |old, new| new.user_risk_challenge > old.user_risk_challenge,
};

/// The keys that hold for every trigger alike.
const ALIKE: [Key; 8] = [
    Key {
        name: "rollout_percent",
        written: |layer, _| layer.rollout_percent.as_ref().map(word),
        holding: |settings| word(&settings.rollout_percent),
        is_looser: |old, new| new.rollout_percent < old.rollout_percent,
    },
    Key {
        name: "federated",
        written: |layer, _| layer.federated.as_ref().map(word),
        holding: |settings| word(&settings.federated),
        is_looser: |old, new| new.federated < old.federated,
    },
    Key {
        name: "no_factor",
        written: |layer, _| layer.no_factor.as_ref().map(word),
        holding: |settings| word(&settings.no_factor),
        is_looser: |old, new| new.no_factor < old.no_factor,
    },
    Key {
        name: "redirect_url",
        written: |layer, _| layer.redirect_url.as_ref().map(word),
        holding: |settings| settings.redirect_url.as_ref().map_or_else(|| "none".to_owned(), word),
        // Why any other page: whoever answers there says whether a challenge was passed.
        is_looser: |old, new| sends(old) && sends(new) && new.redirect_url != old.redirect_url,
    },
    Key {
        name: "reduce_scopes",
        written: |layer, _| layer.reduce_scopes.as_ref().map(word),
        holding: |settings| word(&settings.reduce_scopes),
        is_looser: |old, new| new.reduce_scopes && !old.reduce_scopes,
    },
    Key {
        name: "offer_enrollment",
        written: |layer, _| layer.offer_enrollment.as_ref().map(word),
        holding: |settings| word(&settings.offer_enrollment),
        // Why not over a mark: there, an enrollment asks for more.
        is_looser: |old, new| {
            new.offer_enrollment && !old.offer_enrollment && old.no_factor != NoFactor::Annotate
        },
    },
    Key {
        name: "mfa_max_age_minutes",
        written: |layer, _| layer.mfa_max_age_minutes.as_ref().map(word),
        holding: |settings| word(&settings.mfa_max_age_minutes),
        is_looser: |old, new| new.mfa_max_age_minutes > old.mfa_max_age_minutes,
    },
    Key {
        name: "claims",
        written: |layer, _| layer.claims.as_ref().map(claims),
        holding: |settings| claims(&settings.claims),
        // Why: reasons in a token coach whoever reads it.
        is_looser: |old, new| new.claims.risk_reason && !old.claims.risk_reason,
    },
];

const OWN_MODE: Key = Key { written: |layer, trigger| layer.modes.get(&trigger).map(word), ..MODE };

const OWN_THRESHOLDS: Key =
    Key { written: |layer, trigger| own(layer, trigger).thresholds.as_ref().map(thresholds), ..THRESHOLDS };

const OWN_VERDICTS: Key =
    Key { written: |layer, trigger| own(layer, trigger).verdicts.as_ref().map(verdicts), ..VERDICTS };

const OWN_USER_RISK: Key =
    Key { written: |layer, trigger| own(layer, trigger).user_risk_challenge.as_ref().map(word), ..USER_RISK };

fn own(layer: &Layer, trigger: Trigger) -> TriggerLayer {
    layer.triggers.get(&trigger).copied().unwrap_or_default()
}

fn sends(settings: &Settings) -> bool {
    settings.federated == FederatedChallenge::Redirect || settings.no_factor == NoFactor::Redirect
}

fn thresholds(Thresholds { medium, high, critical }: &Thresholds) -> String {
    format!("medium from {}, high from {}, critical from {}", word(medium), word(high), word(critical))
}

fn verdicts(verdicts: &Verdicts) -> String {
    let words: Vec<_> = Level::ALL.iter().map(|level| format!("{level}: {}", verdicts.of(*level))).collect();
    words.join(", ")
}

fn claims(claims: &Claims) -> String {
    let Claims { risk_level, risk_score, risk_reason, access_token, in_every_mode } = *claims;
    let words: Vec<_> = [
        (risk_level, "risk_level"),
        (risk_score, "risk_score"),
        (risk_reason, "risk_reason"),
        (access_token, "in access tokens too"),
        (in_every_mode, "in every mode"),
    ]
    .into_iter()
    .filter_map(|(is_on, word)| is_on.then_some(word))
    .collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// One document and the layer of it that is looked at.
pub(super) type Side<'a> = (&'a Document, &'a Layer);

/// Notes what the layer at `path` changes, judged in each of `places`.
pub(super) fn diff(path: &str, old: Side<'_>, new: Side<'_>, places: &[Place<'_>], changes: &mut Changes) {
    let mut comparison = Comparison { old, new, places, changes };
    // Why: what a layer has for one trigger says nothing of what it has for all, nor the other way round.
    let without = |is_named: fn(&Layer, Trigger) -> bool| -> Vec<Trigger> {
        let is_open = |trigger: &Trigger| !is_named(old.1, *trigger) && !is_named(new.1, *trigger);
        Trigger::ALL.iter().copied().filter(is_open).collect()
    };
    let modes = without(|layer, trigger| layer.modes.contains_key(&trigger));
    comparison.note(format!("{path}.mode"), &MODE, &modes);
    for trigger in Trigger::ALL {
        comparison.note(format!("{path}.modes.{trigger}"), &OWN_MODE, &[*trigger]);
    }
    let open = without(|layer, trigger| own(layer, trigger).thresholds.is_some());
    comparison.note(format!("{path}.thresholds"), &THRESHOLDS, &open);
    let open = without(|layer, trigger| own(layer, trigger).verdicts.is_some());
    comparison.note(format!("{path}.verdicts"), &VERDICTS, &open);
    let open = without(|layer, trigger| own(layer, trigger).user_risk_challenge.is_some());
    comparison.note(format!("{path}.user_risk_challenge"), &USER_RISK, &open);
    for trigger in Trigger::ALL {
        for key in [&OWN_THRESHOLDS, &OWN_VERDICTS, &OWN_USER_RISK] {
            comparison.note(format!("{path}.triggers.{trigger}.{}", key.name), key, &[*trigger]);
        }
    }
    for key in &ALIKE {
        comparison.note(format!("{path}.{}", key.name), key, &[Trigger::PostLogin]);
    }
}

struct Comparison<'a, 'c> {
    old: Side<'a>,
    new: Side<'a>,
    places: &'a [Place<'a>],
    changes: &'c mut Changes,
}

impl Comparison<'_, '_> {
    /// Notes a key if the layer writes it otherwise than before; `triggers` are those for which it counts.
    fn note(&mut self, path: String, key: &Key, triggers: &[Trigger]) {
        let first = triggers.first().copied().unwrap_or(Trigger::PostLogin);
        let (before, after) = ((key.written)(self.old.1, first), (key.written)(self.new.1, first));
        if before == after {
            return;
        }
        let cases =
            || triggers.iter().flat_map(|trigger| self.places.iter().map(move |place| (*trigger, place)));
        let held = |document: &Document, (trigger, place): (Trigger, &Place<'_>)| {
            document.settings(trigger, place.0, place.1)
        };
        let inherited = |document: &Document| {
            let mut words: Vec<_> = cases().map(|case| (key.holding)(&held(document, case))).collect();
            words.sort_unstable();
            words.dedup();
            format!("inherited: {}", words.join(" or "))
        };
        let loosens = cases().any(|case| (key.is_looser)(&held(self.old.0, case), &held(self.new.0, case)));
        let before = before.unwrap_or_else(|| inherited(self.old.0));
        let after = after.unwrap_or_else(|| inherited(self.new.0));
        self.changes.value(path, &before, &after, loosens);
    }
}
