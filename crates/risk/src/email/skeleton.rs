//! What stays the same when one person or program makes up many addresses.

use super::Address;
use crate::Variant;

/// Local parts that name an office; RFC 2142 and common use.
const ROLES: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administrator",
    "billing",
    "bookings",
    "careers",
    "contact",
    "customerservice",
    "dev",
    "enquiries",
    "finance",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "inquiries",
    "invoices",
    "it",
    "jobs",
    "kontakt",
    "legal",
    "mail",
    "marketing",
    "media",
    "newsletter",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "operations",
    "orders",
    "payments",
    "postmaster",
    "press",
    "privacy",
    "procurement",
    "purchasing",
    "reception",
    "recruiting",
    "root",
    "sales",
    "security",
    "service",
    "services",
    "shop",
    "staff",
    "support",
    "sysadmin",
    "team",
    "test",
    "usenet",
    "uucp",
    "webmaster",
    "welcome",
    "www",
];

/// Providers that take dots in the local part for nothing (their own help pages).
const DOTLESS: &[&str] = &["gmail.com", "googlemail.com"];

/// The shortest pattern that tells anything, in characters.
const MIN_SKELETON: usize = 4;

/// Whether the local part names an office rather than a person.
pub(crate) fn is_role(local: &str) -> bool {
    let name = local.split('+').next().unwrap_or(local);
    ROLES.binary_search(&name).is_ok()
}

/// How the address varies one mailbox: a tag, or three dots and more where dots count nothing.
pub(crate) fn variant(address: &Address) -> Option<Variant> {
    let (mailbox, tag) =
        address.local.split_once('+').map_or((address.local.as_str(), None), |(a, b)| (a, Some(b)));
    if tag.is_some() && !mailbox.is_empty() {
        return Some(Variant::Tag);
    }
    let dots = mailbox.matches('.').count();
    (dots >= 3 && DOTLESS.contains(&address.domain.registrable())).then_some(Variant::Dots)
}

/// The pattern of the local part: letters kept, each row of digits as one `0`, separators and tags dropped.
///
/// `pat1@`, `pat-22@` and `p.at7+x@` share one. Without a digit or a tag the domain belongs to it, so that people of one
/// name at different firms do not. `None` for offices, for pure numbers and under four characters.
pub(crate) fn skeleton(address: &Address) -> Option<String> {
    let (mailbox, tag) =
        address.local.split_once('+').map_or((address.local.as_str(), None), |(a, b)| (a, Some(b)));
    if is_role(mailbox) {
        return None;
    }
    let mut pattern = String::new();
    for c in mailbox.chars().filter(|c| c.is_alphanumeric()) {
        match c.is_numeric() {
            true if pattern.ends_with('0') => {}
            true => pattern.push('0'),
            false => pattern.push(c),
        }
    }
    if pattern.chars().count() < MIN_SKELETON {
        return None;
    }
    if tag.is_none() && !pattern.contains('0') {
        pattern.push('@');
        pattern.push_str(address.domain.registrable());
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<String> {
        skeleton(&Address::parse(text).unwrap())
    }

    #[test]
    fn a_row_of_addresses_shares_its_skeleton() {
        for text in ["qlee1@mail.example", "q.lee22@a.example", "qlee-7+x@b.example", "QLee008@c.example"] {
            assert_eq!(of(text).as_deref(), Some("qlee0"), "{text}");
        }
        assert_eq!(of("p.a.t.doe@gmail.com"), of("patdoe@gmail.com"));
        assert_ne!(of("patdoe@a.com"), of("patdoe@b.com"));
    }

    #[test]
    fn offices_numbers_and_initials_have_none() {
        for text in ["info@a.example", "8613912345678@a.example", "jd1@a.example", "x@a.example"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn offices_are_told_from_people() {
        assert!(ROLES.is_sorted());
        assert!(is_role("info") && is_role("support+x") && !is_role("pat.doe") && !is_role("informatik"));
    }

    #[test]
    fn variants_of_one_mailbox_are_told() {
        let of = |text: &str| variant(&Address::parse(text).unwrap());
        assert_eq!(of("pat+news@a.example"), Some(Variant::Tag));
        assert_eq!(of("p.a.t.d@gmail.com"), Some(Variant::Dots));
        assert_eq!(of("mary.ann.smith-jones@gmail.com"), None);
        assert_eq!(of("p.a.t.d@a.example"), None, "dots count elsewhere");
        assert_eq!(of("+x@a.example"), None);
    }

    proptest! {
        #[test]
        fn any_address_has_a_short_skeleton_or_none(text in any::<String>()) {
            if let Some(address) = Address::parse(&format!("{text}@example.com")) {
                prop_assert!(skeleton(&address).is_none_or(|pattern| pattern.len() <= 100));
                let _ = variant(&address);
            }
        }
    }
}
