//! The Management API client: the only thing that sends requests to a tenant.
//!
//! Each request waits for its turn, shows a token, and is sent again where that can't do harm. A write is recorded before it
//! is sent. Nothing of a request or a token gets into an error.

mod assertion;
#[cfg(test)]
mod fuzz;
mod installed;
mod limit;
mod pages;
mod provoke;
mod refusal;
pub(crate) mod retry;
mod settings;
mod sleep;
mod token;
mod told;
mod turns;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use countersign_app::management::{
    Api, Asked, Authority, Cause, End, Error, Intent, Lane, Maker, Pass, Pending, Recorder, Refusal, Reply,
    Why, read, write,
};
use countersign_auth0::management::{AnyRequest, Method, Request};
use countersign_core::{Clock, Entropy};
use parking_lot::Mutex;
use reqwest::{
    Client, RequestBuilder, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION},
};
use serde::de::DeserializeOwned;

pub use self::{
    assertion::KeyAlgorithm,
    limit::Plan,
    pages::Pages,
    provoke::TooMany,
    settings::{BuildError, Credentials, DEFAULT_TIMEOUT, Settings, Surroundings},
    sleep::{RealSleep, Sleep},
};
use self::{
    assertion::Signer,
    limit::Observed,
    retry::Next,
    token::{Denied, Proof, Source, Token, Tokens},
    told::Seen,
    turns::{Turn, Turns},
};
use crate::{
    breaker::Breaker,
    http::{self, Answer, Failure},
};

/// The most bytes of an answer: far above a page of 100 users, and below what could hurt.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The longest time between the looks before a write in a pass and its sending once more, where its token was not taken.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A tenant's Management API.
pub struct Management {
    client: Client,
    base: Url,
    tokens: Tokens,
    turns: Arc<Turns>,
    breaker: Mutex<Breaker>,
    seen: Mutex<Seen>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    sleep: Arc<dyn Sleep>,
    recorder: Arc<dyn Recorder>,
}

/// A write that is being sent, as it was recorded.
struct Written<'a> {
    cause: &'a Cause,
    /// The record of this sending; `None` while there is none.
    record: Option<String>,
    /// By which token it is said to be sent.
    maker: Option<Maker>,
    /// What came of the newest sending.
    last: End,
    /// Why nobody knows whether a sending did it, where nobody does.
    may_be_done: Option<Why>,
}

/// How sending once ended without the answer that was wanted.
enum Ended {
    /// For good.
    Final(Error),
    /// There were too many requests; nothing was done.
    Limited(Option<Duration>),
    /// There was no answer that can be used.
    Failed { failure: Failure, named: Option<Duration> },
    /// The token was not taken; nothing was done.
    Token(Refusal),
}

impl Written<'_> {
    /// Whether it may be sent again unseen. What a plan allows is looked at before.
    const fn may_repeat(&self) -> bool {
        matches!(self.cause.authority, Authority::Decision(_))
    }

    /// Takes in what a sending came to.
    fn ended(&mut self, ended: &Ended) {
        match ended {
            Ended::Token(refusal) => self.last = End::Refused(refusal.status),
            Ended::Limited(_) => self.last = End::Refused(StatusCode::TOO_MANY_REQUESTS.as_u16()),
            Ended::Failed { failure: Failure { why, was_sent: true }, .. } => {
                (self.last, self.may_be_done) = (End::Unknown, Some(*why));
            }
            Ended::Final(_) | Ended::Failed { .. } => {}
        }
    }
}

impl Management {
    /// Builds the client; nothing is asked yet.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(settings: Settings, surroundings: Surroundings) -> Result<Self, BuildError> {
        let Settings { tenant, client_id, credentials, plan, authorities, timeout } = settings;
        let Surroundings { clock, entropy, sleep, recorder } = surroundings;
        let base = tenant.url().clone();
        if base.path() != "/" || base.query().is_some() {
            return Err(BuildError::Tenant);
        }
        let client = http::client(&tenant, authorities.as_deref(), timeout)?;
        let proof = match credentials {
            Credentials::Secret(secret) => Proof::Secret(secret),
            Credentials::Key { pem, algorithm, key_id } => {
                Proof::Key(Signer::new(&pem, algorithm, key_id).map_err(|_| BuildError::Key)?)
            }
        };
        let source = Source {
            client: client.clone(),
            origin: base.clone(),
            client_id,
            proof,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        };
        let tokens = Tokens::new(source).ok_or(BuildError::Tenant)?;
        let turns = Arc::new(Turns::new(plan, Arc::clone(&clock), Arc::clone(&sleep)));
        let (breaker, seen) = (Mutex::default(), Mutex::default());
        Ok(Self { client, base, tokens, turns, breaker, seen, clock, entropy, sleep, recorder })
    }

    /// The same client, which asks for tokens with no scopes but these, and takes none with more.
    #[must_use]
    pub fn asking_for(mut self, scopes: &BTreeSet<String>) -> Self {
        self.tokens.ask_for(scopes);
        self
    }

    /// The same client, which waits for its turn among what another sends to the same tenant, whose limits are one.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        self.turns = Arc::clone(&other.turns);
        self
    }

    /// Sends a request that reads.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn read<T: DeserializeOwned>(&self, request: &Request<T>, lane: Lane) -> Result<T, Error> {
        read(self, request, lane).await
    }

    /// Sends a request that writes, and has it recorded.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Unknown`] when nobody knows whether it was done, so that the caller must look.
    pub async fn write<T: DeserializeOwned>(
        &self,
        request: &Request<T>,
        lane: Lane,
        cause: &Cause,
    ) -> Result<T, Error> {
        write(self, request, lane, cause).await
    }

    /// The scopes that the token at hand has, where the tenant told; `None` before the first request.
    pub fn scopes(&self) -> Option<Arc<[String]>> {
        self.tokens.scopes()
    }

    async fn recorded(
        &self,
        request: &AnyRequest,
        (lane, turn): (Lane, Option<Turn>),
        cause: &Cause,
    ) -> Result<Reply, Error> {
        let operation = request.operation();
        if operation.is_read() {
            return Err(Error::NotRead { operation });
        }
        let maker = self.next_maker().await;
        let (last, may_be_done) = (End::NotSent, None);
        let mut written = Written { cause, record: None, maker, last, may_be_done };
        self.intend(request, &mut written).await?;
        let answer = self.send(request, (lane, turn), Some(&mut written)).await;
        let answer = answer.map_err(|error| match written.may_be_done {
            // Why: an earlier try may have done it, whatever a later one was told; `404` to a deletion is what it leads to.
            Some(why) if !matches!(error, Error::Unknown { .. } | Error::Unavailable { .. }) => {
                Error::Unknown { operation, why }
            }
            _ => error,
        });
        let end = match &answer {
            Ok(reply) => End::Done(reply.status),
            Err(_) if written.may_be_done.is_some() => End::Unknown,
            Err(Error::Refused { refusal, .. }) => End::Refused(refusal.status),
            Err(Error::Scope { .. }) => End::Refused(StatusCode::FORBIDDEN.as_u16()),
            Err(Error::Limited { .. }) => End::Refused(StatusCode::TOO_MANY_REQUESTS.as_u16()),
            Err(_) => End::NotSent,
        };
        if let Some(record) = &written.record {
            self.recorder.end(record, end).await;
        }
        answer
    }

    /// By whom the next write will most likely be made.
    async fn next_maker(&self) -> Option<Maker> {
        match self.tokens.token().await {
            Ok(token) => self.tokens.maker(&token),
            Err(Denied { why, was_asked }) => {
                if was_asked {
                    self.count(is_no_answer(why));
                }
                None
            }
        }
    }

    /// Records a sending that is about to be.
    async fn intend(&self, request: &AnyRequest, written: &mut Written<'_>) -> Result<(), Error> {
        let intent = Intent { cause: written.cause, request, maker: written.maker.as_ref() };
        let unrecorded = |_| Error::Unrecorded { operation: request.operation() };
        written.record = Some(self.recorder.intend(intent).await.map_err(unrecorded)?);
        Ok(())
    }

    /// Records a sending anew where it shows another token than was said: by the token the entry in the tenant's log is known. What was
    /// sent by the one before has come to its own end.
    async fn intend_by(
        &self,
        request: &AnyRequest,
        token: &Token,
        written: &mut Written<'_>,
    ) -> Result<(), Error> {
        let maker = self.tokens.maker(token);
        if maker == written.maker {
            return Ok(());
        }
        if let Some(record) = written.record.take() {
            self.recorder.end(&record, written.last).await;
        }
        (written.maker, written.last) = (maker, End::NotSent);
        self.intend(request, written).await
    }

    /// Waits for a turn, and for a token, so that what is sent in it goes at once.
    async fn admitted(&self, operation: Asked, lane: Lane) -> Result<Turn, Error> {
        let turn = self.turn(operation, lane).await?;
        let denied = |Denied { why, was_asked }| {
            if was_asked {
                self.count(is_no_answer(why));
            }
            Error::Unavailable { operation, why }
        };
        self.tokens.token().await.map_err(denied)?;
        Ok(turn)
    }

    async fn turn(&self, operation: Asked, lane: Lane) -> Result<Turn, Error> {
        self.turns.turn(operation.group, lane).await.map_err(|turns::Full| Error::Busy { operation })
    }

    /// Sends a request until it is answered; what a plan allows once.
    async fn send(
        &self,
        request: &AnyRequest,
        (lane, mut turn): (Lane, Option<Turn>),
        mut written: Option<&mut Written<'_>>,
    ) -> Result<Reply, Error> {
        let operation = request.operation();
        let url = self.url(request).ok_or(Error::Malformed { operation })?;
        let may_repeat = written.as_deref().is_none_or(Written::may_repeat);
        let is_in_turn = turn.is_some();
        let mut attempt = 0;
        let mut has_new_token = false;
        loop {
            let ended = match self.once(request, (&url, lane, turn.take()), written.as_deref_mut()).await {
                Ok(reply) => {
                    if let Some(written) = written {
                        written.may_be_done = None;
                    }
                    return Ok(reply);
                }
                Err(ended) => ended,
            };
            if let Some(written) = written.as_deref_mut() {
                written.ended(&ended);
            }
            let (named, error) = match ended {
                Ended::Final(error) => return Err(error),
                Ended::Token(_) if !has_new_token => {
                    has_new_token = true;
                    if is_in_turn {
                        turn = Some(self.turn_at_once(operation, lane).await?);
                    }
                    continue;
                }
                Ended::Token(refusal) => return Err(Error::Refused { operation, refusal }),
                Ended::Limited(after) => (after, Error::Limited { operation, after }),
                Ended::Failed { failure: Failure { why, was_sent }, named } => {
                    if was_sent && !(operation.may_repeat && may_repeat) {
                        return Err(Error::Unknown { operation, why });
                    }
                    if !may_help(why) {
                        return Err(Error::Unavailable { operation, why });
                    }
                    (named, Error::Unavailable { operation, why })
                }
            };
            if !may_repeat {
                return Err(error);
            }
            match retry::next(lane, attempt, named, self.chance()) {
                Next::Stop => return Err(error),
                Next::Again(wait) => self.sleep.sleep(wait).await,
            }
            attempt += 1;
        }
    }

    /// A turn for what was looked at a moment ago: none where that takes so long that it has to be looked at again.
    async fn turn_at_once(&self, operation: Asked, lane: Lane) -> Result<Turn, Error> {
        let began = self.clock.monotonic();
        let turn = self.admitted(operation, lane).await?;
        if self.clock.monotonic().saturating_sub(began) > AT_ONCE {
            return Err(Error::Limited { operation, after: None });
        }
        Ok(turn)
    }

    /// Waits for a turn where there is none yet, and sends a request once.
    async fn once(
        &self,
        request: &AnyRequest,
        (url, lane, turn): (&Url, Lane, Option<Turn>),
        written: Option<&mut Written<'_>>,
    ) -> Result<Reply, Ended> {
        let operation = request.operation();
        let mut turn = match turn {
            Some(turn) => turn,
            None => self.turn(operation, lane).await.map_err(Ended::Final)?,
        };
        // Why after the turn: what waited for it finds the breaker and the token as they are now.
        if !self.breaker.lock().admits(self.clock.monotonic()) {
            return Err(Ended::Final(Error::Paused { operation }));
        }
        let token = self.tokens.token().await.map_err(|Denied { why, was_asked }| {
            // Why only who asked: one break must not count for all who waited for the same token.
            if was_asked {
                self.count(is_no_answer(why));
            }
            Ended::Failed { failure: Failure { why, was_sent: false }, named: None }
        })?;
        if let Some(written) = written {
            self.intend_by(request, &token, written).await.map_err(Ended::Final)?;
        }
        let builder = self.builder(request, url).header(AUTHORIZATION, token.header.clone());
        turn.begin();
        let answer = http::exchange(builder, MAX_BYTES).await.and_then(meaningful);
        match answer {
            Err(failure) => {
                self.count(is_no_answer(failure.why));
                turn.done(Observed::default());
                Err(Ended::Failed { failure, named: None })
            }
            Ok(answer) => {
                self.count(false);
                self.seen.lock().take(operation.group, &answer.headers, self.clock.now());
                turn.done(self.observed(&answer));
                if answer.status == StatusCode::UNAUTHORIZED {
                    self.tokens.refused(&token);
                }
                self.judge(request, answer, &token)
            }
        }
    }

    fn judge(&self, request: &AnyRequest, answer: Answer, token: &Token) -> Result<Reply, Ended> {
        let operation = request.operation();
        let status = answer.status;
        if status.is_success() {
            let next = pages::next_link(&answer.headers, &self.base, operation.path);
            return Ok(Reply { status: status.as_u16(), body: answer.body, next });
        }
        let named = retry::named(&answer.headers, self.clock.now());
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Ended::Limited(named));
        }
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            let failure = Failure { why: Why::Status(status.as_u16()), was_sent: true };
            return Err(Ended::Failed { failure, named });
        }
        let nonsense = Ended::Failed { failure: Failure { why: Why::Nonsense, was_sent: true }, named: None };
        let refusal = refusal::read(request, status.as_u16(), &answer.body, self.tokens.shown(token))
            .ok_or(nonsense)?;
        Err(match status {
            StatusCode::UNAUTHORIZED => Ended::Token(refusal),
            StatusCode::FORBIDDEN if refusal.code.as_deref() == Some("insufficient_scope") => {
                Ended::Final(Error::Scope { operation })
            }
            _ => Ended::Final(Error::Refused { operation, refusal }),
        })
    }

    fn observed(&self, answer: &Answer) -> Observed {
        let limit = retry::number(&answer.headers, "x-ratelimit-limit");
        let remaining = retry::number(&answer.headers, "x-ratelimit-remaining");
        let shut_until = (answer.status == StatusCode::TOO_MANY_REQUESTS).then(|| {
            let named = retry::named(&answer.headers, self.clock.now()).unwrap_or(Duration::from_secs(1));
            self.clock.monotonic().saturating_add(named.min(retry::LONGEST))
        });
        Observed { limit, remaining, shut_until }
    }

    /// The address of a request; `None` when it would lead anywhere else than its path says.
    fn url(&self, request: &AnyRequest) -> Option<Url> {
        if !request.is_well_formed() {
            return None;
        }
        let path = format!("/api/v2{}", request.path());
        let mut url = self.base.join(&path).ok()?;
        // Why: what parsers of URLs make of a path is looked at, not trusted.
        if url.path() != path || url.origin() != self.base.origin() {
            return None;
        }
        if !request.query().is_empty() {
            url.query_pairs_mut().extend_pairs(request.query());
        }
        Some(url)
    }

    fn builder(&self, request: &AnyRequest, url: &Url) -> RequestBuilder {
        let method = match request.operation().method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let builder = self.client.request(method, url.clone()).header(ACCEPT, "application/json");
        match request.body() {
            Some(body) => builder.json(body),
            None => builder,
        }
    }

    fn count(&self, is_failure: bool) {
        let mut breaker = self.breaker.lock();
        if is_failure {
            breaker.failed(self.clock.monotonic());
        } else {
            breaker.answered();
        }
    }

    /// Evenly spread chance; the middle when there is none to be had, since only waits hang on it.
    fn chance(&self) -> u32 {
        let mut bytes = [0_u8; 4];
        self.entropy.fill(&mut bytes).map_or(u32::MAX / 2, |()| u32::from_be_bytes(bytes))
    }
}

impl Api for Management {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let operation = request.operation();
            if !operation.is_read() {
                return Err(Error::NotRead { operation });
            }
            self.send(request, (lane, None), None).await
        })
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        lane: Lane,
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(self.recorded(request, (lane, None), cause))
    }

    fn pass(&self, operation: Asked, lane: Lane) -> Pending<'_, Result<Pass, Error>> {
        Box::pin(async move { self.admitted(operation, lane).await.map(Pass::of) })
    }

    fn change_in<'a>(
        &'a self,
        pass: Pass,
        (request, lane): (&'a AnyRequest, Lane),
        cause: &'a Cause,
    ) -> Pending<'a, Result<Reply, Error>> {
        Box::pin(self.recorded(request, (lane, pass.turn()), cause))
    }
}

/// Refuses an answer that is none: a redirect, or a body that should be JSON and is not. What a server says while it fails
/// is not looked at, because it is often not the API's.
fn meaningful(answer: Answer) -> Result<Answer, Failure> {
    let status = answer.status;
    if status.is_redirection() {
        return Err(Failure { why: Why::Redirect, was_sent: true });
    }
    let is_passed_over = answer.body.is_empty()
        || status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let is_json = |body: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    if !is_passed_over && !is_json(&answer.body) {
        return Err(Failure { why: Why::Nonsense, was_sent: true });
    }
    Ok(answer)
}

/// Whether it is as good as no answer: five in a row, and the tenant is left alone for a while.
const fn is_no_answer(why: Why) -> bool {
    match why {
        Why::Unreachable
        | Why::Certificate(_)
        | Why::Broken
        | Why::Late
        | Why::Nonsense
        | Why::TooLong
        | Why::Redirect => true,
        Why::Status(_) | Why::Credentials | Why::NoToken | Why::TooMuch => false,
    }
}

/// Whether the same request may fare better later.
const fn may_help(why: Why) -> bool {
    match why {
        Why::Unreachable | Why::Broken | Why::Late | Why::Status(_) | Why::NoToken => true,
        Why::Certificate(_)
        | Why::Nonsense
        | Why::TooLong
        | Why::Redirect
        | Why::Credentials
        | Why::TooMuch => false,
    }
}
