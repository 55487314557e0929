//! What the API says against a request, without anything of the request.

use countersign_app::management::Refusal;
use countersign_auth0::management::AnyRequest;
use serde::Deserialize;
use serde_json::Value;

/// The longest message kept, in characters; a bound of our own.
const MAX_MESSAGE: usize = 300;

/// The longest word of the API's kept, such as an error code.
const MAX_WORD: usize = 64;

/// Texts shorter than this are not searched for: a message that holds `1` says nothing of a page's number.
const LEAST_BYTES: usize = 3;

#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    error: Option<Value>,
    #[serde(default, rename = "errorCode")]
    code: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
}

/// Reads what an answer says against a request; `None` when it is not JSON. `secrets` are what the request showed.
pub(super) fn read(request: &AnyRequest, status: u16, body: &[u8], secrets: Vec<String>) -> Option<Refusal> {
    let said: Said = if body.is_empty() { Said::default() } else { serde_json::from_slice(body).ok()? };
    let text =
        |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let code = word(&text(said.code));
    Some(Refusal {
        status,
        error: word(&text(said.error)),
        code: (!code.is_empty()).then_some(code),
        message: scrub(&text(said.message), request, secrets),
    })
}

/// A word of the API's: letters, digits, spaces and a few marks.
fn word(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.'))
        .take(MAX_WORD)
        .collect()
}

/// Takes out of a message what the request holds, what looks like an address or a token, and control characters.
fn scrub(message: &str, request: &AnyRequest, secrets: Vec<String>) -> String {
    let mut texts: Vec<String> = request.path().split('/').map(decoded).collect();
    let fixed: Vec<&str> = request.operation().path.split('/').collect();
    texts.retain(|text| !fixed.contains(&text.as_str()));
    texts.extend(secrets);
    texts.extend(request.query().iter().map(|(_, value)| value.clone()));
    if let Some(body) = request.body() {
        leaves(body, &mut texts);
    }
    texts.retain(|text| text.len() >= LEAST_BYTES);
    // Why the longest first: a shorter one may be a part of it.
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let plain: String =
        message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4 * MAX_MESSAGE).collect();
    let without = texts.iter().fold(plain, |message, text| replace(&message, text));
    let words = without.split(' ').map(|word| if looks_private(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_MESSAGE).collect()
}

/// Whether a word may be an e-mail address, a user's id, a token or a number of a telephone.
fn looks_private(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    word.contains(['@', '|']) || (word.len() > 40 && !word.contains(['/', ','])) || digits > 8
}

/// Replaces a text wherever it stands, in whatever case of ASCII.
fn replace(message: &str, text: &str) -> String {
    let (lower, wanted) = (message.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut kept = String::with_capacity(message.len());
    let mut from = 0;
    for (at, found) in lower.match_indices(&wanted) {
        kept.push_str(message.get(from..at).unwrap_or_default());
        kept.push('…');
        from = at + found.len();
    }
    kept.push_str(message.get(from..).unwrap_or_default());
    kept
}

/// The texts in a body. Keys are the API's.
fn leaves(body: &Value, into: &mut Vec<String>) {
    match body {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A segment of a path as it was before it was encoded.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, next) = match (first, tail) {
            (b'%', [high, low, next @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, next),
                _ => (*first, tail),
            },
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = next;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use countersign_auth0::management::users;
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_the_request_and_of_people_is_left_in_a_message() {
        let fields = json!({"name": "Ada Marked"}).as_object().unwrap().clone();
        let request = users::update(&"auth0|Marked 1".parse().unwrap(), fields.into()).into_any();
        let message = "user auth0|marked 1 (ADA MARKED) of ada@marked.example\u{7}\u{1b}[31m, phone +4915123456789, \
            eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.marked.marked does not exist";
        let body = json!({"statusCode": 404, "error": "Not Found", "errorCode": "inexistent_user", "message": message});
        let refusal = read(&request, 404, body.to_string().as_bytes(), vec![]).unwrap();
        assert_eq!(refusal.message, "user … (…) of …  [31m, phone … … does not exist");
        assert_eq!((refusal.error.as_str(), refusal.code.as_deref()), ("Not Found", Some("inexistent_user")));
    }

    #[test]
    fn a_message_is_cut_and_other_types_are_passed_over() {
        let request = users::list().into_any();
        let body =
            json!({"error": {"a": 1}, "errorCode": "x".repeat(1_000), "message": "word ".repeat(10_000)});
        let refusal = read(&request, 400, body.to_string().as_bytes(), vec![]).unwrap();
        assert_eq!(
            (refusal.message.chars().count(), refusal.error.len(), refusal.code.unwrap().len()),
            (300, 0, 64)
        );
        assert!(read(&request, 400, b"<html>", vec![]).is_none());
        assert!(read(&request, 400, b"", vec![]).is_some());
    }
}
