//! Blocks that attack protection sets: of an identifier from an address (brute force), and of an address as a whole. An
//! administrator's block is another thing: the user's property `blocked`.

use countersign_core::{Micros, Timestamp};
use serde_json::json;

use super::{is_live, item};
use crate::tenant::state::{Item, State};

/// The collection of blocks of identifiers.
pub const BLOCKS: &str = "user_blocks";

/// The collection of blocked addresses; ids are addresses.
pub const BLOCKED_IPS: &str = "blocked_ips";

/// How long a brute force block lasts (Auth0: "Brute-force protection": 30 days).
const LASTS: Micros = 30 * 86_400 * 1_000_000;

/// A block of whoever signs in with an identifier.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// An e-mail address, a user name or a phone number.
    pub identifier: &'a str,
    /// From where; empty from everywhere, as in the mode `count_per_identifier`.
    pub ip: &'a str,
    /// The connection's name.
    pub connection: &'a str,
}

impl State {
    /// Blocks an identifier.
    pub fn block(&mut self, block: &Block<'_>, now: Timestamp) {
        let Block { identifier, ip, connection } = *block;
        let id = format!("{identifier}\n{ip}\n{connection}");
        let mut shown = json!({"identifier": identifier, "connection": connection});
        if let (false, Some(fields)) = (ip.is_empty(), shown.as_object_mut()) {
            fields.insert("ip".to_owned(), ip.into());
        }
        let hidden = json!({"ends": now.plus(LASTS).micros()});
        self.objects.insert(BLOCKS, item(&id, shown, hidden));
    }

    /// The blocks of an identifier that hold at `now`.
    pub fn blocks_of<'a>(
        &'a self,
        identifier: &str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Item> + use<'a> {
        let identifier = identifier.to_owned();
        let blocks = self.objects.all(BLOCKS);
        blocks.filter(move |block| {
            is_live(block, now) && block.text("identifier").eq_ignore_ascii_case(&identifier)
        })
    }

    /// Whether an identifier may not sign in from an address.
    #[must_use]
    pub fn is_blocked(&self, identifier: &str, ip: &str, now: Timestamp) -> bool {
        self.blocks_of(identifier, now).any(|block| ["", ip].contains(&block.text("ip")))
    }

    /// Lifts all blocks of an identifier.
    pub fn unblock(&mut self, identifier: &str) {
        let all = self.objects.all(BLOCKS);
        let of_identifier = all.filter(|block| block.text("identifier").eq_ignore_ascii_case(identifier));
        for id in of_identifier.map(|block| block.id.clone()).collect::<Vec<_>>() {
            self.objects.remove(BLOCKS, &id);
        }
    }

    /// Blocks an address.
    pub fn block_ip(&mut self, ip: &str) {
        self.objects.insert(BLOCKED_IPS, item(ip, json!({}), json!({})));
    }

    /// Whether an address is blocked.
    #[must_use]
    pub fn is_ip_blocked(&self, ip: &str) -> bool {
        self.objects.find(BLOCKED_IPS, ip).is_some()
    }

    /// Lifts the block of an address.
    pub fn unblock_ip(&mut self, ip: &str) {
        self.objects.remove(BLOCKED_IPS, ip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

    #[test]
    fn a_block_holds_for_its_address_and_its_time() {
        let mut state = State::new(1);
        state.block(&Block { identifier: "pat", ip: "192.0.2.1", connection: "db" }, NOW);
        assert!(state.is_blocked("PAT", "192.0.2.1", NOW) && !state.is_blocked("pat", "192.0.2.2", NOW));
        assert!(!state.is_blocked("pat", "192.0.2.1", NOW.plus(LASTS)));
        state.block(&Block { identifier: "pat", ip: "", connection: "db" }, NOW);
        assert!(state.is_blocked("pat", "192.0.2.2", NOW) && !state.is_blocked("kim", "192.0.2.1", NOW));
        state.unblock("pat");
        assert!(!state.is_blocked("pat", "192.0.2.1", NOW));
    }

    #[test]
    fn an_address_is_blocked_until_it_is_unblocked() {
        let mut state = State::new(1);
        state.block_ip("192.0.2.1");
        assert!(state.is_ip_blocked("192.0.2.1") && !state.is_ip_blocked("192.0.2.2"));
        state.unblock_ip("192.0.2.1");
        assert!(!state.is_ip_blocked("192.0.2.1"));
    }
}
