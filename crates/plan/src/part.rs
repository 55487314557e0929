//! Requests that are not known in full yet: they refer to what earlier steps answered, and to secrets by name.

use std::collections::BTreeMap;

use countersign_auth0::management::{AnyRequest, Operation, operation_named};
use countersign_core::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What was kept of the steps' answers: by step and name.
pub type Answers = BTreeMap<String, BTreeMap<String, Value>>;

/// A value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// As it is.
    Value(Value),
    /// An object.
    Object(BTreeMap<String, Self>),
    /// A list.
    List(Vec<Self>),
    /// What a step before answered.
    Answer {
        /// The step.
        step: String,
        /// What was kept of its answer.
        name: String,
    },
    /// A secret, filled in when the request is sent.
    Secret {
        /// Its name.
        name: String,
        /// What stands before it, such as `Bearer `.
        prefix: String,
    },
}

/// Why a request can't be made of its template; names no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// An earlier step's answer is not known.
    #[error("what `{step}` answered is not known")]
    Answer {
        /// The step.
        step: String,
    },
    /// A secret is not known, or is no text.
    #[error("the secret `{0}` is not known")]
    Secret(String),
    /// A parameter of a path is no text, or the whole is no request of that operation.
    #[error("no request to `{0}` can be made of this")]
    Request(String),
}

impl Part {
    /// A text as it is.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Value(Value::String(text.into()))
    }

    /// An object of these fields.
    pub fn object<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Object(fields.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
    }

    /// What a step before answered.
    pub fn answer(step: &str, name: &str) -> Self {
        Self::Answer { step: step.to_owned(), name: name.to_owned() }
    }

    /// A secret by name.
    pub fn secret(name: &str, prefix: &str) -> Self {
        Self::Secret { name: name.to_owned(), prefix: prefix.to_owned() }
    }

    /// The value, with answers filled in, and secrets by `secret`.
    pub(crate) fn fill(
        &self,
        answers: &Answers,
        secret: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Value, FillError> {
        Ok(match self {
            Self::Value(value) => value.clone(),
            Self::Object(fields) => {
                let fields =
                    fields.iter().map(|(name, part)| Ok((name.clone(), part.fill(answers, secret)?)));
                Value::Object(fields.collect::<Result<Map<_, _>, FillError>>()?)
            }
            Self::List(parts) => {
                let parts = parts.iter().map(|part| part.fill(answers, secret));
                Value::Array(parts.collect::<Result<_, _>>()?)
            }
            Self::Answer { step, name } => {
                let answer = answers.get(step).and_then(|kept| kept.get(name));
                answer.cloned().ok_or_else(|| FillError::Answer { step: step.clone() })?
            }
            Self::Secret { name, prefix } => {
                let value = secret(name).ok_or_else(|| FillError::Secret(name.clone()))?;
                Value::String(format!("{prefix}{value}"))
            }
        })
    }

    /// The same with what earlier steps answered filled in where it is known.
    #[must_use]
    pub fn resolved(&self, answers: &Answers) -> Self {
        match self {
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, part)| (name.clone(), part.resolved(answers)));
                Self::Object(fields.collect())
            }
            Self::List(parts) => Self::List(parts.iter().map(|part| part.resolved(answers)).collect()),
            Self::Answer { step, name } => {
                let known = answers.get(step).and_then(|kept| kept.get(name));
                known.map_or_else(|| self.clone(), |value| Self::Value(value.clone()))
            }
            Self::Value(_) | Self::Secret { .. } => self.clone(),
        }
    }

    /// The steps whose answers it needs.
    pub fn answers(&self) -> Vec<&str> {
        match self {
            Self::Object(fields) => fields.values().flat_map(Self::answers).collect(),
            Self::List(parts) => parts.iter().flat_map(Self::answers).collect(),
            Self::Answer { step, .. } => vec![step],
            Self::Value(_) | Self::Secret { .. } => Vec::new(),
        }
    }

    /// The value as it may be shown: secrets and answers by name.
    #[must_use]
    pub fn shown(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Object(fields) => {
                Value::Object(fields.iter().map(|(name, part)| (name.clone(), part.shown())).collect())
            }
            Self::List(parts) => Value::Array(parts.iter().map(Self::shown).collect()),
            Self::Answer { step, name } => Value::String(format!("<{name} of {step}>")),
            Self::Secret { name, prefix } => Value::String(format!("{prefix}<secret {name}>")),
        }
    }

    /// The field of an object.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    /// The names of the secrets in it.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Object(fields) => fields.values().flat_map(Self::secrets).collect(),
            Self::List(parts) => parts.iter().flat_map(Self::secrets).collect(),
            Self::Secret { name, .. } => vec![name],
            Self::Value(_) | Self::Answer { .. } => Vec::new(),
        }
    }
}

impl From<Value> for Part {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// A request that is not known in full yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The operation's name.
    pub operation: String,
    /// The parameters of its path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Part>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Part>,
}

impl Template {
    /// A request without a body.
    #[must_use]
    pub fn new(operation: &str, parameters: Vec<Part>) -> Self {
        Self { operation: operation.to_owned(), parameters, body: None }
    }

    /// What makes this very request, which is known in full.
    #[must_use]
    pub fn of(request: &AnyRequest) -> Self {
        let operation = request.operation();
        let segments = operation.path.split('/').zip(request.path().split('/'));
        let parameters = segments.filter(|(wanted, _)| wanted.starts_with('{'));
        Self {
            operation: operation.name.to_owned(),
            parameters: parameters.map(|(_, given)| Part::text(decode(given))).collect(),
            body: request.body().cloned().map(Part::Value),
        }
    }

    /// The same request with what earlier steps answered filled in where it is known.
    #[must_use]
    pub fn resolved(&self, answers: &Answers) -> Self {
        Self {
            operation: self.operation.clone(),
            parameters: self.parameters.iter().map(|part| part.resolved(answers)).collect(),
            body: self.body.as_ref().map(|part| part.resolved(answers)),
        }
    }

    /// The same request with a body.
    #[must_use]
    pub fn body(mut self, body: Part) -> Self {
        self.body = Some(body);
        self
    }

    /// The operation; `None` for a plan of another version.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        operation_named(&self.operation)
    }

    /// The request, with answers and secrets filled in.
    ///
    /// # Errors
    /// [`FillError`].
    pub fn fill(
        &self,
        answers: &Answers,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<AnyRequest, FillError> {
        let secret = |name: &str| {
            secrets.get(name).and_then(|secret| String::from_utf8(secret.expose().to_vec()).ok())
        };
        let wrong = || FillError::Request(self.operation.clone());
        let parameters = self.parameters.iter().map(|part| match part.fill(answers, &|_| None)? {
            Value::String(text) => Ok(text),
            _ => Err(wrong()),
        });
        let parameters = parameters.collect::<Result<Vec<String>, _>>()?;
        let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let body = self.body.as_ref().map(|body| body.fill(answers, &secret)).transpose()?;
        AnyRequest::named(&self.operation, &parameters, Vec::new(), body).ok_or_else(wrong)
    }

    /// The path as it may be shown.
    #[must_use]
    pub fn shown_path(&self) -> String {
        let path = self.operation().map_or("?", |operation| operation.path);
        let mut given = self.parameters.iter();
        let segments = path.split('/').map(|segment| {
            if !segment.starts_with('{') {
                return segment.to_owned();
            }
            match given.next().map(Part::shown) {
                Some(Value::String(text)) => text,
                _ => segment.to_owned(),
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

/// Takes back the percent-encoding of a segment of a path.
pub(crate) fn decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    let hex = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => bytes.push(hex(rest.next()).unwrap_or(0) * 16 + hex(rest.next()).unwrap_or(0)),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use countersign_auth0::management::{UserId, users};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_of_a_request_makes_that_request() {
        let user: UserId = "auth0|a b/../c%é".parse().unwrap();
        let request = users::block(&user, true).into_any();
        let template = Template::of(&request);
        assert_eq!(template.parameters, [Part::text(user.as_str())]);
        assert_eq!(template.fill(&Answers::new(), &BTreeMap::new()).unwrap(), request);
    }

    #[test]
    fn what_was_answered_is_filled_in_and_what_was_not_stays() {
        let answers = Answers::from([("made".to_owned(), [("id".to_owned(), json!("a"))].into())]);
        let resolved = template().resolved(&answers);
        assert_eq!(resolved.parameters, [Part::text("a")]);
        assert_eq!(resolved.body.unwrap().secrets(), ["log_token"]);
        assert_eq!(template().resolved(&Answers::new()), template());
    }

    fn template() -> Template {
        let body = Part::object([
            ("token", Part::secret("log_token", "Bearer ")),
            ("is", Part::List(vec![json!(1).into(), Part::answer("made", "id")])),
        ]);
        Template::new("actions.update", vec![Part::answer("made", "id")]).body(body)
    }

    #[test]
    fn answers_and_secrets_are_filled_in_when_it_is_sent() {
        let answers = Answers::from([("made".to_owned(), [("id".to_owned(), json!("a/b"))].into())]);
        let secrets = [("log_token".to_owned(), Secret::new(b"hunter2".to_vec()))].into();
        let request = template().fill(&answers, &secrets).unwrap();
        assert_eq!(request.path(), "/actions/actions/a%2Fb");
        assert_eq!(request.body().unwrap(), &json!({"token": "Bearer hunter2", "is": [1, "a/b"]}));
    }

    #[test]
    fn what_is_missing_is_named() {
        let (none, secrets) = (Answers::new(), BTreeMap::new());
        assert_eq!(template().fill(&none, &secrets), Err(FillError::Answer { step: "made".to_owned() }));
        let answers = Answers::from([("made".to_owned(), [("id".to_owned(), json!("a"))].into())]);
        assert_eq!(template().fill(&answers, &secrets), Err(FillError::Secret("log_token".to_owned())));
        let secret = Template::new("actions.get", vec![Part::secret("log_token", "")]);
        assert!(matches!(secret.fill(&answers, &secrets), Err(FillError::Secret(_))));
        let dots = Template::new("actions.get", vec![Part::text("..")]);
        assert!(matches!(dots.fill(&answers, &secrets), Err(FillError::Request(_))));
    }

    #[test]
    fn what_is_shown_has_no_secret_and_a_value_that_looks_like_one_stays_a_value() {
        assert_eq!(
            template().body.unwrap().shown(),
            json!({"token": "Bearer <secret log_token>", "is": [1, "<id of made>"]})
        );
        let hostile = Part::Value(json!({"secret": {"name": "log_token", "prefix": ""}}));
        let back: Part = serde_json::from_value(serde_json::to_value(&hostile).unwrap()).unwrap();
        assert_eq!(back, hostile);
        assert_eq!(
            back.fill(&Answers::new(), &|_| None).unwrap(),
            json!({"secret": {"name": "log_token", "prefix": ""}})
        );
    }
}
