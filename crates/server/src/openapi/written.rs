//! Names of the schemas in `schemas.json`, as types that descriptions of handlers refer to.
//!
//! They describe what other crates shape, so that those know nothing of HTTP.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

macro_rules! written {
    ($($name:ident)+) => {$(
        #[doc = concat!("`", stringify!($name), "` of `schemas.json`.")]
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            /// Nothing: `schemas.json` has it.
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::default())
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

written! {
    AccessPolicies
    AccountTokenMade
    Accounts
    Actor
    AlertPage
    AlertShown
    AtLeast
    Audience
    Breaker
    Count
    Cursor
    DecisionAnswer
    DecisionPage
    DecisionRequest
    DecisionShown
    Delivered
    Disabled
    Disposition
    Document
    Enabled
    Ended
    Entity
    EntityTag
    EntityTagged
    Erasure
    EventMessage
    Findings
    Grants
    Health
    HookTried
    Identifier
    IncidentActed
    IncidentClosed
    IncidentPage
    IncidentShown
    IncidentStatus
    Inquiry
    Level
    LinkMade
    LogDelivery
    LogIds
    LogOpened
    LogPage
    LogShown
    Made
    Me
    ModelAct
    ModelActed
    ModelCard
    ModelComparison
    ModelConstants
    ModelList
    ModelShown
    ModelTaken
    ModelThresholds
    NoteMade
    OrganizationId
    Outcome
    OutcomeTaken
    OwnModel
    Part
    People
    PersonMarking
    PersonNamed
    PersonVerdict
    PlanHash
    PlanHead
    PlanId
    PlanOpened
    PlanPage
    PlanShown
    PlanStatus
    PolicyApplied
    PolicyDocument
    PolicyShown
    PolicyVersions
    Priority
    Receipt
    RevealKind
    Revealed
    ReviewClosed
    ReviewHead
    ReviewId
    ReviewOpened
    ReviewPage
    ReviewShown
    ReviewStatus
    RiskTokenEnded
    RiskTokenMade
    RiskTokens
    Role
    Scope
    Sessions
    Severity
    ShortForm
    ShortFormAnswer
    SignedAt
    SignedId
    SubjectId
    Suppressions
    SwitchSet
    TenantId
    Timestamp
    TokenRevoked
    Trigger
    UserCursor
    UserRisk
    UsersAtRisk
    Wanted
    Watch
    WriteCause
    WriteEnd
    WriteMaker
    WriteRecorded
}
