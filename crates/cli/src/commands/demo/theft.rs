//! The incident that the demo begins with: somebody's refresh token is used from another continent. Its entries are written by hand,
//! since exchanges of the sandbox name no family of tokens. Whose it is goes on signing in, so that one sees whether they get in.

use countersign_core::Timestamp;
use countersign_sandbox::{
    Person, Population, SignIn, TENANT, Traffic,
    stream::entry,
    tenant::{Record, http::Shell},
};
use serde_json::{Value, json};

/// Between two sign-ins of theirs, in microseconds.
const PAUSE: i64 = 10_000_000;

/// The family of their refresh tokens.
const FAMILY: &str = "fam_3xYb7wQ2kLm9";

/// When the tokens are exchanged, in minutes before the start, and whether at home.
const EXCHANGES: [(i64, bool); 4] = [(26, true), (9, false), (7, true), (4, false)];

/// The first of the first organization, where Countersign enforces: an index into the population.
pub const VICTIM: usize = 0;

/// Writes the exchanges into the tenant's log; the entries as its stream would deliver them.
pub fn told(shell: &Shell, people: &Population, now: Timestamp) -> Vec<Value> {
    let Some(person) = people.person(VICTIM) else { return Vec::new() };
    let tenant = shell.tenant();
    let mut tenant = tenant.lock();
    let state = tenant.state_mut();
    for (minutes, is_home) in EXCHANGES {
        state.log(exchange(person, is_home), TENANT, now.plus(-minutes * 60_000_000));
    }
    let mut entries: Vec<Value> = state.records.all().rev().take(EXCHANGES.len()).map(entry).collect();
    entries.reverse();
    entries
}

fn exchange(person: &Person, is_home: bool) -> Record {
    let home = person.office.city;
    let (country, latitude, longitude) =
        if is_home { (home.country.0, home.latitude, home.longitude) } else { ("JP", 34.69, 135.5) };
    // Why addresses of their own: what is found about other people at the same ones would belong to the same incident.
    let (ip, agent) = match is_home {
        true => ("2001:db8:7c41::7", "Chrome 128.0.0 / Windows 10.0.0"),
        false => ("2001:db8:05a4::66", "Chrome 128.0.0 / Linux 0.0.0"),
    };
    Record::new("sertft", "Refresh Token for Access Token")
        .with("user_id", person.user_id.as_str())
        .with("user_name", person.email())
        .with("client_id", person.organization.client.id.as_str())
        .with("organization_id", person.organization.id.as_str())
        .with("ip", ip)
        .with("user_agent", agent)
        .with("location_info", json!({"country_code": country, "latitude": latitude, "longitude": longitude}))
        .with("details", json!({"familyId": FAMILY, "tokenCounter": 12}))
}

/// Whose token it is, at their own device, again and again.
pub struct Returning {
    traffic: Traffic,
    next: Timestamp,
}

impl Returning {
    /// From `start` on, as they signed in before.
    pub fn new(traffic: Traffic, start: Timestamp) -> Self {
        Self { traffic, next: start.plus(PAUSE) }
    }

    /// When they sign in next.
    pub const fn next_at(&self) -> Timestamp {
        self.next
    }

    /// Their sign-in, where one is due.
    pub fn due(&mut self, now: Timestamp) -> Option<SignIn> {
        if self.next > now {
            return None;
        }
        self.next = now.plus(PAUSE);
        self.traffic.honest_of(VICTIM, now, true)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Channel;
    use countersign_sandbox::{Label, Scenario};

    use super::*;

    #[test]
    fn whose_token_it_is_comes_back_at_a_browser_one_at_a_time() {
        let start: Timestamp = "2026-08-20T14:00:00Z".parse().unwrap();
        let mut returning = Returning::new(Traffic::new(Scenario::demo().unwrap().population(1), 1), start);
        assert!(returning.due(start).is_none());
        let late = start.plus(90 * PAUSE);
        let sign_in = returning.due(late).unwrap();
        assert_eq!(
            (sign_in.person, sign_in.channel, sign_in.label),
            (VICTIM, Channel::Interactive, Label::Honest)
        );
        assert!(returning.due(late).is_none(), "what was missed is not made up for");
        assert_eq!(returning.next_at(), late.plus(PAUSE));
    }
}
