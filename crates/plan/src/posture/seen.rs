//! What was read: of a tenant, and of where the service runs.

use std::collections::{BTreeMap, BTreeSet};

use countersign_auth0::{
    Dictionary,
    management::{guardian::Factor, hooks::Hook, rules::Rule},
};
use countersign_core::{Timestamp, Trigger};

use crate::install::Observed;

/// A part of a tenant that is read by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Actions and their order.
    Actions,
    /// Log streams.
    LogStreams,
    /// Event streams.
    EventStreams,
    /// What applications may do at the Management API.
    Grants,
    /// Hooks.
    Hooks,
    /// Rules.
    Rules,
    /// When a second factor is asked for.
    Policies,
    /// Which second factors there are.
    Factors,
    /// Attack protection.
    Protection,
    /// The newest log events.
    Logs,
}

impl Area {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Actions,
        Self::LogStreams,
        Self::EventStreams,
        Self::Grants,
        Self::Hooks,
        Self::Rules,
        Self::Policies,
        Self::Factors,
        Self::Protection,
        Self::Logs,
    ];

    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::LogStreams => "log_streams",
            Self::EventStreams => "event_streams",
            Self::Grants => "client_grants",
            Self::Hooks => "hooks",
            Self::Rules => "rules",
            Self::Policies => "mfa_policies",
            Self::Factors => "guardian_factors",
            Self::Protection => "attack_protection",
            Self::Logs => "logs",
        }
    }

    /// The scope that it is read with.
    #[must_use]
    pub fn scope(self) -> String {
        format!("read:{}", self.as_str())
    }
}

/// Why a part could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The client may not.
    Scope,
    /// The tenant does not have it any more, or never had.
    Gone,
    /// There was no answer that could be used.
    NoAnswer,
    /// The tenant as a whole did not answer, or there was no time left to ask.
    Unreached,
}

impl Why {
    /// Whether what was found there before may still be so: only what is gone takes it along.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Gone)
    }
}

/// What any answer tells by the way, so that it is known also where a part may not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// The tenant's clock.
    Clock,
    /// How much of its limits is left.
    Limits,
    /// What our client may do, as its token says.
    Scopes,
}

/// A shield of attack protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shield {
    /// Against guessing the password of one account.
    BruteForce,
    /// Against many sign-ins from one address.
    SuspiciousAddresses,
    /// Against passwords that others lost.
    BreachedPasswords,
}

impl Shield {
    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BruteForce => "brute_force_protection",
            Self::SuspiciousAddresses => "suspicious_ip_throttling",
            Self::BreachedPasswords => "breached_password_detection",
        }
    }
}

/// Two clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// The tenant's.
    pub theirs: Timestamp,
    /// Ours.
    pub ours: Timestamp,
}

/// What the tenant said of a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSeen {
    /// The group of requests, a word of ours.
    pub group: &'static str,
    /// How many are allowed at once.
    pub limit: u64,
    /// How many were left.
    pub remaining: u64,
}

/// A log event, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSeen {
    /// Its code.
    pub kind: String,
    /// When it happened, by the tenant's clock.
    pub at: Timestamp,
}

/// What our log stream delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Since when deliveries are counted.
    pub since: Timestamp,
    /// When the newest entry happened that was delivered; `None` before the first.
    pub newest: Option<Timestamp>,
}

/// Sign-ins of the same window, as the tenant and as we saw them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logins {
    /// Those of a window that both sides were read of.
    Compared {
        /// That the tenant's log has as successful.
        succeeded: u64,
        /// That we decided about.
        decided: u64,
    },
    /// What can be read back reaches no sign-in whose decision must be there.
    TooMany,
}

/// A file of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Its name, without the folder.
    pub name: String,
    /// Its mode's bits of rights.
    pub mode: u32,
    /// When it was last written.
    pub written: Timestamp,
    /// Whether it should be replaced from time to time.
    pub is_rotated: bool,
}

/// A certificate that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its file's name.
    pub name: String,
    /// Until when it holds; `None` when that can't be read.
    pub ends: Option<Timestamp>,
}

/// What was seen where the service runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Local {
    /// Files of secrets.
    pub key_files: Vec<KeyFile>,
    /// Certificates that are served.
    pub certificates: Vec<Certificate>,
    /// Whether it listens beyond this machine, or is reached through a proxy.
    pub is_public: bool,
    /// The names that it answers to.
    pub hosts: Vec<String>,
    /// Bits of the data directory's mode; `None` when it is not there.
    pub directory_mode: Option<u32>,
    /// What is wrong with the operator's rule files and playbooks.
    pub faulty_rules: Vec<String>,
    /// What the policy sets of the watching that does not fit this version.
    pub unfit_settings: Vec<String>,
    /// Whether an own model is attached that can't be used: decisions are made without it.
    pub is_own_model_lost: bool,
    /// What is wrong with the operator's files of reference data, by the setting that names each.
    pub faulty_reference: BTreeMap<String, String>,
    /// Receivers of messages that would take none, by name, and why.
    pub deaf_receivers: BTreeMap<String, String>,
}

/// What was read. Parts that were not read are empty, and their `unread` says why when they should have been.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Posture {
    /// What an installation leaves behind.
    pub installed: Observed,
    /// The parts that were read; nothing is said about others.
    pub read: Vec<Area>,
    /// Why others were not.
    pub unread: BTreeMap<Area, Why>,
    /// Hooks that are left.
    pub hooks: Vec<Hook>,
    /// Rules that are left.
    pub rules: Vec<Rule>,
    /// When a second factor is asked for.
    pub policies: Vec<String>,
    /// The second factors.
    pub factors: Vec<Factor>,
    /// How shields are set.
    pub shields: BTreeMap<Shield, Dictionary>,
    /// The newest log events, the newest first.
    pub logs: Vec<LogSeen>,
    /// Whether there are older ones than `logs` has.
    pub has_older_logs: bool,
    /// What our client may do, as its token says; `None` when it does not.
    pub granted: Option<Vec<String>>,
    /// The clocks.
    pub skew: Option<Skew>,
    /// What the tenant said of its limits.
    pub limits: Vec<LimitSeen>,
    /// What our log stream delivered; `None` where that can't be told.
    pub delivery: Option<Delivery>,
    /// Sign-ins; `None` where they were not compared.
    pub logins: Option<Logins>,
    /// What the Actions that asked lately said of their code; `None`: nothing. Triggers whose code changed too lately are left
    /// out.
    pub asking: BTreeMap<Trigger, BTreeSet<Option<String>>>,
    /// Where the service runs; `None` where it was not looked at.
    pub local: Option<Local>,
}

impl Posture {
    /// Whether every part of the tenant that may be read was read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.read.is_empty() && self.unread.values().all(|why| matches!(why, Why::Scope | Why::Gone))
    }

    /// Whether what a code stands for was looked at, so that it is gone where it was not found.
    #[must_use]
    pub fn looked_at(&self, code: &str) -> bool {
        let Some(rule) = super::known().find(|rule| rule.code == code) else { return true };
        let is_told = rule.aside.is_some_and(|aside| self.tells(aside));
        let is_open = |area: &Area| match self.unread.get(area) {
            Some(Why::Scope) if is_told => false,
            Some(why) => why.is_open(),
            None => false,
        };
        !rule.areas.iter().any(is_open)
    }

    /// Whether the answers told something by the way.
    fn tells(&self, aside: Aside) -> bool {
        match aside {
            Aside::Clock => self.skew.is_some(),
            Aside::Limits => !self.limits.is_empty(),
            Aside::Scopes => self.granted.is_some(),
        }
    }

    pub(super) fn has(&self, area: Area) -> bool {
        self.read.contains(&area)
    }
}
