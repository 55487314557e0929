//! What the tenant counts against attackers, with the figures that Auth0 documents for its defaults.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use crate::tenant::{Item, State};

/// Attempts by what they are counted for; the times are hidden.
const ATTEMPTS: &str = "attempts";

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Something that is counted: how many within how long are too many.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    /// Failures on one account from one address.
    Account,
    /// Failed sign-ins from one address.
    Address,
    /// Sign-ups from one address.
    SignUps,
    /// Sign-ins of one user from one address.
    Rate,
    /// Subject tokens from one address that an Action said to be wrong.
    Exchanges,
}

impl Limit {
    const fn figures(self) -> (&'static str, usize, i64) {
        match self {
            Self::Account => ("account", 10, 30 * DAY),
            Self::Address => ("address", 100, DAY),
            Self::SignUps => ("sign-ups", 50, 60 * SECOND),
            Self::Rate => ("rate", 20, 60 * SECOND),
            Self::Exchanges => ("exchanges", 10, 6_000 * SECOND),
        }
    }

    fn key(self, of: &str) -> String {
        format!("{}\n{of}", self.figures().0)
    }

    /// The attempts that still count, oldest first.
    fn times(self, state: &State, of: &str, now: Timestamp) -> Vec<i64> {
        let (_, most, span) = self.figures();
        let item = state.objects.find(ATTEMPTS, &self.key(of));
        let times = item.and_then(|item| item.hidden.get("times")).and_then(Value::as_array);
        let since = now.micros().saturating_sub(span);
        let mut times: Vec<i64> =
            times.into_iter().flatten().filter_map(Value::as_i64).filter(|at| *at > since).collect();
        times.drain(..times.len().saturating_sub(most));
        times
    }

    /// Whether there were too many.
    pub(super) fn is_reached(self, state: &State, of: &str, now: Timestamp) -> bool {
        self.times(state, of, now).len() >= self.figures().1
    }

    /// Counts one more; true when that is too many.
    pub(super) fn count(self, state: &mut State, of: &str, now: Timestamp) -> bool {
        let mut times = self.times(state, of, now);
        times.push(now.micros());
        let is_reached = times.len() >= self.figures().1;
        let hidden = [("times".to_owned(), json!(times))].into_iter().collect();
        state.objects.insert(ATTEMPTS, Item { id: self.key(of), shown: Map::new(), hidden });
        is_reached
    }

    /// Begins anew.
    pub(super) fn clear(self, state: &mut State, of: &str) {
        state.objects.remove(ATTEMPTS, &self.key(of));
    }
}

/// Who comes from where.
pub(super) fn pair(user: &str, ip: &str) -> String {
    format!("{user}\n{ip}")
}

/// Whether an address failed too often. An operator who lifts its block lets it begin anew.
pub(super) fn is_throttled(state: &mut State, ip: &str, at: Timestamp) -> bool {
    match (Limit::Address.is_reached(state, ip, at), state.is_ip_blocked(ip)) {
        (true, true) => return true,
        (true, false) => Limit::Address.clear(state, ip),
        (false, true) => state.unblock_ip(ip),
        (false, false) => {}
    }
    false
}

/// Counts a failure of an address.
pub(super) fn count_address(state: &mut State, ip: &str, at: Timestamp) {
    if Limit::Address.count(state, ip, at) {
        state.block_ip(ip);
    }
}
