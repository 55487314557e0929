//! The documented objects of events, shared by the triggers that document them alike.
//!
//! What a decision can't live without is required. Everything else is a [`Maybe`](crate::Maybe), also where its
//! comment says *documented as always present*: the Action sends an allow-list, and a field that Auth0 leaves out
//! must not turn into a refused sign-in. Objects that the documentation calls a dictionary without naming its keys
//! stay a [`Dictionary`](crate::Dictionary) on purpose. Instants stay text as Auth0 wrote them, so that they
//! come back unchanged.
//!
//! What must stay in the Action (one-time codes, message texts, recipients, exchanged tokens, secrets in a request's
//! body) is refused at its place, so that an Action that sends it is noticed at once.
//!
//! To add an object: one `object!` in the file of its kind; each field says its shape and whether the documentation
//! promises it. Source: Auth0's reference of the Actions event objects, August 2026.

mod authentication;
mod body;
mod context;
mod device;
pub(crate) mod factors;
mod message;
mod party;
mod request;
mod risk_assessment;
mod session;
mod supplemental;
mod transaction;
mod user;

pub use authentication::{Authentication, Method, MethodName};
pub use body::Body;
pub use context::{
    AccessToken, Authorization, CustomDomain, Prompt, ResourceServer, SecurityContext, Stats, Tenant,
};
pub use device::Device;
pub use message::{MessageAction, MessageOptions, MessageType, StreamMessage};
pub use party::{Agent, Client, ClientRefreshToken, Connection, IdentityKind, Organization};
pub use request::{GeoIp, Request};
pub use risk_assessment::{
    AgentDetection, AgentDetectionCode, AgentDetectionDetails, Assessments, Confidence, Familiarity,
    ImpossibleTravel, ImpossibleTravelCode, NewDevice, NewDeviceCode, NewDeviceDetails, RiskAssessment,
    UntrustedIp, UntrustedIpCode, UntrustedIpDetails,
};
pub use session::{
    Cookie, CookieMode, ParentRefreshToken, RefreshToken, RefreshTokenResourceServer, Session, SessionClient,
    SessionTransfer, SessionTransferToken, TransferRequest,
};
pub use supplemental::{Akamai, AkamaiBot, AkamaiUserRisk, Supplemental};
pub use transaction::{Actor, ExchangeTransaction, GrantTransaction, Protocol, ResponseMode, Transaction};
pub use user::{ChangedUser, EnrolledFactor, Identity, NewUser, User};
