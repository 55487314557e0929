//! Keys and tokens that a process takes from files: other ones than before are told, whether they changed under it or while none ran.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, Write};

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
    /// The operator's token.
    Operator,
}

impl KeySet {
    /// Under which name the set that was last told stands beside the ledger.
    const fn row(self) -> &'static str {
        match self {
            Self::Actions => "keys.actions",
            Self::LogStream => "keys.log_stream",
            Self::EventStream => "keys.event_stream",
            Self::Operator => "keys.operator",
        }
    }

    fn facts<'a>(self, draft: Draft<'a>, count: usize) -> Draft<'a> {
        match self {
            Self::Actions => draft.fact("change", &"action_keys_changed").fact("keys", &count),
            Self::LogStream => stream(draft, "log", count),
            Self::EventStream => stream(draft, "event", count),
            Self::Operator => draft.fact("change", &"operator_token_changed"),
        }
    }
}

fn stream<'a>(draft: Draft<'a>, stream: &str, count: usize) -> Draft<'a> {
    draft.fact("change", &"stream_tokens_changed").fact("stream", &stream).fact("tokens", &count)
}

impl App {
    /// Tells the ledger that this process took other keys of a set; these are accepted now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record_keys(&self, tenant: &Tenant, set: KeySet, keys: &[Vec<u8>]) -> Result<(), Error> {
        self.commit_keys(tenant, set, keys, Some("running")).await
    }

    /// As [`App::record_keys`], at the start: where they are others than were last told. Those that are seen first are no change.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record_keys_at_start(
        &self,
        tenant: &Tenant,
        set: KeySet,
        keys: &[Vec<u8>],
    ) -> Result<(), Error> {
        match self.ports.store.find_log_cursor(&tenant.id, set.row()).await? {
            Some(last) if last == mark(tenant, set, keys) => Ok(()),
            last => self.commit_keys(tenant, set, keys, last.map(|_| "stopped")).await,
        }
    }

    /// Keeps the mark of what is accepted now, with a leaf of a change that came while the service was so.
    async fn commit_keys(
        &self,
        tenant: &Tenant,
        set: KeySet,
        keys: &[Vec<u8>],
        service: Option<&str>,
    ) -> Result<(), Error> {
        let mut leaves = Vec::new();
        if let Some(service) = service {
            let id = self.make_id(IdKind::Record)?;
            let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration);
            let draft = set.facts(draft, keys.len()).fact("service", &service);
            leaves.push(Self::public_leaf(tenant, draft)?);
        }
        let writes = vec![Write::LogCursor { name: set.row(), cursor: mark(tenant, set, keys) }];
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
