//! Sign-in by OpenID Connect and access tokens: against an issuer of a test's own, the sandbox tenant, and software of others.

mod access;
mod approvals;
mod browser;
mod documents;
mod exchange;
mod forged;
mod issuer;
mod keys;
mod others;
mod sandbox;
