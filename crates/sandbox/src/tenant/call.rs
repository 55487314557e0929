//! One call of the Management API and its reply, as values: whatever speaks HTTP makes the one and sends the other.

use serde_json::{Map, Value};

/// How a call acts on its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or acts.
    Post,
    /// Replaces.
    Put,
    /// Changes what is named.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method in the words of HTTP; `None` for one that the API has nowhere.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// The method's name in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a call carries.
#[derive(Clone, Default)]
pub enum Payload {
    /// No body.
    #[default]
    None,
    /// A body of JSON.
    Json(Value),
    /// Any other body, such as a multipart form; `Call::content_type` says what it is.
    Bytes(Vec<u8>),
}

/// A call of the Management API. It holds a token and people's data, and so has no `Debug`.
#[derive(Clone)]
pub struct Call {
    /// How it acts.
    pub method: Method,
    /// The segments of the path below `/api/v2`, each percent-decoded for itself.
    pub path: Vec<String>,
    /// The query in its order; a name may come more than once.
    pub query: Vec<(String, String)>,
    /// The token of the `Authorization` header.
    pub bearer: Option<String>,
    /// The body.
    pub payload: Payload,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// Scheme and host as the caller sees them, without a final slash.
    pub base_url: String,
    /// What the caller wants to find again in the logs.
    pub correlation_id: Option<String>,
    /// The caller's address, as text.
    pub ip: String,
    /// The caller's `User-Agent`.
    pub user_agent: String,
}

impl Call {
    /// A call of `path`, which begins below `/api/v2`, is percent-encoded and may have a query.
    #[must_use]
    pub fn new(method: Method, base_url: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method,
            path: path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect(),
            query: pairs(query),
            bearer: None,
            payload: Payload::None,
            content_type: None,
            base_url: base_url.to_owned(),
            correlation_id: None,
            ip: String::new(),
            user_agent: String::new(),
        }
    }

    /// The same call with a token.
    #[must_use]
    pub fn with_bearer(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    /// The same call with a body of JSON.
    #[must_use]
    pub fn with_json(mut self, body: Value) -> Self {
        self.payload = Payload::Json(body);
        self.content_type = Some("application/json".to_owned());
        self
    }

    /// The body, if it is JSON.
    #[must_use]
    pub const fn json(&self) -> Option<&Value> {
        match &self.payload {
            Payload::Json(value) => Some(value),
            Payload::None | Payload::Bytes(_) => None,
        }
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.queries(name).next()
    }

    /// All values of a query parameter.
    pub fn queries<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The pairs of a query or a form, decoded, in their order.
#[must_use]
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Undoes percent-encoding; what is no valid escape stays, what is no UTF-8 is replaced.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escape = (first == b'%').then(|| tail.split_at_checked(2)).flatten();
        let value = escape.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            Some((u8::from_str_radix(digits, 16).ok().filter(|_| plain)?, after))
        });
        let (byte, after) = value.unwrap_or((first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What the tenant answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// Headers beside those that every answer has; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; `None` sends none.
    pub body: Option<Value>,
}

impl Reply {
    /// An answer with a body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Value>) -> Self {
        Self { status, headers: Vec::new(), body: Some(body.into()) }
    }

    /// 200 with a body.
    #[must_use]
    pub fn ok(body: impl Into<Value>) -> Self {
        Self::new(200, body)
    }

    /// 201 with a body.
    #[must_use]
    pub fn created(body: impl Into<Value>) -> Self {
        Self::new(201, body)
    }

    /// A status with an empty object, as Auth0 answers where it has nothing to say.
    #[must_use]
    pub fn empty_object(status: u16) -> Self {
        Self::new(status, Map::new())
    }

    /// 204 without a body.
    #[must_use]
    pub const fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: None }
    }

    /// The same answer with a header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The body, or `null`.
    #[must_use]
    pub fn json(&self) -> &Value {
        self.body.as_ref().unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_told_apart_before_they_are_decoded() {
        let call = Call::new(Method::Get, "https://t", "/resource-servers/https:%2F%2Fa%2Fb?x=1&x=a%20b+c&y");
        assert_eq!(call.path, ["resource-servers", "https://a/b"]);
        assert_eq!(call.queries("x").collect::<Vec<_>>(), ["1", "a b c"]);
        assert_eq!(call.query("y"), Some(""));
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(decode("%zz%7Cx%4%+1"), "%zz|x%4%+1");
    }
}
