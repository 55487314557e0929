//! Rate limits: a token bucket a documented group, filled by the plan's figures.
//!
//! Source: Auth0, "Rate limit configurations"; the figures stand in `figures`. A group without a figure of its own draws on
//! the plan's bucket for everything else.

use std::collections::BTreeMap;

use countersign_core::{Micros, Timestamp};

/// What a tenant pays for, which sets its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plan {
    /// Two calls a second.
    #[default]
    Free,
    /// B2B Essentials or Professional.
    Professional,
    /// Enterprise, production.
    Enterprise,
    /// No limits at all, which no real tenant has.
    Unlimited,
}

impl Plan {
    /// The plan by the name that an operator gives; `None` for no plan.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "free" => Self::Free,
            "essentials" | "professional" => Self::Professional,
            "enterprise" => Self::Enterprise,
            "unlimited" => Self::Unlimited,
            _ => return None,
        })
    }
}

/// The group of endpoints whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Whatever has no group of its own.
    Other,
    /// `/oauth/token`.
    Token,
    /// Reads of users.
    UsersRead,
    /// Writes of users.
    UsersWrite,
    /// Lists of organizations.
    OrganizationsRead,
    /// One organization by its id.
    OrganizationById,
    /// Writes of organizations.
    OrganizationsWrite,
    /// A user's organizations.
    UserOrganizations,
    /// Reads of members.
    MembersRead,
    /// Writes of members.
    MembersWrite,
    /// Roles of members.
    MemberRoles,
    /// Invitations.
    Invitations,
    /// Reads of an organization's connections.
    OrganizationConnectionsRead,
    /// Writes of an organization's connections.
    OrganizationConnectionsWrite,
    /// Reads of an organization's client grants.
    OrganizationGrantsRead,
    /// Writes of an organization's client grants.
    OrganizationGrantsWrite,
    /// Reads of logs.
    LogsRead,
    /// Clients.
    Clients,
    /// Connections.
    Connections,
    /// The status of a connection.
    ConnectionStatus,
    /// Reads of e-mail templates.
    EmailTemplatesRead,
    /// Verification of a custom domain.
    DomainVerify,
    /// Partials of prompts.
    Partials,
    /// Rotation of signing keys.
    KeyRotation,
}

/// A bucket's size, and how many tokens come back in how many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Figure {
    burst: i64,
    refill: i64,
    seconds: i64,
}

const fn per_second(burst: i64, refill: i64) -> Option<Figure> {
    Some(Figure { burst, refill, seconds: 1 })
}

const fn per_minute(burst: i64, refill: i64) -> Option<Figure> {
    Some(Figure { burst, refill, seconds: 60 })
}

/// The documented figure of a group on a plan; `None` where there is none.
const fn figures(plan: Plan, group: Group) -> Option<Figure> {
    match plan {
        Plan::Free => match group {
            Group::Other => per_second(2, 2),
            Group::Token => per_second(30, 30),
            Group::EmailTemplatesRead => per_minute(50, 50),
            _ => None,
        },
        Plan::Professional => match group {
            Group::Other => per_minute(10, 150),
            Group::Token => per_second(25, 25),
            Group::UsersRead | Group::MembersRead => per_minute(40, 500),
            Group::UsersWrite | Group::OrganizationById | Group::MembersWrite | Group::MemberRoles => {
                per_minute(20, 200)
            }
            Group::OrganizationsRead | Group::OrganizationConnectionsRead | Group::Connections => {
                per_minute(5, 50)
            }
            Group::OrganizationsWrite | Group::OrganizationConnectionsWrite => per_minute(5, 25),
            Group::LogsRead | Group::OrganizationGrantsRead => per_minute(10, 100),
            Group::Clients => per_minute(5, 100),
            Group::OrganizationGrantsWrite => per_minute(5, 150),
            _ => None,
        },
        Plan::Enterprise => match group {
            Group::Other => per_second(50, 16),
            Group::Token => per_second(100, 100),
            Group::OrganizationsRead | Group::OrganizationConnectionsRead => per_minute(10, 100),
            Group::OrganizationsWrite | Group::OrganizationConnectionsWrite => per_minute(5, 150),
            Group::UserOrganizations | Group::MembersRead => per_minute(40, 500),
            Group::MembersWrite | Group::Invitations => per_minute(20, 200),
            Group::DomainVerify | Group::Partials => per_minute(5, 5),
            Group::ConnectionStatus => per_second(100, 15),
            Group::KeyRotation => Some(Figure { burst: 5, refill: 5, seconds: 86_400 }),
            _ => None,
        },
        Plan::Unlimited => None,
    }
}

/// A token in the unit that buckets count in.
const TOKEN: i64 = 1_000_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: i64,
    at: Timestamp,
}

impl Bucket {
    /// The bucket at `now`, filled up for the time that went by.
    fn filled(self, figure: Figure, now: Timestamp) -> Self {
        let elapsed = now.since(self.at).max(0);
        // INVARIANT: millionths of a token a microsecond are tokens a second, so the units cancel out.
        let gained = i128::from(elapsed) * i128::from(figure.refill) / i128::from(figure.seconds);
        let full = figure.burst.saturating_mul(TOKEN);
        let gained = i64::try_from(gained).unwrap_or(i64::MAX);
        Self { level: self.level.saturating_add(gained).min(full), at: now.max(self.at) }
    }

    /// How long until a whole token is there.
    fn wait(self, figure: Figure) -> Micros {
        let missing = TOKEN.saturating_sub(self.level).max(0);
        missing.saturating_mul(figure.seconds).div_euclid(figure.refill.max(1))
    }
}

/// What is said about a bucket in the headers of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The bucket's group.
    pub group: Group,
    /// The bucket's size.
    pub limit: i64,
    /// Calls that may still be made now.
    pub remaining: i64,
    /// The Unix second in which a token comes back.
    pub reset: i64,
}

/// All buckets of a tenant.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    plan: Plan,
    buckets: BTreeMap<Group, Bucket>,
    /// The second of the latest refusal of each bucket.
    refused: BTreeMap<Group, i64>,
}

impl Limits {
    /// Full buckets of a plan.
    #[must_use]
    pub const fn new(plan: Plan) -> Self {
        Self { plan, buckets: BTreeMap::new(), refused: BTreeMap::new() }
    }

    /// Whether a refusal is the first of its bucket in its second, so that floods don't flood the log.
    pub fn is_news(&mut self, refused: Standing, now: Timestamp) -> bool {
        self.refused.insert(refused.group, now.seconds()) != Some(now.seconds())
    }

    /// Counts a call of a group. `Ok` when it may be made; what stands in the headers either way, `None` without limits.
    ///
    /// # Errors
    /// The standing of the empty bucket.
    pub fn count(&mut self, group: Group, now: Timestamp) -> Result<Option<Standing>, Standing> {
        let own = figures(self.plan, group).map(|figure| (group, figure));
        // Why: on Enterprise and Free the global limit counts every call; Professional combines the others alone.
        let global = match (self.plan, own) {
            (_, Some((Group::Other | Group::Token, _))) | (Plan::Professional, Some(_)) => None,
            _ => figures(self.plan, Group::Other).map(|figure| (Group::Other, figure)),
        };
        let buckets: Vec<(Group, Figure)> = own.into_iter().chain(global).collect();
        for (group, figure) in &buckets {
            let full = Bucket { level: figure.burst.saturating_mul(TOKEN), at: now };
            let bucket = self.buckets.entry(*group).or_insert(full);
            *bucket = bucket.filled(*figure, now);
            if bucket.level < TOKEN {
                return Err(standing(*group, *bucket, *figure, now));
            }
        }
        let mut said = None;
        for (group, figure) in buckets.into_iter().rev() {
            if let Some(bucket) = self.buckets.get_mut(&group) {
                bucket.level = bucket.level.saturating_sub(TOKEN);
                said = Some(standing(group, *bucket, figure, now));
            }
        }
        Ok(said)
    }
}

fn standing(group: Group, bucket: Bucket, figure: Figure, now: Timestamp) -> Standing {
    let at = now.plus(bucket.wait(figure));
    let reset = at.seconds().saturating_add(i64::from(at.micros().rem_euclid(1_000_000) > 0));
    Standing { group, limit: figure.burst, remaining: bucket.level.div_euclid(TOKEN), reset }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_787_000_000_000_000 + micros)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_refill() {
        let mut limits = Limits::new(Plan::Enterprise);
        let passed = (0..60).filter(|_| limits.count(Group::Other, at(0)).is_ok()).count();
        assert_eq!(passed, 50);
        let passed = (0..60).filter(|_| limits.count(Group::Other, at(1_000_000)).is_ok()).count();
        assert_eq!(passed, 16);
    }

    #[test]
    fn the_reset_says_when_to_come_again() {
        let mut limits = Limits::new(Plan::Free);
        assert_eq!(limits.count(Group::UsersRead, at(0)).unwrap().unwrap().remaining, 1);
        limits.count(Group::UsersRead, at(0)).unwrap();
        let refused = limits.count(Group::UsersRead, at(0)).unwrap_err();
        assert_eq!((refused.limit, refused.remaining), (2, 0));
        let again = Timestamp::from_seconds(refused.reset);
        assert!(limits.count(Group::UsersRead, again).is_ok());
    }

    #[test]
    fn groups_of_their_own_do_not_draw_on_each_other() {
        let mut limits = Limits::new(Plan::Professional);
        for _ in 0..20 {
            limits.count(Group::UsersWrite, at(0)).unwrap();
        }
        assert!(limits.count(Group::UsersWrite, at(0)).is_err());
        assert!(limits.count(Group::UsersRead, at(0)).is_ok() && limits.count(Group::Other, at(0)).is_ok());
    }

    #[test]
    fn an_enterprise_call_counts_in_its_group_and_in_the_whole() {
        let mut limits = Limits::new(Plan::Enterprise);
        for _ in 0..5 {
            limits.count(Group::OrganizationsWrite, at(0)).unwrap();
        }
        assert_eq!(limits.count(Group::OrganizationsWrite, at(0)).unwrap_err().limit, 5);
        assert_eq!(limits.count(Group::Other, at(0)).unwrap().unwrap().remaining, 44);
    }

    #[test]
    fn without_limits_nothing_is_said() {
        assert_eq!(Limits::new(Plan::Unlimited).count(Group::Other, at(0)), Ok(None));
    }
}
