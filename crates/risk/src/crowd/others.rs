//! Who else of an organization was confirmed on the same block of addresses.

use countersign_core::Timestamp;

use super::Member;
use crate::{hash, profile::decay, velocity::Table};

/// People told apart on one block; beyond it only "many" matters.
const MAX_PEOPLE: usize = 9;

/// Days after which a sight counts no more.
const DAYS: i64 = 30;

/// Most blocks; the one that was touched longest ago goes first.
const MAX_BLOCKS: usize = 16_384;

/// The latest people on each block, with the day of their latest sight.
#[derive(Debug, Clone, Default)]
pub(super) struct Others {
    blocks: Table<Vec<(u32, i64)>>,
    turn: u64,
}

impl Others {
    /// Others of the member's organization on the block within the last 30 days, at most 8.
    pub(super) fn count(&self, member: Member, block: u32, at: Timestamp) -> u8 {
        let day = decay::day(at);
        let people = self.blocks.get(place(member, block));
        let recent = |(user, seen): &&(u32, i64)| *user != member.user && day.saturating_sub(*seen) < DAYS;
        let count = people.map_or(0, |people| people.iter().filter(recent).count());
        u8::try_from(count.min(MAX_PEOPLE - 1)).unwrap_or(u8::MAX)
    }

    pub(super) fn note(&mut self, member: Member, block: u32, at: Timestamp) {
        let day = decay::day(at);
        self.turn += 1;
        let people = self.blocks.touch(place(member, block), self.turn);
        people.retain(|(user, _)| *user != member.user);
        people.push((member.user, day));
        if people.len() > MAX_PEOPLE {
            people.remove(0);
        }
        if self.blocks.len() > MAX_BLOCKS {
            self.blocks.pop();
        }
    }

    pub(super) fn forget(&mut self, member: Member, block: u32) {
        let place = place(member, block);
        if self.blocks.get(place).is_some() {
            self.turn += 1;
            self.blocks.touch(place, self.turn).retain(|(user, _)| *user != member.user);
        }
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.blocks.values().map(|people| 80 + people.capacity() * 16).sum()
    }
}

/// A block among those of the member's organization.
fn place(member: Member, block: u32) -> u32 {
    hash::mix(member.organization, block)
}
