//! What answers told by the way: the tenant's clock, and how much of its limits is left.

use std::collections::BTreeMap;

use countersign_app::posture::{LimitSeen, Skew, Source, Told};
use countersign_auth0::management::LimitGroup;
use countersign_core::Timestamp;
use reqwest::header::{DATE, HeaderMap};

use super::{Management, retry};

/// How long what was told of a limit says something, in microseconds: buckets fill again within a minute.
const FRESH: i64 = 120 * 1_000_000;

/// What was told last.
#[derive(Default)]
pub(super) struct Seen {
    skew: Option<Skew>,
    limits: BTreeMap<LimitGroup, (Timestamp, u32, u32)>,
}

impl Seen {
    pub(super) fn take(&mut self, group: LimitGroup, headers: &HeaderMap, now: Timestamp) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            self.skew =
                Some(Skew { theirs: Timestamp::from_seconds(date.timestamp().as_second()), ours: now });
        }
        let number = |name| retry::number(headers, name);
        if let (Some(limit), Some(remaining)) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"))
        {
            self.limits.insert(group, (now, limit, remaining));
        }
    }

    fn limits(&self, now: Timestamp) -> Vec<LimitSeen> {
        let fresh = self.limits.iter().filter(|(_, (at, ..))| now.since(*at) <= FRESH);
        fresh
            .map(|(group, (_, limit, remaining))| LimitSeen {
                group: group.as_str(),
                limit: (*limit).into(),
                remaining: (*remaining).into(),
            })
            .collect()
    }
}

impl Source for Management {
    fn told(&self) -> Told {
        let seen = self.seen.lock();
        Told {
            skew: seen.skew,
            limits: seen.limits(self.clock.now()),
            granted: self.scopes().map(|scopes| scopes.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_clock_and_the_limits_are_read_and_get_old() {
        let now = Timestamp::from_seconds(784_111_777);
        let headers: HeaderMap = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-ratelimit-limit", "50"),
            ("x-ratelimit-remaining", "7"),
        ]
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .into_iter()
        .collect();
        let mut seen = Seen::default();
        seen.take(LimitGroup::Other, &headers, now.plus(3));
        assert_eq!(seen.skew, Some(Skew { theirs: now, ours: now.plus(3) }));
        let limits = seen.limits(now.plus(FRESH));
        assert_eq!((limits[0].limit, limits[0].remaining), (50, 7));
        assert_eq!(seen.limits(now.plus(FRESH + 4)), []);
        seen.take(LimitGroup::Other, &HeaderMap::from_iter([(DATE, HeaderValue::from_static("now"))]), now);
        assert!(seen.skew.is_some(), "nonsense changes nothing");
    }
}
