//! The kind of the e-mail domain, and whom it imitates.

use countersign_core::MicroLogit;

use crate::{Contribution, DomainKind, Features, LookAlike, Model, Profile, code, number::LIMIT_MICRO};

/// What the kind of domain counts; `None` without an address and for an ordinary domain.
pub(in crate::terms) fn kind(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let sign_up = features.new_account(profile)?;
    let weights = &model.sign_up;
    let (code, micro, text) = match sign_up.domain? {
        DomainKind::Disposable => (
            code::DISPOSABLE_DOMAIN,
            weights.disposable_micro,
            "The e-mail address is of a provider of addresses that last for minutes.",
        ),
        DomainKind::FreeMail if sign_up.is_business => (
            code::FREE_MAIL_DOMAIN,
            weights.free_mail_micro,
            "The e-mail address is free mail, where people sign up with that of their firm.",
        ),
        DomainKind::Organization => (
            code::ORGANIZATION_DOMAIN,
            weights.organization_micro,
            "The e-mail address is at a known organization's domain, though not yet proved.",
        ),
        DomainKind::FreeMail | DomainKind::Other => return None,
    };
    Contribution::new(code, micro, (-LIMIT_MICRO, LIMIT_MICRO), text)
}

/// What it counts that the domain imitates a known organization's, at a sign-up and at a reset.
pub(in crate::terms) fn look_alike(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let of_sign_up = features.new_account(profile).and_then(|sign_up| sign_up.look_alike);
    let found = of_sign_up.or_else(|| features.reset.as_ref()?.look_alike)?;
    let (micro, text): (MicroLogit, _) = match found {
        LookAlike::Confusable => (
            model.sign_up.confusable_micro,
            "The e-mail domain is written with letters that look like a known organization's.",
        ),
        LookAlike::SubDomain => (
            model.sign_up.sub_domain_micro,
            "The e-mail domain has a known organization's name below a foreign domain.",
        ),
        LookAlike::OneEdit => (
            model.sign_up.one_edit_micro,
            "The e-mail domain is one letter away from a known organization's.",
        ),
        LookAlike::Embedded => (
            model.sign_up.embedded_micro,
            "The e-mail domain has a known organization's name joined to other words.",
        ),
        LookAlike::OtherSuffix => (
            model.sign_up.other_suffix_micro,
            "The e-mail domain is a known organization's name under another suffix.",
        ),
        LookAlike::TwoEdits => (
            model.sign_up.two_edits_micro,
            "The e-mail domain is two letters away from a known organization's.",
        ),
    };
    Contribution::new(code::LOOK_ALIKE_DOMAIN, micro, (0, LIMIT_MICRO), text)
}
