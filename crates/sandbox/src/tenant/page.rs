//! Lists in pages: by offset, by checkpoint, or by whichever the caller asks for; and the choice of fields.

use std::borrow::Borrow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{Call, Fault, Reply, state::Object};

/// The most records that pages by offset reach (Auth0: "Pagination").
const REACH: usize = 1_000;

/// The most records of a page.
const MOST: usize = 100;

/// The records of a page when the caller doesn't say.
const USUAL: usize = 50;

/// A number of the query between two bounds.
///
/// # Errors
/// 400 `invalid_query_string` for another.
pub fn number(call: &Call, name: &str, usual: usize, min: usize, max: usize) -> Result<usize, Fault> {
    let Some(text) = call.query(name) else { return Ok(usual) };
    let what = match text.parse::<usize>() {
        Err(_) => format!("'Expected type integer but found type string' on property {name}"),
        Ok(value) if value < min => format!("'Value {value} is less than minimum {min}' on property {name}"),
        Ok(value) if value > max => {
            format!("'Value {value} is greater than maximum {max}' on property {name}")
        }
        Ok(value) => return Ok(value),
    };
    Err(Fault::query(&what))
}

/// A page by `page` and `per_page`: a bare array, or with `include_totals` an object with the items under `key`.
///
/// # Errors
/// 400 for parameters out of their bounds, and `invalid_paging` past the first 1,000 records.
pub fn offset<T: Borrow<Object>>(call: &Call, key: &str, items: &[T]) -> Result<Reply, Fault> {
    let per_page = number(call, "per_page", USUAL, 0, MOST)?;
    let page = number(call, "page", 0, 0, usize::MAX)?;
    let start = page.saturating_mul(per_page);
    if start.saturating_add(per_page) > REACH {
        let message = "You can only page through the first 1000 records.";
        return Err(Fault::new(400, message).code("invalid_paging"));
    }
    let shown: Vec<Value> =
        items.iter().skip(start).take(per_page).map(|item| fields(call, item.borrow()).into()).collect();
    if call.query("include_totals") != Some("true") {
        return Ok(Reply::ok(shown));
    }
    Ok(Reply::ok(json!({"start": start, "limit": per_page, "total": items.len(), key: shown})))
}

/// A page by `from` and `take`: an object with the items under `key` and `next` unless it is the last. `id` names the
/// property that tells the items apart.
///
/// # Errors
/// 400 for parameters out of their bounds or a `from` that no page gave.
pub fn checkpoint<T: Borrow<Object>>(call: &Call, key: &str, id: &str, items: &[T]) -> Result<Reply, Fault> {
    by_checkpoint(call, key, id, items, |end| end < items.len())
}

/// A page by checkpoint or offset like `either`, but that by checkpoint the last page is an empty one: each with items has
/// a `next`.
///
/// # Errors
/// As `either`.
pub fn until_empty<T: Borrow<Object>>(call: &Call, key: &str, id: &str, items: &[T]) -> Result<Reply, Fault> {
    if call.query("from").is_some() || call.query("take").is_some() {
        by_checkpoint(call, key, id, items, |_| true)
    } else {
        offset(call, key, items)
    }
}

fn by_checkpoint<T: Borrow<Object>>(
    call: &Call,
    key: &str,
    id: &str,
    items: &[T],
    goes_on: impl FnOnce(usize) -> bool,
) -> Result<Reply, Fault> {
    let take = number(call, "take", USUAL, 1, MOST)?;
    let start = call.query("from").map_or(Ok(0), |from| place(from, id, items))?;
    let end = start.saturating_add(take);
    let page = items.get(start..end.min(items.len())).unwrap_or_default();
    let shown: Vec<Value> = page.iter().map(|item| fields(call, item.borrow()).into()).collect();
    let mut body = json!({key: shown});
    if let (true, Some(last), Some(body)) = (goes_on(end), page.last(), body.as_object_mut()) {
        let next = URL_SAFE_NO_PAD.encode(format!("{end}:{}", text(last.borrow(), id)));
        body.insert("next".to_owned(), next.into());
    }
    Ok(Reply::ok(body))
}

/// A page by checkpoint when the caller names `from` or `take`, else by offset.
///
/// # Errors
/// As of either.
pub fn either<T: Borrow<Object>>(call: &Call, key: &str, id: &str, items: &[T]) -> Result<Reply, Fault> {
    if call.query("from").is_some() || call.query("take").is_some() {
        checkpoint(call, key, id, items)
    } else {
        offset(call, key, items)
    }
}

fn text<'a>(item: &'a Object, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Where the page after `from` begins: behind the last item of the page before, wherever that is now.
fn place<T: Borrow<Object>>(from: &str, id: &str, items: &[T]) -> Result<usize, Fault> {
    let refused = || Fault::query("'Invalid checkpoint' on property from");
    let bytes = URL_SAFE_NO_PAD.decode(from).map_err(|_| refused())?;
    let cursor = String::from_utf8(bytes).map_err(|_| refused())?;
    let (end, last) = cursor.split_once(':').ok_or_else(refused)?;
    let end: usize = end.parse().map_err(|_| refused())?;
    let found = items.iter().position(|item| text(item.borrow(), id) == last);
    Ok(found.map_or(end, |place| place.saturating_add(1)))
}

/// The fields of an object that `fields` and `include_fields` ask for; all without them.
#[must_use]
pub fn fields(call: &Call, object: &Object) -> Object {
    let Some(names) = call.query("fields").filter(|names| !names.is_empty()) else { return object.clone() };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let include = call.query("include_fields") != Some("false");
    object
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()) == include)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::Method;

    fn items(count: usize) -> Vec<Object> {
        (0..count).map(|n| [("id".to_owned(), json!(format!("x{n}")))].into_iter().collect()).collect()
    }

    fn call(query: &str) -> Call {
        Call::new(Method::Get, "https://t", &format!("/x?{query}"))
    }

    #[test]
    fn pages_by_offset_are_bare_unless_totals_are_asked_for() {
        let bare = offset(&call("per_page=2&page=1"), "xs", &items(5)).unwrap();
        assert_eq!(bare.json(), &json!([{"id": "x2"}, {"id": "x3"}]));
        let totals = offset(&call("per_page=2&page=2&include_totals=true"), "xs", &items(5)).unwrap();
        assert_eq!(totals.json(), &json!({"start": 4, "limit": 2, "total": 5, "xs": [{"id": "x4"}]}));
    }

    #[test]
    fn pages_by_offset_end_at_a_thousand() {
        assert!(offset(&call("per_page=100&page=9"), "xs", &items(2_000)).is_ok());
        let refused: Reply = offset(&call("per_page=100&page=10"), "xs", &items(2_000)).unwrap_err().into();
        assert_eq!(refused.json()["errorCode"], "invalid_paging");
        assert!(offset(&call("per_page=101"), "xs", &items(1)).is_err());
    }

    #[test]
    fn checkpoints_visit_each_item_once_even_when_some_go() {
        let mut left = items(7);
        let first = checkpoint(&call("take=3"), "xs", "id", &left).unwrap();
        left.remove(0);
        let next = first.json()["next"].as_str().unwrap();
        let second = checkpoint(&call(&format!("take=3&from={next}")), "xs", "id", &left).unwrap();
        assert_eq!(second.json()["xs"], json!([{"id": "x3"}, {"id": "x4"}, {"id": "x5"}]));
        let next = second.json()["next"].as_str().unwrap();
        let last = checkpoint(&call(&format!("from={next}")), "xs", "id", &left).unwrap();
        assert_eq!(last.json(), &json!({"xs": [{"id": "x6"}]}));
        assert!(checkpoint(&call("from=nonsense"), "xs", "id", &left).is_err());
    }

    #[test]
    fn an_empty_page_can_be_the_last() {
        let next =
            |query: &str| until_empty(&call(query), "xs", "id", &items(3)).unwrap().json()["next"].clone();
        let first = next("take=3");
        assert!(first.is_string());
        assert_eq!(next(&format!("take=3&from={}", first.as_str().unwrap())), Value::Null);
    }

    #[test]
    fn fields_are_chosen_or_left_out() {
        let object = json!({"a": 1, "b": 2}).as_object().cloned().unwrap();
        assert_eq!(Value::from(fields(&call("fields=a"), &object)), json!({"a": 1}));
        assert_eq!(Value::from(fields(&call("fields=a&include_fields=false"), &object)), json!({"b": 2}));
    }
}
