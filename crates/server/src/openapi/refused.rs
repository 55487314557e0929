//! What requests of a kind may be refused with, for the descriptions of the handlers.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder},
};

fn problem(meaning: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(meaning).content("application/problem+json", content).build().into()
}

/// A name for refusals that come together, with their statuses.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $([$($status:literal $meaning:literal),* $(,)?])+;)+) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($(($status, $meaning)),*),+]
                    .into_iter()
                    .map(|(status, meaning): (u16, &str)| (status.to_string(), problem(meaning)))
                    .collect()
            }
        }
    )+};
}

refusals! {
    /// Any request.
    Any: [403 "`Origin` is not ours", 421 "`Host` is not answered for", 500 "something that must not happen"];
    /// A request that takes a right at all tenants.
    Guarded: [
        401 "no credential that holds",
        403 "not permitted, or `Origin` is not ours",
        421 "`Host` is not answered for",
        429 "this caller asks, or this address tries, more often than it may",
        500 "something that must not happen",
        503 "the database can't be used now",
    ];
    /// A request that names what it is about, at a tenant or anywhere.
    Missing: [404 "no such tenant to this caller, or nothing of that name"];
    /// A request with a body.
    Body: [
        400 "the body is not JSON, or nests too deep",
        408 "the body did not come in time",
        413 "the body is too large",
        422 "the body is of another shape, or says what can't be done",
    ];
    /// A request with a query.
    Query: [422 "a parameter is missing, unknown or unreadable"];
    /// A request that goes by what was looked at.
    Conflict: [409 "it changed meanwhile, is there already, or there are too many"];
    /// A request about what a person may have had erased.
    Erased: [410 "the person was erased, or the record is older than it is kept"];
    /// A request by the token of a log stream.
    Delivery: [
        400 "the body can't be read",
        401 "not the token of this tenant",
        403 "not from this address, or `Origin` is not ours",
        408 "the body did not come in time",
        413 "the body is too large, or has too many entries",
        421 "`Host` is not answered for",
        429 "the stream delivers more than the tenant's allowance: it must come again",
        500 "something that must not happen",
        503 "it could not be kept now",
    ];
    /// A request by the token of an event stream.
    EventDelivery: [
        400 "the body can't be read",
        401 "not the token of this tenant",
        403 "not from this address, or `Origin` is not ours",
        408 "the body did not come in time",
        413 "the body is too large",
        421 "`Host` is not answered for",
        500 "something that must not happen",
        503 "it could not be kept now, or the stream delivers more than the tenant's allowance: it must come again",
    ];
    /// A signed request.
    Signed: [
        400 "the body is not JSON, or nests too deep",
        401 "no signature that holds, or a foreign client certificate",
        403 "another tenant's event, what takes a person, or `Origin` is not ours",
        408 "the body did not come in time",
        409 "this request was answered before",
        413 "the body is too large",
        421 "`Host` is not answered for",
        422 "the body is of another shape",
        429 "the tenant or the client asks too often",
        500 "something that must not happen",
        503 "it could not be recorded in time, or there is too much to do",
    ];
}
