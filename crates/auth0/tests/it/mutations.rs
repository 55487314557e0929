//! Events that are not as documented: refused with a place, or kept in full.

use countersign_auth0::{ShapeError, trigger::Event};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{
    fixtures::{read, sent},
    json::{Step, get, get_mut, parse, paths, remove, type_name},
};

/// A text that no error may repeat; long enough to be told from our own words.
const MARK: &str = "marked, expected `nothing` at line 1 column 1";

#[derive(Debug, Clone)]
enum Mutation {
    Replace(Value),
    Remove,
    Add(&'static str, Value),
    Nest(usize),
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        Just(json!(MARK)),
        any::<String>().prop_map(Value::from),
        (1_usize..40_000).prop_map(|length| Value::from("x".repeat(length))),
        Just(json!([])),
        Just(json!([MARK, 1])),
        Just(json!([{}])),
        Just(json!({})),
        Just(json!({"$serde_json::private::RawValue": MARK})),
    ]
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let key = prop::sample::select(vec![
        "later",
        "",
        MARK,
        "ip",
        "type",
        "sub",
        "act",
        "$serde_json::private::RawValue",
        "$serde_json::private::Number",
    ]);
    prop_oneof![
        4 => any_value().prop_map(Mutation::Replace),
        2 => Just(Mutation::Remove),
        2 => (key, any_value()).prop_map(|(key, value)| Mutation::Add(key, value)),
        1 => (1_usize..200).prop_map(Mutation::Nest),
    ]
}

fn mutate(event: &mut Value, at: &Index, mutation: &Mutation) {
    let all = paths(event);
    let path = at.get(&all);
    match mutation {
        Mutation::Replace(value) => *get_mut(event, path).unwrap() = value.clone(),
        Mutation::Remove => remove(event, path),
        Mutation::Add(key, value) => {
            if let Some(Value::Object(fields)) = get_mut(event, path) {
                fields.entry(*key).or_insert_with(|| value.clone());
            }
        }
        Mutation::Nest(levels) => {
            let target = get_mut(event, path).unwrap();
            *target = (0..*levels).fold(target.take(), |inner, level| match level % 2 {
                0 => json!([inner]),
                _ => json!({"act": inner}),
            });
        }
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

/// The error points into the event, tells the type that is there, and repeats no text of it.
fn check_error(event: &Value, error: &ShapeError) -> Result<(), TestCaseError> {
    for text in texts(event) {
        prop_assert!(text.len() <= 12 || !error.message.contains(text), "{} repeats {}", error, text);
    }
    prop_assert!(!error.to_string().contains(MARK), "{} repeats a key", error);
    let path = parse(&error.path);
    if error.message == "required, but missing" {
        let (last, parent) = path.split_last().unwrap();
        let Step::Key(name) = last else { return Err(TestCaseError::fail("a missing item")) };
        let parent = get(event, parent).and_then(Value::as_object);
        prop_assert!(parent.is_some_and(|fields| !fields.contains_key(name)), "{} is there", error.path);
        return Ok(());
    }
    let found = get(event, &path);
    prop_assert!(found.is_some(), "{} does not exist", error.path);
    if error.message.starts_with("expected ") {
        let suffix = format!(", found {}", type_name(found.unwrap()));
        prop_assert!(error.message.ends_with(&suffix), "{} is not{}", error.message, suffix);
    }
    Ok(())
}

/// Every JSON type, and null.
fn one_of_each() -> [Value; 7] {
    [json!(null), json!(true), json!(-1.5), json!(MARK), json!([]), json!([{}]), json!({})]
}

#[test]
fn each_single_removal_null_and_wrong_type_is_refused_with_its_place_or_kept_in_full() {
    for (trigger, event) in sent() {
        for path in paths(event) {
            let mut changed: Vec<Value> = one_of_each()
                .into_iter()
                .map(|value| {
                    let mut event = event.clone();
                    *get_mut(&mut event, &path).unwrap() = value;
                    event
                })
                .collect();
            let mut without = event.clone();
            remove(&mut without, &path);
            changed.push(without);
            for event in changed {
                match read(*trigger, &event) {
                    Ok(parsed) => assert_eq!(serde_json::to_value(&parsed).unwrap(), event),
                    Err(error) => check_error(&event, &error).unwrap(),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_mutated_event_is_refused_with_its_place_or_kept_in_full(
        fixture in any::<Index>(),
        mutations in prop::collection::vec((any::<Index>(), any_mutation()), 1..4),
    ) {
        let (trigger, mut event) = fixture.get(sent()).clone();
        for (at, mutation) in &mutations {
            mutate(&mut event, at, mutation);
        }
        match read(trigger, &event) {
            Ok(parsed) => prop_assert_eq!(serde_json::to_value(&parsed).unwrap(), event),
            Err(error) => check_error(&event, &error)?,
        }
    }

    #[test]
    fn an_unknown_word_is_kept_wherever_it_stands(
        fixture in any::<Index>(),
        at in any::<Index>(),
        word in "[a-z_-]{1,40}",
    ) {
        let (trigger, mut event) = fixture.get(sent()).clone();
        let mut texts = paths(&event);
        texts.retain(|path| get(&event, path).is_some_and(Value::is_string));
        let path: &Vec<Step> = at.get(&texts);
        *get_mut(&mut event, path).unwrap() = Value::from(word);
        let parsed = read(trigger, &event).unwrap();
        prop_assert_eq!(serde_json::to_value(&parsed).unwrap(), event);
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_in_full(
        fixture in any::<Index>(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        end in any::<Index>(),
        cut in any::<bool>(),
    ) {
        let (trigger, event) = fixture.get(sent()).clone();
        let mut bytes = serde_json::to_vec_pretty(&event).unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(parsed) = Event::decode(trigger, &bytes, "event") {
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(serde_json::to_value(&parsed).unwrap(), value);
        }
    }
}
