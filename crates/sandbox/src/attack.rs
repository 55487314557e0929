//! Attacks on the tenant's people: each differs from honest traffic in the way that its kind says.

use countersign_core::{Channel, Timestamp};

use crate::{
    city::{self, City},
    device::{Browser, Device},
    dice::Dice,
    event::{self, Scene},
    habits,
    network::{Network, Region},
    people::Person,
    session::{Origin, Session, Trace},
    sign_in::{AttackKind, Failure, Label, SignIn},
    traffic::{Standing, Traffic, open_session, risk},
};

/// An impossible travel begins at most so long after the person's own sign-in.
const FRESH: i64 = 30 * 60 * 1_000_000;
const SECOND: i64 = 1_000_000;
/// Guesses come within so many seconds before the sign-in that they lead to.
pub(crate) const GUESSING_S: u32 = 240;

/// Where rented machines stand, with the number of the network that rents them out.
const RENTED: [(City, u32); 6] = [
    (city::TORONTO, 65540),
    (city::SAO_PAULO, 65541),
    (city::JOHANNESBURG, 65542),
    (city::REYKJAVIK, 65543),
    (city::OSAKA, 65544),
    (city::AUCKLAND, 65545),
];

impl Traffic {
    /// An attack of a kind on somebody of an organization, by its place, at `now`; `None` when nobody of it can be
    /// attacked, as when all are traveling.
    ///
    /// Impossible travel needs a sign-in of the last half hour, and a replay a living session: where nobody of the
    /// organization has one, an honest sign-in that gives somebody one comes instead, labeled so; ask again later.
    pub fn attack(&mut self, kind: AttackKind, organization: usize, now: Timestamp) -> Option<SignIn> {
        match self.victim(kind, organization, now)? {
            Ok(victim) => self.attack_on(kind, victim, now),
            Err(somebody) => self.honest_of(somebody, now, true),
        }
    }

    /// Who is attacked; or, where nobody can be yet, whose honest sign-in would change that.
    fn victim(
        &mut self,
        kind: AttackKind,
        organization: usize,
        now: Timestamp,
    ) -> Option<Result<usize, usize>> {
        let organization = &self.population.organizations().get(organization)?.id;
        let people = self.population.people().iter().zip(self.standings.iter()).enumerate();
        let staff: Vec<(usize, &Person, &Standing)> = people
            .filter(|(_, (person, _))| {
                person.organization.id == *organization && habits::activity(person, now) > 0
            })
            .map(|(index, (person, standing))| (index, person, standing))
            .collect();
        let age = |standing: &Standing| standing.last.map_or(i64::MAX, |(last, _)| now.since(last));
        let able: Vec<usize> = match kind {
            AttackKind::StolenPassword | AttackKind::CredentialStuffing | AttackKind::PasswordSpray => staff
                .iter()
                .filter(|(_, person, _)| !person.is_federated())
                .map(|&(index, ..)| index)
                .collect(),
            AttackKind::TokenReplay => {
                let alive = |standing: &Standing| standing.session.as_ref().is_some_and(|s| s.is_alive(now));
                staff.iter().filter(|(.., standing)| alive(standing)).map(|&(index, ..)| index).collect()
            }
            // Why: the oldest sign-in within the half hour, so that it is minutes rather than seconds ago.
            AttackKind::ImpossibleTravel => staff
                .iter()
                .filter(|(.., standing)| (1..=FRESH).contains(&age(standing)))
                .max_by_key(|(.., standing)| age(standing))
                .map(|&(index, ..)| index)
                .into_iter()
                .collect(),
        };
        let anybody: Vec<usize> = staff.iter().map(|&(index, ..)| index).collect();
        let dice = &mut self.dice;
        match (able.as_slice(), anybody.as_slice()) {
            ([first, others @ ..], _) => Some(Ok(dice.pick(*first, others))),
            ([], [first, others @ ..]) => Some(Err(dice.pick(*first, others))),
            ([], []) => None,
        }
    }

    fn attack_on(&mut self, kind: AttackKind, victim: usize, at: Timestamp) -> Option<SignIn> {
        let failures = if kind.guesses() { self.guesses(kind, victim, at) } else { Vec::new() };
        let Self { population, standings, dice, .. } = self;
        let (person, standing) = population.person(victim).zip(standings.get_mut(victim))?;
        let origin = rented(person, at, dice);
        let device = tool(kind, dice);
        let (channel, session) = entrance(kind, standing, origin, &device, at, dice);
        let is_listed = match kind {
            AttackKind::CredentialStuffing => dice.chance(80),
            AttackKind::StolenPassword | AttackKind::PasswordSpray => dice.chance(40),
            AttackKind::ImpossibleTravel | AttackKind::TokenReplay => false,
        };
        let user_agent = match (kind, channel) {
            (AttackKind::TokenReplay, Channel::Refresh) => session.token.traces.last.user_agent.clone(),
            _ => session.traces.last.user_agent.clone(),
        };
        if channel == Channel::Interactive {
            standing.logins_count += 1;
        }
        let scene = Scene {
            at,
            channel,
            person,
            client: &person.organization.client,
            origin,
            device: &device,
            user_agent,
            session: Some(&session),
            logins_count: standing.logins_count,
            last_seen: standing.last.map_or(person.created_at, |(last, _)| last),
            risk: risk(person, standing, origin, at, channel, false, is_listed),
            fingerprints: true,
        };
        let event = event::post_login(&scene, dice);
        let label = Label::Attack(kind);
        Some(SignIn { at, event, label, person: victim, channel, passes_challenge_with: None, failures })
    }

    /// A run of guesses over a few minutes before `at`: at several accounts, and most at the one that gives in; or, in a
    /// spray, one at each account of the organization.
    fn guesses(&mut self, kind: AttackKind, victim: usize, at: Timestamp) -> Vec<Failure> {
        let Self { population, dice, .. } = self;
        let Some(person) = population.person(victim) else { return Vec::new() };
        let others = population.people().iter().filter(|other| {
            other.organization.id == person.organization.id
                && !other.is_federated()
                && other.user_id != person.user_id
        });
        let mut failures: Vec<Failure> = Vec::new();
        let mut guess = |user_id: &str, dice: &mut Dice| {
            let before = i64::from(dice.between(2, GUESSING_S)) * SECOND;
            failures.push(Failure { user_id: user_id.to_owned(), at: at.plus(-before) });
        };
        let is_spray = kind == AttackKind::PasswordSpray;
        let own = if is_spray { 0 } else { dice.between(6, 12) };
        for _ in 0..own {
            guess(&person.user_id, dice);
        }
        for other in others {
            let count = if is_spray { 1 } else { dice.below(4) };
            for _ in 0..count {
                guess(&other.user_id, dice);
            }
        }
        failures.sort_by_key(|failure| failure.at);
        failures
    }
}

/// A rented machine on another continent than the person's.
fn rented(person: &Person, at: Timestamp, dice: &mut Dice) -> Origin {
    let here = habits::whereabouts(person, at).city;
    let [first, ..] = RENTED;
    let far: Vec<(City, u32)> =
        RENTED.into_iter().filter(|(city, _)| city.continent != here.continent).collect();
    let (city, asn) = match far.as_slice() {
        [one, others @ ..] => dice.pick(*one, others),
        [] => first,
    };
    let region = Region::of_continent(city.continent);
    // Why: an address of the person's own /24 would look familiar.
    let network = if region == Region::of_continent(here.continent) || dice.chance(50) {
        Network::v6(asn, 0xff00 + u16::try_from(dice.below(200)).unwrap_or(0))
    } else {
        Network::v4(asn, region, 200, 50)
    };
    Origin { city, asn, address: network.address(dice) }
}

/// What the attacker uses.
fn tool(kind: AttackKind, dice: &mut Dice) -> Device {
    let browser = match kind {
        AttackKind::StolenPassword | AttackKind::CredentialStuffing | AttackKind::PasswordSpray => {
            dice.pick(Browser::Script, &[Browser::Headless])
        }
        AttackKind::ImpossibleTravel => dice.pick(Browser::ChromeWindows, &[Browser::FirefoxLinux]),
        AttackKind::TokenReplay => Browser::Script,
    };
    Device::new(browser, dice)
}

/// The way in: a session of the attacker's own, or the person's, taken along with the name of its browser.
fn entrance(
    kind: AttackKind,
    standing: &Standing,
    origin: Origin,
    device: &Device,
    at: Timestamp,
    dice: &mut Dice,
) -> (Channel, Session) {
    let trace = |user_agent: String| Trace { asn: origin.asn, address: origin.address, user_agent };
    let stolen = standing.session.clone().filter(|_| kind == AttackKind::TokenReplay);
    let Some(mut session) = stolen else {
        return (Channel::Interactive, open_session(trace(device.user_agent(at)), at, dice));
    };
    if dice.chance(60) {
        session.token.traces.last = trace(session.token.traces.initial.user_agent.clone());
        (Channel::Refresh, session)
    } else {
        session.traces.last = trace(session.traces.initial.user_agent.clone());
        session.updated_at = at;
        (Channel::Silent, session)
    }
}

#[cfg(test)]
mod tests;
