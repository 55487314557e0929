//! `post-login`, and the sign-up's features at the first one.

use countersign_auth0::{
    object::Device as Told,
    trigger::post_login::{IdentityKind, PostLogin},
};
use countersign_core::Timestamp;

use super::{
    Context, Extract, origin,
    person::{self, Person},
};
use crate::{Device, DevicePosture, Features, Initial, SessionOf, Short, Sightings, SignUp, parse_agent};

/// A session that began longer ago than this was there before the sign-in, in microseconds; one sign-in with a second
/// factor takes less (judgement).
const SAME_SIGN_IN_MICROS: i64 = 60_000_000;

/// Logins by Auth0's count beyond which an account is none that just signed up, though nothing was confirmed here: those
/// who were there before us would be screened as strangers (judgement). The count rises with each try, so that it must
/// leave room for many.
const MAX_FIRST_LOGINS: u64 = 20;

impl Extract for PostLogin {
    /// Counts as a sign-up at the first login of a social or enterprise user, whom no trigger shows before.
    fn sightings(&self) -> Sightings {
        let ja4 = origin::ja4(self.security_context.as_option());
        let (ja4, network) = (ja4.as_ref().map(Short::as_str), origin::told_network(&self.request));
        let network = network.as_ref().map(Short::as_str);
        let signs_in = Sightings::sign_in(&self.request.ip, &self.user.user_id, ja4, network);
        if logins_count(self).is_some_and(|count| count > 1)
            || self.identity_kind() != IdentityKind::Federated
        {
            return signs_in;
        }
        let counts = logins_count(self).is_some();
        let signs_up = person(self).sightings(&self.request.ip, self.security_context.as_option(), counts);
        Sightings { user: signs_in.user, network: signs_in.network, ..signs_up }
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        features.is_login = true;
        features.network = features.network.or_else(|| features.block.clone());
        features.ja4 = origin::ja4(self.security_context.as_option());
        features.auth0 = origin::auth0(self.authentication.as_option());
        features.logins_count = logins_count(self);
        features.language = self.request.language.as_option().and_then(|language| language_tag(language));
        features.session_known = session_known(self, at);
        features.session = session_of(self, features.device.as_ref());
        features.readings = context.readings;
        features.enroll(self.enrolled_factors().iter().map(countersign_auth0::factor::FactorType::as_str));
        features.device_posture = context.device_posture.and_then(DevicePosture::heard);
        features.is_new_account = is_new(self, context);
        features.owes_challenge = features.is_new_account && context.owes_challenge;
        features.sign_up = sign_up(self, features.country.as_ref(), context);
        features.note_missing();
        features
    }
}

fn logins_count(event: &PostLogin) -> Option<u64> {
    event.stats.as_option().and_then(|stats| stats.logins_count.as_option()).copied()
}

/// Whether the account has yet to prove itself: nothing was confirmed, and it was not there long before us. A sign-up that
/// was seen says so whatever the count.
fn is_new(event: &PostLogin, context: &Context<'_>) -> bool {
    let may_be = logins_count(event).is_none_or(|count| count <= MAX_FIRST_LOGINS);
    context.is_new && (may_be || context.carried.is_some())
}

fn person(event: &PostLogin) -> Person<'_> {
    person::of_user(&event.user)
}

/// The same checks as at a sign-up for those whose sign-up no trigger shows; its score for the others.
fn sign_up(event: &PostLogin, country: Option<&Short>, context: &Context<'_>) -> Option<SignUp> {
    if !is_new(event, context) {
        return None;
    }
    if event.identity_kind() == IdentityKind::Federated {
        return Some(person(event).sign_up(country.map(|country| (&event.request, country)), context));
    }
    context.carried.map(|score| SignUp { carried: Some(score), ..SignUp::default() })
}

/// Whether the session, else the refresh token, began before this sign-in.
fn session_known(event: &PostLogin, at: Timestamp) -> Option<bool> {
    let session = event.session.as_option().and_then(|session| session.created_at.as_option());
    let token = event.refresh_token.as_option().and_then(|token| token.created_at.as_option());
    let began: Timestamp = session.or(token)?.parse().ok()?;
    Some(at.since(began) > SAME_SIGN_IN_MICROS)
}

/// The session, else the refresh token; `None` when neither has an id. `device` is the one of the request's own agent.
fn session_of(event: &PostLogin, device: Option<&Device>) -> Option<SessionOf> {
    let now = event.request.user_agent.as_option();
    // Why: nearly all go on with the agent that they began with, and to read one takes longer than all else here.
    let device_of = |agent: &String| if Some(agent) == now { device.cloned() } else { parse_agent(agent) };
    let (session, token) = (event.session.as_option(), event.refresh_token.as_option());
    let token = token.and_then(|token| Some((token.id.as_option()?, token.device.as_option())));
    let session = session.and_then(|session| Some((session.id.as_option()?, session.device.as_option())));
    let is_token = token.is_some();
    let (id, told) = token.or(session)?;
    Some(SessionOf {
        key: SessionOf::key_of(id, is_token),
        initial: told.and_then(|Told { initial_asn, initial_ip, initial_user_agent, .. }| {
            let device = initial_user_agent.as_option().and_then(device_of);
            use_of(initial_asn.as_option(), initial_ip.as_option(), device)
        }),
        last: told.and_then(|Told { last_asn, last_ip, last_user_agent, .. }| {
            let device = last_user_agent.as_option().and_then(device_of);
            use_of(last_asn.as_option(), last_ip.as_option(), device)
        }),
    })
}

fn use_of(asn: Option<&String>, ip: Option<&String>, device: Option<Device>) -> Option<Initial> {
    let told = Initial {
        network: asn.and_then(|asn| origin::autonomous_system(asn)),
        block: ip.and_then(|ip| origin::block(ip)),
        device,
    };
    (told != Initial::default()).then_some(told)
}

/// The language in lower case; `None` for what is no language tag (RFC 5646: letters, digits and hyphens, at most 35).
fn language_tag(language: &str) -> Option<Short> {
    let is_tag = (1..=35).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_tag.then(|| Short::new(&language.to_ascii_lowercase()))
}
