use std::collections::BTreeSet;

use countersign_core::{Secret, TenantId};
use proptest::prelude::*;

use super::*;
use crate::MasterKey;

const DAY: i64 = 86_400;

fn master(byte: u8) -> MasterKey {
    MasterKey::new(&Secret::new(vec![byte; 32])).unwrap()
}

fn keys(tenant: &str) -> TenantKeys {
    master(9).tenant(&tenant.parse().unwrap())
}

fn epoch(number: i64) -> Epoch {
    Epoch::of(Timestamp::from_seconds(number * 30 * DAY), Epoch::DAYS)
}

proptest! {
    #[test]
    fn aliases_join_within_a_tenant_and_a_period_alone(
        id in "[a-z0-9|@.]{1,40}", other in "[a-z0-9|@.]{1,40}", at in 0_i64..5_000 * DAY, later in 0_i64..5_000 * DAY,
    ) {
        let (here, there) = (keys("a"), keys("b"));
        let (first, second) = (Timestamp::from_seconds(at), Timestamp::from_seconds(later));
        let (one, two) = (Epoch::of(first, Epoch::DAYS), Epoch::of(second, Epoch::DAYS));
        let alias = here.alias_of(&here.subject(&id), one);
        prop_assert_eq!(&alias, &keys("a").alias_of(&here.subject(&id), one));
        prop_assert_eq!(alias.to_string() == here.alias_of(&here.subject(&id), two).to_string(), one == two);
        prop_assert_eq!(alias == here.alias_of(&here.subject(&other), one), id == other);
        // Neither the same id at another tenant, nor the very pseudonym under another tenant's keys.
        prop_assert_ne!(&alias.tag, &there.alias_of(&there.subject(&id), one).tag);
        prop_assert_ne!(&alias.tag, &there.alias_of(&here.subject(&id), one).tag);
    }

    #[test]
    fn whoever_has_the_keys_joins_aliases_of_two_periods(one in 0_usize..6, other in 0_usize..6, near in 0_i64..900, far in 0_i64..900) {
        let (keys, others) = (keys("a"), keys("b"));
        let people: Vec<SubjectId> = (0..5).map(|person| keys.subject(&person.to_string())).collect();
        let stranger = keys.subject("5");
        let who = |index: usize| people.get(index).unwrap_or(&stranger);
        let (first, second) = (keys.alias_of(who(one), epoch(near)), keys.alias_of(who(other), epoch(far)));
        let expected = (one < 5 || other < 5).then_some(one == other);
        prop_assert_eq!(keys.are_one((&first, &second), &people), expected);
        prop_assert_eq!(keys.behind(&first, &people), people.get(one));
        // Another tenant's keys say nothing of them.
        prop_assert_eq!(others.are_one((&first, &second), &people), None);
    }

    #[test]
    fn a_text_is_an_alias_or_refused(text in "(als_)?[0-9a-f_d]{0,60}|.{0,60}") {
        if let Ok(alias) = text.parse::<Alias>() {
            prop_assert_eq!(alias.to_string(), text);
        }
    }
}

#[test]
fn a_period_is_counted_in_event_time_and_each_length_has_aliases_of_its_own() {
    let at = |days: i64| Timestamp::from_seconds(days * DAY + 7);
    assert_eq!(Epoch::of(at(20_700), 30).to_string(), "30d690");
    assert_eq!(Epoch::of(at(20_729), 30), Epoch::of(at(20_700), 30));
    assert_ne!(Epoch::of(at(20_730), 30), Epoch::of(at(20_700), 30));
    assert_eq!(Epoch::of(at(-3), 30).to_string(), "30d0");
    assert_eq!(Epoch::of(at(3), 0).to_string(), "1d3");
    let keys = keys("a");
    let person = keys.subject("1");
    let (month, week) =
        (keys.alias_of(&person, Epoch::of(at(3), 30)), keys.alias_of(&person, Epoch::of(at(3), 7)));
    assert_ne!(month.tag, week.tag);
}

#[test]
fn no_alias_is_a_pseudonym_or_a_tag() {
    let keys = keys("a");
    let mut seen = BTreeSet::new();
    for id in ["1", "auth0|1", "\0tags", "alias", "alias\0"] {
        let subject = keys.subject(id);
        let alias = keys.alias_of(&subject, epoch(690)).to_string();
        let digits = alias.rsplit_once('_').unwrap().1.to_owned();
        let tag = format!("{:016x}", keys.tagger().tag("alias", subject.as_str().as_bytes()).0);
        assert_ne!(subject.as_str().trim_start_matches("sub_"), digits);
        assert!(!digits.starts_with(&tag) && !digits.contains(&subject.as_str()[4..20]));
        // The pseudonym of a pseudonym is none either: the keys differ, not the texts alone.
        assert_ne!(keys.subject(subject.as_str()).as_str().trim_start_matches("sub_"), digits);
        assert!(seen.insert(digits));
        assert!(alias.parse::<SubjectId>().is_err());
    }
}

#[test]
fn a_rotated_master_key_keeps_the_aliases() {
    let tenant: TenantId = "a".parse().unwrap();
    let (old, new) = (master(9), master(8));
    let before = old.tenant(&tenant);
    let after = new.tenant_with(&tenant, &old.pseudonym_root(&tenant), &[]);
    let person = before.subject("auth0|1");
    assert_eq!(before.alias_of(&person, epoch(1)), after.alias_of(&person, epoch(1)));
    assert_ne!(before.alias_of(&person, epoch(1)), new.tenant(&tenant).alias_of(&person, epoch(1)));
}

#[test]
fn an_alias_has_one_text_and_nothing_prints_a_key() {
    let keys = keys("a");
    let alias = keys.alias_of(&keys.subject("1"), epoch(690));
    let text = alias.to_string();
    assert_eq!(text.len(), "als_30d690_".len() + 32);
    assert_eq!((text.parse(), alias.epoch()), (Ok(alias), epoch(690)));
    for wrong in [
        "",
        "als_",
        "als_30d690_",
        &text.to_uppercase(),
        &text.replace("30d", "0d"),
        &text.replace("30d", "030d"),
        &text[..42],
    ] {
        assert_eq!(wrong.parse::<Alias>(), Err(AliasError), "{wrong}");
    }
    assert_eq!(format!("{:?}", keys.aliases(epoch(690))), "Aliases(30d690)");
    assert_eq!(format!("{:?}", keys.alias_root()), "AliasRoot(***)");
}

#[test]
fn an_alias_without_a_period_holds_always_and_is_none_of_a_period() {
    let keys = keys("a");
    let (always, now) = (keys.aliases(Epoch::ALWAYS), keys.aliases(epoch(690)));
    let text = always.of_id("auth0|pat").to_string();
    assert_eq!((text.len(), text.parse::<Alias>()), (36, Ok(always.of_id("auth0|pat"))));
    assert_eq!(always.of_id("auth0|pat"), always.of(&keys.subject("auth0|pat")));
    assert_ne!(text.rsplit('_').next(), now.of_id("auth0|pat").to_string().rsplit('_').next());
    assert!("als_0d0_0123456789abcdef0123456789abcdef".parse::<Alias>().is_err(), "one alias has one text");
    assert_eq!(always.of_account(" Pat@Example.com"), always.of(&keys.address("pat@example.com")));
    assert_eq!(always.of_account("email|Pat@example.com"), always.of_id("email|Pat@example.com"));
}
