//! The tenant's Management API, as the use cases see it: what may be asked, for whom first, why, and who is told.

use std::{
    any::Any,
    fmt,
    future::{Future, ready},
    pin::Pin,
    time::Duration,
};

use countersign_auth0::{
    ShapeError, decode,
    management::{AnyRequest, Operation, Request},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

mod error;

pub use error::{Error, Flaw, Refusal, Why};

/// Who goes first where not all can go at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Somebody is being kept out.
    Containment,
    /// Somebody waits for the answer.
    Interactive,
    /// Nobody waits for it; it stops while little is left.
    Bulk,
}

impl Lane {
    /// Every lane, the first first.
    pub const ALL: [Self; 3] = [Self::Containment, Self::Interactive, Self::Bulk];
}

/// What allowed a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// A plan that was approved, by its id.
    Plan(String),
    /// A decision, by its id.
    Decision(String),
}

/// Why something is written, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Joins all that was done for the same reason.
    pub correlation_id: String,
    /// Who does it: an operator's account, or a part of the service.
    pub actor: String,
    /// Why, in words for whoever reads the log.
    pub reason: String,
    /// What allowed it.
    pub authority: Authority,
}

/// Whose token a write is sent with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maker {
    /// The client that the token was given to.
    pub client_id: String,
    /// The token's id (`jti`), which names it and opens nothing.
    pub token_id: String,
}

impl Maker {
    /// The longest of either text, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Whether both texts are there and none is too long.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [&self.client_id, &self.token_id].iter().all(|text| (1..=Self::MAX_BYTES).contains(&text.len()))
    }
}

/// A write that is about to be sent.
#[derive(Clone, Copy)]
pub struct Intent<'a> {
    /// By which token, where its id is known: the tenant's log names it.
    pub maker: Option<&'a Maker>,
    /// Why and by whom.
    pub cause: &'a Cause,
    /// What is sent.
    pub request: &'a AnyRequest,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The API did it, with this status.
    Done(u16),
    /// The API did not do it, with this status.
    Refused(u16),
    /// It was never sent.
    NotSent,
    /// Nobody knows whether it was done.
    Unknown,
}

/// Nothing could be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is about to be written could not be recorded")]
pub struct RecordError;

/// A future of a port.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who is told of each write, before it is sent and how it ended.
pub trait Recorder: Send + Sync {
    /// Records what is about to be sent; nothing is sent unless it was recorded. The answer names the record.
    fn intend<'a>(&'a self, intent: Intent<'a>) -> Pending<'a, Result<String, RecordError>>;

    /// Records how it ended. An intent without an end is one whose end nobody knows, so what can't be recorded here is not
    /// lost; to say so is the recorder's.
    fn end<'a>(&'a self, record: &'a str, end: End) -> Pending<'a, ()>;
}

/// An answer that a request was carried out with.
pub struct Reply {
    /// The status, from 200 to 299.
    pub status: u16,
    /// The body, which may be empty.
    pub body: Vec<u8>,
    /// Where the next page begins, where a `Link` header says so.
    pub next: Option<String>,
}

impl Reply {
    /// Reads the body; an empty one is read as null.
    ///
    /// # Errors
    /// [`ShapeError`] when it is not of that type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ShapeError> {
        decode(if self.body.is_empty() { b"null" } else { &self.body }, "answer")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A turn at a tenant that was waited for: what is sent in it waits no more. It is given back where it is dropped unused.
#[derive(Default)]
pub struct Pass(Option<Box<dyn Any + Send>>);

impl Pass {
    /// A pass that holds a turn of whoever gives turns.
    #[must_use]
    pub fn of<T: Any + Send>(turn: T) -> Self {
        Self(Some(Box::new(turn)))
    }

    /// The turn; `None` where it holds none of that type.
    #[must_use]
    pub fn turn<T: Any>(self) -> Option<T> {
        self.0?.downcast().ok().map(|turn| *turn)
    }
}

/// The Management API of one tenant. Use [`read`] and [`write()`], which know the type of the answer.
///
/// Who passes requests on to another passes on [`Self::pass`] and [`Self::change_in`] too: the ones that are given here give no turn, so that
/// what was looked at may be old when it is sent.
pub trait Api: Send + Sync {
    /// Sends a request that reads.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NotRead`] for a request that does not read.
    fn fetch<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Reply, Error>>;

    /// Sends a request that writes, and has it recorded. What a plan allows ([`Authority::Plan`]) is sent once: whoever carries it out
    /// looks again before it is sent again.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Unknown`] when nobody knows whether it was done, so that the caller must look. Of what a plan allows,
    /// [`Error::Limited`] and [`Error::Unavailable`] say that it was not.
    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        lane: Lane,
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>>;

    /// Waits until what writes by an operation may be sent, so that nothing has to be waited for between the last look and
    /// [`Self::change_in`]. An empty pass from who gives no turns.
    ///
    /// # Errors
    /// [`Error`]; nothing was sent.
    fn pass(&self, _operation: Asked, _lane: Lane) -> Pending<'_, Result<Pass, Error>> {
        Box::pin(ready(Ok(Pass::default())))
    }

    /// As [`Self::change`], in a turn that was waited for.
    ///
    /// # Errors
    /// As [`Self::change`].
    fn change_in<'a>(
        &'a self,
        pass: Pass,
        (request, lane): (&'a AnyRequest, Lane),
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>> {
        drop(pass);
        self.change(request, lane, cause)
    }
}

/// Sends a request that reads.
///
/// # Errors
/// [`Error`].
pub async fn read<T: DeserializeOwned>(api: &dyn Api, request: &Request<T>, lane: Lane) -> Result<T, Error> {
    let reply = api.fetch(request.any(), lane).await?;
    reply.read().map_err(|shape| Error::Shape { operation: request.any().operation(), shape })
}

/// Sends a request that writes, and has it recorded.
///
/// # Errors
/// [`Error`].
pub async fn write<T: DeserializeOwned>(
    api: &dyn Api,
    request: &Request<T>,
    lane: Lane,
    cause: &Cause,
) -> Result<T, Error> {
    let reply = api.change(request.any(), lane, cause).await?;
    reply.read().map_err(|shape| Error::Shape { operation: request.any().operation(), shape })
}

/// How long the API asks to be left alone, where it says so.
pub type After = Option<Duration>;

/// What was asked for, in an error.
pub type Asked = &'static Operation;
