//! How many people have to agree, and which.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Who has to agree to a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvals {
    /// So many different people who may approve; 2 are four eyes.
    People(u8),
    /// Different people for at least so many of these roles.
    Roles {
        /// How many of the roles.
        at_least: u8,
        /// The roles, by their words.
        of: BTreeSet<String>,
    },
}

impl Default for Approvals {
    fn default() -> Self {
        Self::People(1)
    }
}

impl Approvals {
    /// Four eyes.
    #[must_use]
    pub const fn four_eyes() -> Self {
        Self::People(2)
    }

    /// Whether it can ever be met, and demands somebody.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::People(count) => *count >= 1,
            Self::Roles { at_least, of } => *at_least >= 1 && usize::from(*at_least) <= of.len(),
        }
    }

    /// How many have to agree at the least.
    #[must_use]
    pub const fn count(&self) -> u8 {
        match self {
            Self::People(count) => *count,
            Self::Roles { at_least, .. } => *at_least,
        }
    }

    /// Whether these people, each with the roles that they had when they agreed, are enough. What demands nobody is never met:
    /// a setting that was got wrong must not open the gate.
    #[must_use]
    pub fn are_met(&self, people: &[&BTreeSet<String>]) -> bool {
        if !self.is_sound() {
            return false;
        }
        match self {
            Self::People(count) => people.len() >= usize::from(*count),
            Self::Roles { at_least, of } => matched(of, people) >= usize::from(*at_least),
        }
    }
}

/// For how many of the roles there is a person each, none of them counted twice: the largest matching, by augmenting paths.
fn matched(roles: &BTreeSet<String>, people: &[&BTreeSet<String>]) -> usize {
    let roles: Vec<&String> = roles.iter().collect();
    let mut role_of: Vec<Option<usize>> = vec![None; people.len()];
    (0..roles.len())
        .filter(|role| {
            let mut seen = vec![false; people.len()];
            place(*role, &roles, people, &mut role_of, &mut seen)
        })
        .count()
}

fn place(
    role: usize,
    roles: &[&String],
    people: &[&BTreeSet<String>],
    role_of: &mut Vec<Option<usize>>,
    seen: &mut Vec<bool>,
) -> bool {
    for (person, has) in people.iter().enumerate() {
        let is_new = seen.get(person) == Some(&false);
        if !is_new || !roles.get(role).is_some_and(|role| has.contains(*role)) {
            continue;
        }
        if let Some(seen) = seen.get_mut(person) {
            *seen = true;
        }
        let is_free = match role_of.get(person).copied().flatten() {
            None => true,
            Some(other) => place(other, roles, people, role_of, seen),
        };
        if is_free {
            if let Some(of) = role_of.get_mut(person) {
                *of = Some(role);
            }
            return true;
        }
    }
    false
}
