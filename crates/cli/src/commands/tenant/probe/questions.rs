//! What we take for granted of a tenant and its documentation does not say.

use serde::Serialize;

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By reading.
    Reading,
    /// On an organization that is made for it and deleted again.
    Organization,
    /// By a test run of an Action's draft that is made for it and deleted again.
    Draft,
    /// By more requests than the tenant allows.
    Flood,
    /// By a person, in these steps.
    Person(&'static [&'static str]),
}

impl How {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Reading => "by reading",
            Self::Organization => {
                "with --with-writes: on an organization that is made for it and deleted again"
            }
            Self::Draft => {
                "with --with-writes: by a test run of an Action's draft, which is bound nowhere and deleted again"
            }
            Self::Flood => "with --with-flood: by up to 300 requests, 20 at once",
            Self::Person(_) => "by a person",
        }
    }

    /// Why it was not asked, where nobody asked.
    pub const fn why_not(self) -> &'static str {
        match self {
            Self::Reading => "nothing was read",
            Self::Organization | Self::Draft => "it takes --with-writes",
            Self::Flood => "it takes --with-flood",
            Self::Person(_) => "no program can ask it; these are the steps",
        }
    }

    /// The steps of a person.
    pub const fn steps(self) -> &'static [&'static str] {
        match self {
            Self::Person(steps) => steps,
            Self::Reading | Self::Organization | Self::Draft | Self::Flood => &[],
        }
    }
}

/// A question, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    Triggers,
    Scopes,
    LogFields,
    LogMobile,
    WebhookBatch,
    WebhookTime,
    WebhookAgent,
    WebhookObject,
    FailureLog,
    FailureTold,
    LimitBody,
    LimitHeaders,
    Metadata,
    Members,
    Memory,
    ClientCertificate,
}

/// A question with what we assume.
pub struct Question {
    pub name: Name,
    pub question: &'static str,
    pub assumed: &'static str,
    pub how: How,
}

const fn ask(name: Name, how: How, question: &'static str, assumed: &'static str) -> Question {
    Question { name, question, assumed, how }
}

/// How deliveries of a log stream are looked at.
const RECEIVER: &str = "On a test tenant make a custom webhook stream to an https address of yours that writes down each request with its time, headers and length.";

/// Every question, in the order in which they are printed.
pub const QUESTIONS: [Question; 16] = [
    ask(
        Name::Triggers,
        How::Reading,
        "the current version of each trigger, and what its Actions run on",
        "those that our Actions are deployed with",
    ),
    ask(
        Name::Scopes,
        How::Reading,
        "whether the tenant says which scopes a credential has",
        "it does, with the token: whoever installs is held to the scopes that were accepted",
    ),
    ask(
        Name::LogFields,
        How::Reading,
        "whether each log event has an id and a time",
        "each has `log_id` and `date`",
    ),
    ask(
        Name::LogMobile,
        How::Reading,
        "whether log events have `is_mobile` or `isMobile`",
        "where somebody has a user agent one of them stands, never both; we take either",
    ),
    ask(
        Name::WebhookBatch,
        How::Person(&[
            RECEIVER,
            "Send some 2,000 wrong passwords within a minute, so that deliveries are full.",
            "Note the most entries and bytes of one request.",
        ]),
        "how much one delivery of a log stream holds",
        "at most 1,000 entries and 5 MB; the service takes as much",
    ),
    ask(
        Name::WebhookTime,
        How::Person(&[
            RECEIVER,
            "Let it answer after 1, 2, 5, 10, 20 and 40 seconds in turn, one sign-in each.",
            "The least wait after which the same entries come again is the time-out.",
        ]),
        "how long a log stream waits for an answer",
        "longer than the service takes to record a delivery, which is below a second",
    ),
    ask(
        Name::WebhookAgent,
        How::Person(&[RECEIVER, "Sign in once, and note the header `User-Agent`."]),
        "which user agent a log stream names",
        "any: the service does not look at it",
    ),
    ask(
        Name::WebhookObject,
        How::Person(&[
            RECEIVER,
            "Set the stream's content format to JSON Object, and sign in twenty times within a second.",
            "Note whether each request holds one object.",
        ]),
        "whether the format `JSONOBJECT` sends one entry a request, also in bursts",
        "it does; our stream is set to `JSONLINES`, and the service takes all three",
    ),
    ask(
        Name::FailureLog,
        How::Reading,
        "what the log event of an Action's failure holds",
        "`trigger_id`, `execution_id`, `action_id` and one of the documented `error_class`",
    ),
    ask(
        Name::FailureTold,
        How::Person(&[
            "On a test tenant deploy for each trigger an Action of `throw new Error('probe')`, and one that waits for 25 seconds; bind one at a time.",
            "Sign in, sign up, reset a password, and get a token by client credentials.",
            "Note status, `error` and `error_description` (or `code` and `description`) that the application gets, and take the Action away again.",
        ]),
        "what an application sees when an Action throws or takes too long, by trigger",
        "what the person wanted fails; so our Actions catch everything and never throw",
    ),
    ask(
        Name::LimitBody,
        How::Flood,
        "what the body of a 429 of the Management API says",
        "`Too Many Requests` with a message, as other errors; we look at neither",
    ),
    ask(
        Name::LimitHeaders,
        How::Flood,
        "whether a 429 says when to come again",
        "`x-ratelimit-reset` does; `Retry-After` may",
    ),
    ask(
        Name::Metadata,
        How::Organization,
        "whether `metadata` of an organization is merged with what is sent, or replaced by it",
        "replaced; we send it whole",
    ),
    ask(
        Name::Members,
        How::Organization,
        "how many members can be added to an organization in one call",
        "10",
    ),
    ask(Name::Memory, How::Draft, "how much memory an Action has", "at least 64 MiB of heap; ours need less"),
    ask(
        Name::ClientCertificate,
        How::Person(&[
            "Start the service with `server.tls.client_authority`, reachable from the tenant.",
            "On a test tenant test an Action that posts to it by `https.request` with `key` and `cert` of a client of that authority from its secrets.",
            "Note whether the service answers, or the handshake fails.",
        ]),
        "whether an Action can show a client certificate",
        "it can, by Node's options for TLS; the shipped Actions sign their requests and need none",
    ),
];

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is as we assume; what was found.
    AsAssumed(String),
    /// It is not; what was found.
    Differs(String),
    /// Nobody knows; why.
    NotAsked(String),
}

impl Answer {
    /// As assumed or not, with what was found.
    pub const fn of(is_as_assumed: bool, found: String) -> Self {
        if is_as_assumed { Self::AsAssumed(found) } else { Self::Differs(found) }
    }

    /// In a word and in words.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::AsAssumed(found) => ("as assumed", found),
            Self::Differs(found) => ("differs", found),
            Self::NotAsked(why) => ("not asked", why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_question_stands_once_and_a_person_s_has_steps() {
        let names: BTreeSet<Name> = QUESTIONS.iter().map(|question| question.name).collect();
        assert_eq!(names.len(), QUESTIONS.len());
        for Question { name, how, .. } in &QUESTIONS {
            assert_eq!(matches!(how, How::Person(_)), how.steps().len() > 1, "{name:?}");
        }
    }
}
