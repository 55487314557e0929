//! A request as a value.

use std::{fmt, hash::Hash, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::{Endpoint, Operation, operation_named, path};
use crate::{Dictionary, Json};

/// A request to the Management API: pure data, to be planned, shown, hashed and compared before it is sent.
///
/// Debug output names the operation alone, because path, query and body tell of people.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AnyRequest {
    operation: &'static Operation,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

impl AnyRequest {
    /// What is asked for.
    #[must_use]
    pub const fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The path below `/api/v2`, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query's pairs, not encoded, in their order.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The body; `None`: none is sent.
    #[must_use]
    pub const fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// The request to the operation of that name, for what is planned as data. `None` when there is no such operation, or
    /// the parameters or the query are not its.
    #[must_use]
    pub fn named(
        name: &str,
        parameters: &[&str],
        query: Vec<(String, String)>,
        body: Option<Value>,
    ) -> Option<Self> {
        let operation = operation_named(name)?;
        let path = path::fill(operation.path, parameters);
        let request = Self { operation, path, query, body };
        let count = operation.path.split('/').filter(|segment| segment.starts_with('{')).count();
        (count == parameters.len() && request.is_well_formed()).then_some(request)
    }

    /// The same request with another body, such as one in which secrets were filled in.
    #[must_use]
    pub fn with_body(mut self, body: Option<Value>) -> Self {
        self.body = body;
        self
    }

    /// The keys that the operation can't do without and the body does not have.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let body = self.body.as_ref();
        let has = |key: &&str| body.and_then(|body| body.get(key)).is_some();
        self.operation.required.iter().copied().filter(|key| !has(key)).collect()
    }

    /// Whether no parameter of the path leads out of its place; only such a request may be sent.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        path::fits(self.operation.path, &self.path)
            && self.query.iter().all(|(name, _)| self.operation.query.contains(&name.as_str()))
    }

    /// Sets a parameter of the query, in place of one of that name.
    pub fn set_query(&mut self, name: &str, value: impl Into<String>) {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.to_owned(), value.into()));
    }
}

impl fmt::Debug for AnyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyRequest").field(self.operation).finish()
    }
}

/// How a request is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    operation: String,
    path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Json>,
}

impl Serialize for AnyRequest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { operation, path, query, body } = self.clone();
        Written { operation: operation.name.to_owned(), path, query, body: body.map(Json) }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AnyRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { operation, path, query, body } = Written::deserialize(deserializer)?;
        let operation =
            operation_named(&operation).ok_or_else(|| de::Error::custom("no operation has this name"))?;
        let request = Self { operation, path, query, body: body.map(|Json(body)| body) };
        if request.is_well_formed() {
            Ok(request)
        } else {
            Err(de::Error::custom("the path or query is not the operation's"))
        }
    }
}

/// An [`AnyRequest`] whose answer is of type `T`.
pub struct Request<T> {
    request: AnyRequest,
    answer: PhantomData<fn() -> T>,
}

impl<T> Request<T> {
    /// A request to an operation, with the parameters of its path.
    pub(super) fn new<const N: usize>(endpoint: &'static Endpoint<T, N>, parameters: [&str; N]) -> Self {
        let operation = &endpoint.operation;
        let path = path::fill(operation.path, &parameters);
        Self { request: AnyRequest { operation, path, query: Vec::new(), body: None }, answer: PhantomData }
    }

    /// The request with this body.
    pub(super) fn json(mut self, body: Value) -> Self {
        self.request.body = Some(body);
        self
    }

    /// The request with these fields as its body.
    pub(super) fn fields(self, body: Dictionary) -> Self {
        self.json(Value::Object(body.into_inner()))
    }

    /// The request with a parameter of its query, in place of one of that name. One that the operation does not take makes
    /// the request not well-formed.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.request.set_query(name, value);
        self
    }

    /// A request that was planned as data, whose answer is read as this type.
    #[must_use]
    pub const fn read_as(request: AnyRequest) -> Self {
        Self { request, answer: PhantomData }
    }

    /// The request without the type of its answer.
    #[must_use]
    pub const fn any(&self) -> &AnyRequest {
        &self.request
    }

    /// Forgets the type of the answer.
    #[must_use]
    pub fn into_any(self) -> AnyRequest {
        self.request
    }
}

impl<T> Clone for Request<T> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), answer: PhantomData }
    }
}

impl<T> PartialEq for Request<T> {
    fn eq(&self, other: &Self) -> bool {
        self.request == other.request
    }
}

impl<T> Eq for Request<T> {}

impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::management::users;

    fn request() -> Request<users::User> {
        users::update(
            &"auth0|1".parse().unwrap(),
            Dictionary::from(json!({"name": "marked"}).as_object().unwrap().clone()),
        )
    }

    #[test]
    fn a_request_comes_back_as_it_went() {
        let request = request().into_any();
        let written = serde_json::to_value(&request).unwrap();
        assert_eq!(
            written,
            json!({"operation": "users.update", "path": "/users/auth0%7C1", "body": {"name": "marked"}})
        );
        assert_eq!(serde_json::from_value::<AnyRequest>(written).unwrap(), request);
    }

    #[test]
    fn a_written_request_that_leads_elsewhere_is_refused() {
        for written in [
            json!({"operation": "users.update", "path": "/users/auth0%7C1/roles"}),
            json!({"operation": "users.update", "path": "/users/.."}),
            json!({"operation": "users.update", "path": "/users/a", "query": [["page", "1"]]}),
            json!({"operation": "users.paint", "path": "/users/a"}),
            json!({"operation": "users.update", "path": "/users/a", "host": "example.com"}),
        ] {
            assert!(serde_json::from_value::<AnyRequest>(written.clone()).is_err(), "{written}");
        }
    }

    #[test]
    fn a_request_by_name_is_the_one_its_function_makes() {
        let body = json!({"name": "marked"});
        let named = |name, parameters: &[&str], query: &[(&str, &str)]| {
            let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            AnyRequest::named(name, parameters, query.collect(), Some(body.clone()))
        };
        assert_eq!(named("users.update", &["auth0|1"], &[]), Some(request().into_any()));
        assert_eq!(named("users.paint", &["auth0|1"], &[]), None);
        assert_eq!(named("users.update", &[], &[]), None);
        assert_eq!(named("users.update", &[".."], &[]), None);
        assert_eq!(named("users.update", &["a", "b"], &[]), None);
        assert_eq!(named("users.update", &["a"], &[("page", "1")]), None);
    }

    #[test]
    fn debug_output_names_the_operation_alone() {
        assert_eq!(format!("{:?}", request()), "AnyRequest(users.update)");
    }
}
