//! What a new account's e-mail address and name tell.

use countersign_auth0::{
    Maybe,
    object::{NewUser, Request, SecurityContext, User},
};

use super::{Context, origin};
use crate::{
    Short, Sightings, SignUp,
    email::{self, Address},
    hash, reference,
    velocity::Kind,
};

/// Forwarding services whose local parts are random by design (their own documentation).
const RELAYS: &[&str] = &["privaterelay.appleid.com", "duck.com", "mozmail.com"];

/// A new account's names for a person, borrowed from the event.
pub(super) struct Person<'a> {
    email: Option<&'a str>,
    names: [Option<&'a str>; 3],
    others: [Option<&'a str>; 2],
}

fn text(field: &Maybe<String>) -> Option<&str> {
    field.as_option().map(String::as_str)
}

/// The person of an account that exists. The nickname is left out: Auth0 fills it from the address.
pub(super) fn of_user(user: &User) -> Person<'_> {
    Person {
        email: text(&user.email),
        names: [text(&user.given_name), text(&user.family_name), text(&user.name)],
        others: [text(&user.phone_number), text(&user.username)],
    }
}

/// The person of an account that is yet to be made.
pub(super) fn of_new_user(user: &NewUser) -> Person<'_> {
    Person {
        email: text(&user.email),
        names: [text(&user.given_name), text(&user.family_name), text(&user.name)],
        others: [text(&user.phone_number), text(&user.username)],
    }
}

/// A person of whom only the address is known.
pub(super) const fn of_email(email: &str) -> Person<'_> {
    Person { email: Some(email), names: [None; 3], others: [None; 2] }
}

/// The hash by which an account counts once; 0 for nobody.
pub(crate) fn account(names: &[Option<&str>]) -> u32 {
    let name = names.iter().flatten().find(|name| !name.trim().is_empty());
    name.map_or(0, |name| hash::key(&[&name.trim().to_lowercase()]))
}

impl Person<'_> {
    fn address(&self) -> Option<Address> {
        self.email.and_then(Address::parse)
    }

    fn full_name(&self) -> Option<String> {
        let [given, family, name] = self.names;
        email::full(given, family, name)
    }

    /// The keys of the sign-up, which is counted if `counts`.
    pub(super) fn sightings(&self, ip: &str, context: Option<&SecurityContext>, counts: bool) -> Sightings {
        let address = self.address();
        let key = |text: &str| hash::key(&[text]);
        let [phone, username] = self.others;
        Sightings {
            kind: if counts { Kind::SignUp } else { Kind::Nothing },
            account: account(&[self.email, phone, username]),
            domain: address.as_ref().map(|address| key(address.domain.registrable())),
            ja4: origin::ja4(context).as_ref().map(|ja4| key(ja4.as_str())),
            name: self.full_name().map(|name| key(&name)),
            skeleton: address.as_ref().and_then(email::skeleton).map(|pattern| key(&pattern)),
            ..Sightings::from(ip)
        }
    }

    /// The sign-up's features; `from` is the request and the country that it came from.
    pub(super) fn sign_up(&self, from: Option<(&Request, &Short)>, context: &Context<'_>) -> SignUp {
        let reference = context.reference;
        let mut sign_up = SignUp {
            is_business: reference.is_business(),
            language_fits: from.and_then(language_fits),
            readings: context.readings,
            is_disguised: self.email.is_some_and(email::is_disguised_address)
                || self.names.iter().flatten().any(|name| email::is_disguised_name(name)),
            has_link: self.names.iter().flatten().any(|name| email::has_link(name)),
            ..SignUp::default()
        };
        if let Some(address) = self.email.and_then(|email| reference.address(email)) {
            let local = address.local.as_str();
            sign_up.domain = Some(reference.kind(&address.domain));
            sign_up.look_alike = reference.look_alike(&address.domain);
            sign_up.is_role = email::is_role(local);
            sign_up.variant = email::variant(&address);
            if !RELAYS.contains(&address.domain.host()) {
                sign_up.gibberish_milli = email::gibberish_milli(local);
                sign_up.name = email::fit(self.names.into_iter().flatten(), local);
            }
        }
        sign_up
    }
}

fn language_fits((request, country): (&Request, &Short)) -> Option<bool> {
    reference::fits(request.language.as_option()?, country.as_str())
}
