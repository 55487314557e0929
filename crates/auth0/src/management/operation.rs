//! What the Management API can be asked to do, as data.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::LimitGroup;
use crate::{ShapeError, decode};

/// An HTTP method that the Management API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or starts something.
    Post,
    /// Changes the fields given.
    Patch,
    /// Replaces.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// How a list is read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// It comes whole, or there is no list.
    Whole,
    /// `page` and `per_page`; ends at 1,000 items, whatever there is.
    Offset,
    /// `from` and `take`; `next` of an answer is the next `from`.
    Checkpoint,
    /// `from` and `take`; the next `from` is in the `Link` header.
    Link,
}

/// One operation of the Management API.
#[derive(Clone, Copy)]
pub struct Operation {
    /// What we call it: the resource, a dot and the act, such as `users.get`.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path below `/api/v2`, parameters in braces.
    pub path: &'static str,
    /// The scopes that allow it; where several are listed, one is normally enough.
    pub scopes: &'static [&'static str],
    /// The limit that it counts against.
    pub group: LimitGroup,
    /// Whether sending it twice does what sending it once does.
    pub may_repeat: bool,
    /// The query parameters that it takes, of those that we send.
    pub query: &'static [&'static str],
    /// The keys that its body can't do without.
    pub required: &'static [&'static str],
    /// How its list is read, if its answer is one.
    pub paging: Paging,
    reread: fn(&[u8]) -> Result<Value, ShapeError>,
}

impl Operation {
    /// Reads an answer's body into the operation's type, and writes it back.
    ///
    /// # Errors
    /// [`ShapeError`] when the body is not of that type.
    pub fn reread(&self, body: &[u8]) -> Result<Value, ShapeError> {
        (self.reread)(body)
    }

    /// Whether it only reads.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self.method, Method::Get)
    }
}

impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Operation {}

impl std::hash::Hash for Operation {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// An [`Operation`] with `N` parameters in its path whose answers are of type `T`.
pub struct Endpoint<T, const N: usize> {
    pub(super) operation: Operation,
    answer: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned, const N: usize> Endpoint<T, N> {
    /// An operation that reads.
    pub(super) const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Get, name, path)
    }

    /// An operation that creates or starts something, and must not be sent twice.
    pub(super) const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Post, name, path)
    }

    /// An operation that sets fields to what is given.
    pub(super) const fn patch(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Patch, name, path)
    }

    /// An operation that replaces something.
    pub(super) const fn put(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Put, name, path)
    }

    /// An operation that removes something.
    pub(super) const fn delete(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Delete, name, path)
    }

    const fn new(method: Method, name: &'static str, path: &'static str) -> Self {
        // Statics are built at compile time, so that a wrong count does not compile.
        assert!(parameters(path) == N, "as many parameters in the path as the type says");
        let operation = Operation {
            name,
            method,
            path,
            scopes: &[],
            group: LimitGroup::Other,
            may_repeat: !matches!(method, Method::Post),
            query: &[],
            required: &[],
            paging: Paging::Whole,
            reread: reread::<T>,
        };
        Self { operation, answer: PhantomData }
    }

    /// The scopes that allow it.
    pub(super) const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.operation.scopes = scopes;
        self
    }

    /// The limit that it counts against.
    pub(super) const fn group(mut self, group: LimitGroup) -> Self {
        self.operation.group = group;
        self
    }

    /// Sending it twice does what sending it once does.
    pub(super) const fn repeatable(mut self) -> Self {
        self.operation.may_repeat = true;
        self
    }

    /// The query parameters that it takes.
    pub(super) const fn query(mut self, query: &'static [&'static str]) -> Self {
        self.operation.query = query;
        self
    }

    /// The keys that its body can't do without.
    pub(super) const fn required(mut self, keys: &'static [&'static str]) -> Self {
        self.operation.required = keys;
        self
    }

    /// How its list is read.
    pub(super) const fn paging(mut self, paging: Paging) -> Self {
        self.operation.paging = paging;
        self
    }
}

fn reread<T: Serialize + DeserializeOwned>(body: &[u8]) -> Result<Value, ShapeError> {
    let answer: T = decode(if body.is_empty() { b"null" } else { body }, "answer")?;
    serde_json::to_value(answer).map_err(|_| ShapeError {
        path: "answer".to_owned(),
        message: "can't be written back".to_owned(),
        line: 0,
        column: 0,
    })
}

/// Counts the parameters of a path template.
const fn parameters(path: &str) -> usize {
    let mut rest = path.as_bytes();
    let mut count = 0;
    while let [first, tail @ ..] = rest {
        if *first == b'{' {
            count += 1;
        }
        rest = tail;
    }
    count
}
