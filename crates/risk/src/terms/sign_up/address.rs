//! The local part of the address, the name and the language.

use crate::{
    Contribution, DomainKind, Features, Model, NameFit, Profile, Variant, code,
    number::{LIMIT_MICRO, clip, nearest, real},
};

/// What an office's address counts.
pub(in crate::terms) fn role(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    features.new_account(profile)?.is_role.then_some(())?;
    let text = "The e-mail address names an office rather than a person.";
    Contribution::new(code::ROLE_ADDRESS, model.sign_up.role_micro, (0, LIMIT_MICRO), text)
}

/// What a variant of one mailbox counts.
pub(in crate::terms) fn variant(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let (micro, text) = match features.new_account(profile)?.variant? {
        Variant::Tag => {
            (model.sign_up.tag_micro, "The e-mail address carries a tag, so that one mailbox has many.")
        }
        Variant::Dots => {
            (model.sign_up.dots_micro, "The e-mail address carries dots that its provider takes for nothing.")
        }
    };
    Contribution::new(code::ADDRESS_VARIANT, micro, (0, LIMIT_MICRO), text)
}

/// What a random local part counts, in proportion beyond what is free, and half when the person is called so; `None` when
/// it is too short to tell.
pub(in crate::terms) fn gibberish(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let milli = sign_up.gibberish_milli?.min(1_000);
    let free = model.sign_up.gibberish_free_milli.min(999);
    let share = f64::from(milli.saturating_sub(free)) / f64::from(1_000 - free);
    let share = if sign_up.name == Some(NameFit::Matches) { share / 2.0 } else { share };
    let most = clip(model.sign_up.gibberish_micro, 0, LIMIT_MICRO);
    let text = "The e-mail address looks made up at random rather than of a name or of words.";
    Contribution::new(code::GIBBERISH_ADDRESS, nearest(real(most) * share), (0, most), text)
}

/// How well the name fits the local part; `None` when they can't be compared, and when it fits at a domain that anyone
/// makes up as freely as a name.
pub(in crate::terms) fn name(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let is_made_up = sign_up.look_alike.is_some() || sign_up.domain == Some(DomainKind::Disposable);
    let (code, micro, text) = match sign_up.name? {
        NameFit::Matches if is_made_up => return None,
        NameFit::Matches => {
            (code::NAME_MATCHES, model.sign_up.name_matches_micro, "The name fits the e-mail address.")
        }
        NameFit::Unrelated => (
            code::NAME_UNRELATED,
            model.sign_up.name_unrelated_micro,
            "The name has nothing in common with the e-mail address.",
        ),
    };
    Contribution::new(code, micro, (-LIMIT_MICRO, LIMIT_MICRO), text)
}

/// What a language counts that is unusual in the country; `None` when either is not known.
pub(in crate::terms) fn language(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    if features.new_account(profile)?.language_fits? {
        return None;
    }
    let text = "The browser's language is unusual in the country that the request came from.";
    Contribution::new(code::UNUSUAL_LANGUAGE, model.sign_up.language_micro, (0, LIMIT_MICRO), text)
}

/// What letters count that are hidden or of another alphabet than the rest of the word.
pub(in crate::terms) fn disguised(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    features.new_account(profile)?.is_disguised.then_some(())?;
    let text = "The e-mail address or the name hides letters or mixes alphabets within a word.";
    Contribution::new(code::DISGUISED_ADDRESS, model.sign_up.disguised_micro, (0, LIMIT_MICRO), text)
}

/// What a link in the name counts.
pub(in crate::terms) fn link(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    features.new_account(profile)?.has_link.then_some(())?;
    let text = "The name carries a link, which a welcome mail would deliver.";
    Contribution::new(code::LINK_IN_NAME, model.sign_up.link_micro, (0, LIMIT_MICRO), text)
}
