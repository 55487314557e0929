//! What policy says about one assessment, as data.

use countersign_core::{Level, Mode, Verdict};
use serde::{Deserialize, Serialize};

/// Why a verdict or effect is not simply that of the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The mode is `off`, or a kill switch is.
    ModeOff,
    /// The mode is `audit`.
    ModeAudit,
    /// The mode is `advisory`.
    ModeAdvisory,
    /// The person is outside the percentage that `enforce` holds for.
    Rollout,
    /// A floor raised the verdict.
    Floor,
    /// A floor of a role raised the verdict, since the Action cut the list of roles and it may have stood there.
    RolesTruncated,
    /// A ceiling lowered the verdict.
    Ceiling,
    /// The person signs in at another identity provider.
    Federated,
    /// A factor passed a short while ago stands for the challenge.
    MfaRecent,
    /// No factor can be asked for.
    NoUsableFactor,
    /// A challenge is required and nobody can be asked.
    StepUpRequired,
    /// MFA can be skipped only where somebody would be asked.
    NothingToSkip,
    /// A challenge is required and can't be asked for yet: the first sign-in owes it.
    Deferred,
    /// The account's sign-up owes a challenge, and no sign-in was confirmed since.
    Owed,
    /// A plan contained the account, and nobody took that back.
    Contained,
    /// What is held against the person asks for a challenge that the event alone does not.
    UserRisk,
    /// A challenge is required of a machine, and scopes that it never had before were taken away in its place.
    ScopesReduced,
    /// A challenge is required, and the message that is asked about carries one.
    MessageIsChallenge,
    /// Sign-ins to our own console are never challenged or refused: whoever could mend a policy must get in.
    ConsoleClient,
    /// The trigger has no effects: the verdict is advice, and what should be done is proposed.
    NoEffects,
}

/// An effect that is not applied, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Withheld<E> {
    /// What would have been done.
    #[serde(flatten)]
    pub effect: E,
    /// Why it is not.
    pub because: Because,
}

/// What a plan is asked to do later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// End the account's sessions.
    RevokeSessions,
    /// Ask the account for a second factor at its next sign-in.
    RequireMfa,
    /// Have a person look at it.
    Review,
    /// Tell the owner of the account by a way that was known before.
    Notify,
}

/// Something that the transaction can't do and a plan may, once it is countersigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What is to be done.
    pub kind: ProposalKind,
    /// Codes of the heaviest reasons, the heaviest first; at most three.
    pub reason_codes: Vec<String>,
    /// Why the mode keeps it from becoming a plan; `None` in `enforce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Because>,
}

/// What policy says about one assessment, in the effects `E` of one trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision<E> {
    /// The mode that held for this person.
    pub mode: Mode,
    /// The level of the score.
    pub level: Level,
    /// What was decided, before the mode. A challenge that nobody can answer is a `deny`; one that is deferred, or
    /// answered in another way than by a person, is still a `challenge`.
    pub verdict: Verdict,
    /// Why the verdict or its effects differ from the level's own.
    pub because: Vec<Because>,
    /// What the Action is told to do.
    pub effects: Vec<E>,
    /// What it would have been told.
    pub withheld: Vec<Withheld<E>>,
    /// What is left for a plan to do, in every mode but `off`.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// Whether operators should be told at once.
    pub is_alert: bool,
}
