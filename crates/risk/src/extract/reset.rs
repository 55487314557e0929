//! `password-reset-post-challenge` and `post-change-password`.
//!
//! Neither tells the autonomous system, and histories of people are mostly made of those: their network stays unknown,
//! since the block in its place would look new to everybody.

use countersign_auth0::trigger::{
    password_reset_post_challenge::PasswordResetPostChallenge, post_change_password::PostChangePassword,
};
use countersign_core::Timestamp;

use super::{Context, Extract, origin, person};
use crate::{Features, Reset, Sightings, velocity::Kind};

impl Extract for PasswordResetPostChallenge {
    fn sightings(&self) -> Sightings {
        let account = person::account(&[Some(&self.user.user_id)]);
        of_account(account, &self.request.ip)
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        features.auth0 = origin::auth0(self.authentication.as_option());
        features.logins_count =
            self.stats.as_option().and_then(|stats| stats.logins_count.as_option()).copied();
        features.enroll(self.enrolled_factors().iter().map(countersign_auth0::factor::FactorType::as_str));
        let user = &self.user;
        features.reset = Some(Reset {
            hours_since_reset: user.last_password_reset.as_option().and_then(|text| hours_since(text, at)),
            has_second_factor: Some(self.enrolled_factors().iter().any(is_second)),
            ..reset(user.email.as_option().map(String::as_str), context)
        });
        features.note_missing();
        features
    }
}

impl Extract for PostChangePassword {
    fn sightings(&self) -> Sightings {
        let user = &self.user;
        let names = [&user.user_id, &user.email, &user.username, &user.phone_number];
        let account = person::account(&names.map(|name| name.as_option().map(String::as_str)));
        of_account(account, &self.request.ip)
    }

    /// `last_password_reset` is not read: it would be this very change.
    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        features.auth0 = origin::auth0(self.authentication.as_option());
        features.reset = Some(reset(self.user.email.as_option().map(String::as_str), context));
        features.note_missing();
        features
    }
}

fn of_account(account: u32, ip: &str) -> Sightings {
    let user = Some(account).filter(|account| *account != 0);
    Sightings { kind: Kind::Reset, account, user, ..Sightings::from(ip) }
}

fn reset(email: Option<&str>, context: &Context<'_>) -> Reset {
    let address = email.and_then(|email| context.reference.address(email));
    Reset {
        accounts_from_block: context.readings.resets_day,
        failures_from_block: context.readings.failures_day,
        frauds_from_block: context.readings.frauds_day,
        look_alike: address.and_then(|address| context.reference.look_alike(&address.domain)),
        ..Reset::default()
    }
}

/// Whether the factor stands apart from the mailbox, which the reset has just gone through.
fn is_second(factor: &countersign_auth0::factor::FactorType) -> bool {
    factor.as_str() != "email"
}

pub(super) fn hours_since(text: &str, at: Timestamp) -> Option<u32> {
    let then: Timestamp = text.trim().parse().ok()?;
    u32::try_from(at.since(then).max(0) / 3_600_000_000).ok()
}
