//! Pseudonyms for the outside: joined within a tenant and a period, and by nobody without the tenant's keys beyond them.

use std::{fmt, str::FromStr, sync::Arc};

use aws_lc_rs::{hkdf, hmac};
use countersign_core::{SubjectId, Timestamp};

use crate::{PseudonymRoot, TenantKeys};

/// Length of an alias in bytes, as of a [`SubjectId`].
const ALIAS_BYTES: usize = 16;

/// A period of event time whose aliases are joined: so many days, counted in such periods from 1970.
///
/// Its text is `30d690`: the 690th period of 30 days; `always` where it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    days: u16,
    number: u32,
}

impl Epoch {
    /// The days of a period where a use does not say otherwise.
    pub const DAYS: u16 = 30;

    /// No period: what is joined for as long as the tenant has its keys. For those who work with Countersign, and never for the outside.
    pub const ALWAYS: Self = Self { days: 0, number: 0 };

    /// The period of `days` days, at least one, that `at` lies in; what is before 1970 is in the first.
    #[must_use]
    pub fn of(at: Timestamp, days: u16) -> Self {
        let days = days.max(1);
        Self { days, number: u32::try_from(at.days().max(0) / i64::from(days)).unwrap_or(u32::MAX) }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALWAYS {
            return f.write_str("always");
        }
        write!(f, "{}d{}", self.days, self.number)
    }
}

/// What stands for somebody: `als_`, the period, and 32 hexadecimal digits; without a period where it always holds. It leads nowhere
/// without the tenant's keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias {
    epoch: Epoch,
    tag: [u8; ALIAS_BYTES],
}

impl Alias {
    /// Its beginning, for a place where people read: `als_9f86d0…`.
    #[must_use]
    pub fn short(&self) -> String {
        let [one, two, three, ..] = self.tag;
        format!("als_{one:02x}{two:02x}{three:02x}\u{2026}")
    }

    /// The period in which it holds.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            Epoch::ALWAYS => f.write_str("als_")?,
            epoch => write!(f, "als_{epoch}_")?,
        }
        self.tag.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an alias, such as `als_30d690_0123456789abcdef0123456789abcdef`")]
pub struct AliasError;

impl FromStr for Alias {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        let parts = || {
            let rest = text.strip_prefix("als_")?;
            let (epoch, digits) = match rest.split_once('_') {
                Some((epoch, digits)) => {
                    let (days, number) = epoch.split_once('d')?;
                    (
                        Epoch {
                            days: days.parse().ok().filter(|days| *days > 0)?,
                            number: number.parse().ok()?,
                        },
                        digits,
                    )
                }
                None => (Epoch::ALWAYS, rest),
            };
            let whole = u128::from_str_radix(digits, 16).ok()?;
            Some(Self { epoch, tag: whole.to_be_bytes() })
        };
        // Why compared: one alias has one text.
        parts().filter(|alias| alias.to_string() == text).ok_or(AliasError)
    }
}

/// From what a tenant's keys of periods derive. It comes from the root of the tenant's pseudonyms, which outlives a master key.
#[derive(Clone)]
pub(crate) struct AliasRoot(Arc<hkdf::Prk>);

impl fmt::Debug for AliasRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AliasRoot(***)")
    }
}

impl AliasRoot {
    pub(crate) fn new(root: &PseudonymRoot) -> Self {
        Self(Arc::new(hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign/v1/alias").extract(root.expose())))
    }

    fn key(&self, epoch: Epoch) -> hmac::Key {
        let Epoch { days, number } = epoch;
        let (days, number) = (days.to_be_bytes(), number.to_be_bytes());
        let info = [&b"alias\0"[..], &days, &number];
        let mut key = [0_u8; 32];
        let expanded = self.0.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        debug_assert!(expanded.is_ok(), "32 bytes are within what HKDF-SHA256 can give");
        hmac::Key::new(hmac::HMAC_SHA256, &key)
    }
}

/// Makes the aliases of one tenant and one period.
#[derive(Clone)]
pub struct Aliases {
    keys: TenantKeys,
    epoch: Epoch,
    key: Arc<hmac::Key>,
}

impl fmt::Debug for Aliases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aliases({})", self.epoch)
    }
}

impl Aliases {
    /// The alias of a person, an address or a client.
    #[must_use]
    pub fn of(&self, subject: &SubjectId) -> Alias {
        let signed = hmac::sign(&self.key, subject.as_str().as_bytes());
        let mut tag = [0_u8; ALIAS_BYTES];
        tag.iter_mut().zip(signed.as_ref()).for_each(|(to, from)| *to = *from);
        Alias { epoch: self.epoch, tag }
    }

    /// The alias of an id as Auth0 writes it; that of a user id is the user's.
    #[must_use]
    pub fn of_id(&self, id: &str) -> Alias {
        self.of(&self.keys.subject(id))
    }

    /// The alias of whom a text names as the log does: by a user id, or by a name that was typed. That of an e-mail address is the one of
    /// whoever signs up under it, in whatever letters it is written.
    #[must_use]
    pub fn of_account(&self, name: &str) -> Alias {
        // Why: each of Auth0's user ids has a bar in it, also where it goes on with an address.
        let is_address = name.contains('@') && !name.contains('|');
        if is_address { self.of(&self.keys.address(name)) } else { self.of_id(name) }
    }
}

impl TenantKeys {
    /// Makes aliases of `epoch`.
    #[must_use]
    pub fn aliases(&self, epoch: Epoch) -> Aliases {
        Aliases { keys: self.clone(), epoch, key: Arc::new(self.alias_root().key(epoch)) }
    }

    /// The alias of `subject` in `epoch`. So whoever has the keys joins what the aliases of two periods keep apart.
    #[must_use]
    pub fn alias_of(&self, subject: &SubjectId, epoch: Epoch) -> Alias {
        self.aliases(epoch).of(subject)
    }

    /// Which of `candidates` an alias stands for; `None` where none of them.
    #[must_use]
    pub fn behind<'s>(
        &self,
        alias: &Alias,
        candidates: impl IntoIterator<Item = &'s SubjectId>,
    ) -> Option<&'s SubjectId> {
        let aliases = self.aliases(alias.epoch);
        candidates.into_iter().find(|subject| aliases.of(subject) == *alias)
    }

    /// Whether two aliases, of one period or of two, stand for one of `candidates`; `None` where neither stands for any of them,
    /// so that nothing can be said.
    #[must_use]
    pub fn are_one<'s>(
        &self,
        (one, other): (&Alias, &Alias),
        candidates: impl IntoIterator<Item = &'s SubjectId> + Clone,
    ) -> Option<bool> {
        match (self.behind(one, candidates.clone()), self.behind(other, candidates)) {
            (None, None) => None,
            (one, other) => Some(one == other),
        }
    }
}

#[cfg(test)]
mod tests;
