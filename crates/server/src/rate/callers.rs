//! How often a caller may ask, and how often an address may show credentials that nobody knows.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use aws_lc_rs::digest;
use axum::{
    extract::{Request, State},
    http::Extensions,
    middleware::Next,
    response::Response,
};
use countersign_app::access::{Caller, Refusal};
use countersign_core::TenantId;
use governor::{Quota, clock::Clock};

use super::{Allowance, limited, remembered::Remembered};
use crate::{PeerAddress, Problem, Server};

/// Where it is set.
const KEY: &str = "server.limits";

/// How often callers may ask, and addresses may try. 0 in either of a pair: any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerLimits {
    /// Requests a second of one caller who is known.
    pub requests_per_second: u32,
    /// Requests of one caller that may come at once.
    pub requests_at_once: u32,
    /// Sign-ins that begin or end, and credentials that nobody knows, of one address a minute.
    pub attempts_per_minute: u32,
    /// Such attempts that may come at once.
    pub attempts_at_once: u32,
}

impl Default for CallerLimits {
    fn default() -> Self {
        Self { requests_per_second: 50, requests_at_once: 200, attempts_per_minute: 10, attempts_at_once: 30 }
    }
}

/// What a credential is remembered by.
type Digest = Vec<u8>;

/// The allowances of callers and of addresses.
pub(crate) struct Callers<C: Clock> {
    requests: Option<Quota>,
    attempts: Option<Quota>,
    clock: C,
    known: Remembered<String, Allowance<C>>,
    strangers: Remembered<IpAddr, Attempts<C>>,
    proven: Remembered<Digest, ()>,
}

/// What an address may still try.
struct Attempts<C: Clock> {
    allowance: Allowance<C>,
    // Why: an attempt that holds costs nothing, which is known only after it was looked up.
    is_one_taken: bool,
}

impl<C: Clock + Clone> Attempts<C> {
    /// Takes one for the next attempt, unless that is there.
    fn ready(&mut self) -> Result<(), Duration> {
        if !self.is_one_taken {
            self.allowance.take()?;
            self.is_one_taken = true;
        }
        Ok(())
    }
}

impl<C: Clock + Clone> Callers<C> {
    /// Full allowances for everybody.
    pub(crate) fn new(limits: CallerLimits, clock: &C) -> Self {
        let CallerLimits { requests_per_second, requests_at_once, attempts_per_minute, attempts_at_once } =
            limits;
        let quota = |of: fn(NonZeroU32) -> Quota, rate: u32, at_once: u32| {
            Some(of(NonZeroU32::new(rate)?).allow_burst(NonZeroU32::new(at_once)?))
        };
        Self {
            requests: quota(Quota::per_second, requests_per_second, requests_at_once),
            attempts: quota(Quota::per_minute, attempts_per_minute, attempts_at_once),
            clock: clock.clone(),
            known: Remembered::default(),
            strangers: Remembered::default(),
            proven: Remembered::default(),
        }
    }

    /// Takes one of the requests of a caller.
    pub(crate) fn take(&self, caller: &Caller) -> Result<(), Problem> {
        if self.requests.is_none() {
            return Ok(());
        }
        let full = || Allowance::of(self.requests, &self.clock);
        let taken = self.known.with(&name(caller), full, |allowance| allowance.take());
        taken.map_err(|wait| limited("this caller", KEY, wait))
    }

    /// Refuses a credential that nobody looked up yet while its address has no attempt left, unless it held a short while ago: whoever
    /// floods from an address does not sign out the others there.
    pub(crate) fn check(&self, address: Option<PeerAddress>, credential: &str) -> Result<(), Problem> {
        let Some(network) = self.counted(address) else { return Ok(()) };
        if self.proven.find(&digest_of(credential), |()| ()).is_some() {
            return Ok(());
        }
        self.strangers.find(&network, Attempts::ready).unwrap_or(Ok(())).map_err(too_many)
    }

    /// Remembers that a credential held.
    pub(crate) fn held(&self, credential: &str) {
        if self.attempts.is_some() {
            self.proven.with(&digest_of(credential), || (), |()| ());
        }
    }

    /// Takes one of the attempts of an address, for a sign-in or for a credential that nobody knows.
    pub(crate) fn attempt(&self, address: Option<PeerAddress>) -> Result<(), Problem> {
        let Some(network) = self.counted(address) else { return Ok(()) };
        let full = || Attempts { allowance: Allowance::of(self.attempts, &self.clock), is_one_taken: false };
        let taken = self.strangers.with(&network, full, |attempts| {
            attempts.ready()?;
            attempts.is_one_taken = false;
            Ok(())
        });
        taken.map_err(too_many)
    }

    /// Takes an attempt for a credential that did not hold, and forgets that it ever did.
    pub(crate) fn failed(&self, address: Option<PeerAddress>, credential: &str) -> Result<(), Problem> {
        self.proven.forget(&digest_of(credential));
        self.attempt(address)
    }

    /// The network whose attempts are counted. Why not on loopback: behind a proxy on this machine everybody comes from there.
    fn counted(&self, address: Option<PeerAddress>) -> Option<IpAddr> {
        let network = address.filter(|_| self.attempts.is_some())?.network();
        (!network.is_loopback()).then_some(network)
    }
}

fn too_many(wait: Duration) -> Problem {
    limited("this address", KEY, wait)
}

/// A session is limited by itself, anybody else as one, whatever tokens they have.
fn name(caller: &Caller) -> String {
    if let Some(session) = caller.session() {
        return session.to_owned();
    }
    let principal = caller.principal();
    let tenant = principal.tenant.as_ref().map_or("", |tenant| tenant.as_str());
    format!("{:?} {tenant} {}", principal.kind, principal.id)
}

fn digest_of(credential: &str) -> Digest {
    digest::digest(&digest::SHA256, credential.as_bytes()).as_ref().to_vec()
}

/// Where a request comes from, as far as that is known.
fn address(extensions: &Extensions) -> Option<PeerAddress> {
    extensions.get().copied()
}

impl Server {
    /// Counts a credential that nobody knows, and takes an attempt of the address that it came from; hands back how that is refused
    /// otherwise.
    pub(crate) fn unknown(
        &self,
        extensions: &Extensions,
        tenant: Option<&TenantId>,
        what: Refusal,
        refusal: Problem,
    ) -> Problem {
        self.count_refused(tenant, what);
        self.0.callers.attempt(address(extensions)).err().unwrap_or(refusal)
    }

    /// Counts what proves nobody: at the tenant that it named, if that is there.
    pub(crate) fn count_refused(&self, tenant: Option<&TenantId>, what: Refusal) {
        match tenant {
            Some(tenant) => self.0.app.count_refused_at(tenant, what),
            None => self.0.app.count_refused(what),
        }
    }
}

/// Whether a credential has the form of a signed token: nothing that we give out has a dot.
pub(crate) fn is_access_token(credential: &str) -> bool {
    credential.contains('.')
}

/// Who shows a credential, by what `look_up` finds, within what the address may.
pub(crate) async fn known(
    server: &Server,
    extensions: &Extensions,
    credential: &str,
    look_up: impl Future<Output = Result<Option<Caller>, countersign_app::Error>>,
) -> Result<Option<Caller>, Problem> {
    let (callers, address) = (&server.0.callers, address(extensions));
    let refused = || server.0.app.count_refused(Refusal::Credential);
    // Why not an access token: its signature proves it, and nothing is looked up for it. It comes from addresses that tenants share, and
    // whoever floods from there must not keep another's out.
    if !is_access_token(credential) {
        callers.check(address, credential).inspect_err(|_| refused())?;
    }
    let Some(caller) = look_up.await? else {
        refused();
        callers.failed(address, credential)?;
        return Ok(None);
    };
    callers.held(credential);
    Ok(Some(caller))
}

/// Counts each request as an attempt of its address: for where people sign in.
pub(crate) async fn attempt(State(server): State<Server>, request: Request, next: Next) -> Response {
    match server.0.callers.attempt(address(request.extensions())) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            server.0.app.count_refused(Refusal::SignIn);
            crate::console::refused(request.headers(), problem)
        }
    }
}

#[cfg(test)]
mod tests;
