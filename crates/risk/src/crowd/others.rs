//! Who else of an organization was confirmed on the same block of addresses.

use std::collections::BTreeMap;

use countersign_core::Timestamp;

use super::Member;
use crate::profile::decay;

/// People told apart on one block; beyond it only "many" matters.
const MAX_PEOPLE: usize = 9;

/// Days after which a sight counts no more.
const DAYS: i64 = 30;

/// Most blocks; the one that was quiet longest goes first.
const MAX_BLOCKS: usize = 16_384;

/// The latest people on each block, with the day of their latest sight.
#[derive(Debug, Clone, Default)]
pub(super) struct Others {
    blocks: BTreeMap<(u32, u32), Vec<(u32, i64)>>,
}

impl Others {
    /// Others of the member's organization on the block within the last 30 days, at most 8.
    pub(super) fn count(&self, member: Member, block: u32, at: Timestamp) -> u8 {
        let day = decay::day(at);
        let people = self.blocks.get(&(member.organization, block));
        let recent = |(user, seen): &&(u32, i64)| *user != member.user && day.saturating_sub(*seen) < DAYS;
        let count = people.map_or(0, |people| people.iter().filter(recent).count());
        u8::try_from(count.min(MAX_PEOPLE - 1)).unwrap_or(u8::MAX)
    }

    pub(super) fn note(&mut self, member: Member, block: u32, at: Timestamp) {
        let day = decay::day(at);
        let place = (member.organization, block);
        if self.blocks.len() >= MAX_BLOCKS && !self.blocks.contains_key(&place) {
            let latest = |people: &Vec<(u32, i64)>| people.iter().map(|(_, day)| *day).max();
            let quietest = self.blocks.iter().min_by_key(|(place, people)| (latest(people), **place));
            if let Some(place) = quietest.map(|(place, _)| *place) {
                self.blocks.remove(&place);
            }
        }
        let people = self.blocks.entry(place).or_default();
        people.retain(|(user, _)| *user != member.user);
        people.push((member.user, day));
        if people.len() > MAX_PEOPLE {
            people.remove(0);
        }
    }

    pub(super) fn forget(&mut self, member: Member, block: u32) {
        let place = (member.organization, block);
        if let Some(people) = self.blocks.get_mut(&place) {
            people.retain(|(user, _)| *user != member.user);
            if people.is_empty() {
                self.blocks.remove(&place);
            }
        }
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.blocks.values().map(|people| 40 + people.len() * 16).sum()
    }
}
