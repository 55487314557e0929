//! Names by which what is about somebody is asked for, without saying in an address who it is.

use std::{fmt, str::FromStr};

use countersign_core::SubjectId;
use countersign_detect::{Entity, EntityKind};

use crate::{App, Tenant};

/// A keyed tag that stands for an account, an address or another entity of one tenant; `ent_` and 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag(pub u64);

/// A text that is no tag of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tag of an entity, such as `ent_0123456789abcdef`")]
pub struct EntityTagError;

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ent_{:016x}", self.0)
    }
}

impl FromStr for EntityTag {
    type Err = EntityTagError;

    fn from_str(text: &str) -> Result<Self, EntityTagError> {
        let digits = text.strip_prefix("ent_").filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).filter(|tag| tag.to_string() == text).ok_or(EntityTagError)
    }
}

impl App {
    /// The tag of an entity at a tenant.
    #[must_use]
    pub fn entity_tag(tenant: &Tenant, entity: &Entity) -> EntityTag {
        EntityTag(entity.tag(&tenant.keys.tagger()).0)
    }

    /// The pseudonym by which the log's entries about an entity are asked for; `None` for what is no account.
    #[must_use]
    pub fn entity_subject(tenant: &Tenant, entity: &Entity) -> Option<SubjectId> {
        (entity.kind == EntityKind::User).then(|| tenant.keys.subject(&entity.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_back_from_its_text_and_no_other_text_is_one() {
        assert_eq!("ent_00000000abcdef01".parse(), Ok(EntityTag(0xabcd_ef01)));
        for text in ["", "ent_", "ent_00000000ABCDEF01", "ent_+0000000abcdef01", "alr_00000000abcdef01"] {
            assert_eq!(text.parse::<EntityTag>(), Err(EntityTagError), "{text}");
        }
    }
}
