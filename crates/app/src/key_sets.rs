//! Keys and tokens that a process takes from files: other ones than before are told, whether they changed under it or before it began.

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::{AccessWrite, Commit, Write};

use crate::{App, Error, Tenant, leaves::Draft};

/// What opens something of ours to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySet {
    /// The keys shared with the tenant's Actions.
    Actions,
    /// The tokens by which its log stream delivers.
    LogStream,
    /// The tokens by which its event stream delivers.
    EventStream,
    /// The operator's token; another one ends the sessions that one-time links opened.
    Operator,
}

/// When other keys were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// As the process began: they changed while it did not run.
    AtStart,
    /// While it ran.
    Running,
}

impl Found {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AtStart => "at_start",
            Self::Running => "running",
        }
    }
}

impl KeySet {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Actions, Self::LogStream, Self::EventStream, Self::Operator];

    /// Under which name the mark of the set that was last told stands beside the ledger.
    const fn row(self) -> &'static str {
        match self {
            Self::Actions => "keys.actions",
            Self::LogStream => "keys.log_stream",
            Self::EventStream => "keys.event_stream",
            Self::Operator => "keys.operator",
        }
    }

    fn facts<'a>(self, draft: Draft<'a>, count: usize) -> Draft<'a> {
        let stream = |stream: &str, draft: Draft<'a>| {
            draft.fact("change", &"stream_tokens_changed").fact("stream", &stream).fact("tokens", &count)
        };
        match self {
            Self::Actions => draft.fact("change", &"action_keys_changed").fact("keys", &count),
            Self::LogStream => stream("log", draft),
            Self::EventStream => stream("event", draft),
            Self::Operator => draft.fact("change", &"operator_token_changed").fact("sessions", &"ended"),
        }
    }

    /// What a change of it ends.
    fn ends(self, at: Timestamp) -> Option<Write> {
        let end = || AccessWrite::EndSessionsOf { principal: "local".to_owned(), at };
        (self == Self::Operator).then(|| end().into())
    }
}

impl App {
    /// Tells the ledger that this process takes these keys, where they are others than were last told. At a start, those of which nothing
    /// was told yet are no change.
    ///
    /// # Errors
    /// `Unavailable`: then nothing was told, and the next call tells it.
    pub async fn record_keys(
        &self,
        tenant: &Tenant,
        set: KeySet,
        keys: &[Vec<u8>],
        found: Found,
    ) -> Result<(), Error> {
        let mark = mark(tenant, set, keys);
        let before = self.ports.store.find_log_cursor(&tenant.id, set.row()).await?;
        if before.as_ref() == Some(&mark) {
            return Ok(());
        }
        let mut leaves = Vec::new();
        let mut writes = vec![Write::LogCursor { name: set.row(), cursor: mark }];
        if before.is_some() || found == Found::Running {
            let (id, now) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
            let draft = Draft::new(&id, now, Kind::Administration);
            let draft = set.facts(draft, keys.len()).fact("found", &found.as_str());
            leaves.push(Self::public_leaf(tenant, draft)?);
            writes.extend(set.ends(now));
        }
        let commit = Commit { leaves, writes, ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await?;
        Ok(())
    }
}

/// What stands for keys where only whether they are the same is asked: a keyed tag, from which nobody comes back to them.
fn mark(tenant: &Tenant, set: KeySet, keys: &[Vec<u8>]) -> String {
    let mut text = Vec::new();
    for key in keys {
        text.extend(u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
        text.extend(key);
    }
    format!("{:016x}", tenant.keys.tagger().tag(set.row(), &text).0)
}
