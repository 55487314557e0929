//! Who is at user risk: a bounded list by pseudonym, who stays there longest first.

use countersign_core::{Level, SubjectId, Timestamp};
use countersign_risk::UserRisk;
use countersign_store::{HeldLevel, HeldUntil, UserAtRiskRow, UsersAtRiskFilter};
use serde::{Deserialize, Serialize};

use crate::{App, Error, Tenant, user_risk::UserRiskView};

/// People on one page.
const PAGE: u32 = 50;

/// The least level of the people who are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtLeast {
    /// `medium` or above.
    Medium,
    /// `high`.
    #[default]
    High,
}

impl AtLeast {
    /// Both, the lower one first.
    pub const ALL: [Self; 2] = [Self::Medium, Self::High];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|least| least.as_str() == word)
    }

    const fn level(self) -> Level {
        match self {
            Self::Medium => Level::Medium,
            Self::High => Level::High,
        }
    }
}

/// A page of people at user risk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsersAtRisk {
    /// The people, in order.
    pub users: Vec<UserAtRisk>,
    /// After whom the next page begins; `None` after the last page.
    pub next: Option<(Timestamp, SubjectId)>,
}

/// A person at user risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserAtRisk {
    /// What is held against them now.
    #[serde(flatten)]
    pub held: UserRiskView,
    /// When they fall below the level that was asked for, if nothing more is confirmed.
    pub until: Timestamp,
}

impl App {
    /// At most 50 people who are at this level now, who stays there longest first, then by pseudonym; from the one after `after` on.
    /// Who is erased while it is read is left out, so that a page may be shorter and not the last.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn users_at_risk(
        &self,
        tenant: &Tenant,
        at_least: AtLeast,
        after: Option<(Timestamp, SubjectId)>,
    ) -> Result<UsersAtRisk, Error> {
        let after = after.map(|(until, subject)| UserAtRiskRow { subject, until });
        let held = match at_least {
            AtLeast::Medium => HeldLevel::Medium,
            AtLeast::High => HeldLevel::High,
        };
        let filter = UsersAtRiskFilter { at_least: held, at: self.ports.clock.now(), after };
        let rows = self.ports.store.list_users_at_risk(&tenant.id, filter, PAGE).await?;
        let is_full = u32::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
        let next = rows.last().filter(|_| is_full).map(|row| (row.until, row.subject.clone()));
        let mut users = Vec::with_capacity(rows.len());
        for UserAtRiskRow { subject, until } in rows {
            let held = self.user_risk(tenant, &subject).await?;
            if held.level >= at_least.level() {
                users.push(UserAtRisk { held, until });
            }
        }
        Ok(UsersAtRisk { users, next })
    }
}

/// What the database lists a person by.
pub(crate) fn held_until(risk: &UserRisk) -> HeldUntil {
    HeldUntil { medium: risk.until(Level::Medium), high: risk.until(Level::High) }
}
