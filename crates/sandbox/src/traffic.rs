//! Sign-ins of the tenant's people, one after the other.

use countersign_core::{Channel, Timestamp};

use crate::{
    assessors::{self, Sighting},
    city::City,
    device::{Browser, Device},
    dice::Dice,
    event::{self, Scene},
    habits,
    people::{Person, Spot},
    population::Population,
    session::{Origin, RefreshToken, Session, Trace, Traces},
    sign_in::{AttackKind, Label, SignIn},
};

/// One sign-in in so many is an attack, unless a `Story` decides: at two a second, one in half a minute.
const ATTACK_ONE_IN: u32 = 60;
/// At least so many sign-ins of a person lie between two from the telephone's own network, so that nine in ten come
/// from the two usual ones.
const MOBILE_GAP: u32 = 30;

/// What the tenant remembers of one person.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) logins_count: u64,
    pub(crate) session: Option<Session>,
    /// The last honest sign-in.
    pub(crate) last: Option<(Timestamp, City)>,
    since_mobile: u32,
}

/// A source of sign-ins; what it gives follows from its seed and the instants that it is asked for.
#[derive(Debug, Clone)]
pub struct Traffic {
    pub(crate) population: Population,
    pub(crate) standings: Vec<Standing>,
    pub(crate) dice: Dice,
    seed: u64,
}

impl Traffic {
    /// Traffic of `population`, whose people have signed in before, but hold no sessions.
    #[must_use]
    pub fn new(population: Population, seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED_0F7A_FF1C_0000);
        let standing = |_| Standing { logins_count: u64::from(dice.between(20, 400)), ..Standing::default() };
        let standings = population.people().iter().map(standing).collect();
        Self { population, standings, dice, seed }
    }

    /// The people who sign in.
    #[must_use]
    pub const fn population(&self) -> &Population {
        &self.population
    }

    /// A sign-in at `now`: an honest one, or now and then an attack. Instants must not go back. `None` when nobody can.
    pub fn next(&mut self, now: Timestamp) -> Option<SignIn> {
        if self.dice.below(ATTACK_ONE_IN) > 0 {
            return self.honest(now);
        }
        let [first, others @ ..] = AttackKind::ALL;
        let kind = self.dice.pick(first, &others);
        let count = u32::try_from(self.population.organizations().len()).unwrap_or(u32::MAX);
        let place = usize::try_from(self.dice.below(count)).unwrap_or(0);
        self.attack(kind, place, now)
    }

    /// A person signs in at `now`; who is at work does so most. Instants must not go back. `None` when there is nobody.
    pub fn honest(&mut self, now: Timestamp) -> Option<SignIn> {
        let weights: Vec<u32> =
            self.population.people().iter().map(|person| habits::activity(person, now)).collect();
        let mut drawn = self.dice.below(weights.iter().sum());
        let mut person = 0;
        for (index, weight) in weights.into_iter().enumerate() {
            if drawn < weight {
                person = index;
                break;
            }
            drawn -= weight;
        }
        self.honest_of(person, now, false)
    }

    /// When a person signs in on a local day, counted from 1970, and whether it is the day's first time. It follows from the
    /// seed, the person and the day alone.
    pub(crate) fn plan(&self, index: usize, day: i64) -> Vec<(Timestamp, bool)> {
        let Some(person) = self.population.person(index) else { return Vec::new() };
        let place = u64::try_from(index).unwrap_or(0).wrapping_mul(0xA24B_AED4_963E_E407);
        let mut dice = Dice::new(self.seed ^ place ^ day.unsigned_abs().wrapping_mul(0x9FB2_1C65_1E98_DF25));
        plan_day(person, day, &mut dice)
    }

    /// The honest sign-ins of `days` days before `until` (at most 400), in order: two or three a person and working
    /// day. Meant for seeding profiles, and to be called once, before anything live.
    #[must_use]
    pub fn history(&mut self, days: u16, until: Timestamp) -> Vec<SignIn> {
        let last = until.days();
        let first = last - i64::from(days.min(400));
        let begin = until.plus((first - last) * 86_400_000_000);
        let mut planned = Vec::new();
        for index in 0..self.population.people().len() {
            // Why: a local day may begin before or end after the one in UTC.
            for day in first - 1..=last + 1 {
                planned.extend(self.plan(index, day).into_iter().map(|(at, is_first)| (at, index, is_first)));
            }
        }
        planned.retain(|&(at, ..)| at >= begin && at < until);
        planned.sort_unstable();
        planned.into_iter().filter_map(|(at, index, is_first)| self.honest_of(index, at, is_first)).collect()
    }

    /// The honest sign-in of one person, an index into the population; with `afresh`, at a browser and with the first factor. Instants
    /// must not go back. `None` when there is nobody of that index.
    pub fn honest_of(&mut self, index: usize, at: Timestamp, afresh: bool) -> Option<SignIn> {
        let Self { population, standings, dice, .. } = self;
        let (person, standing) = population.person(index).zip(standings.get_mut(index))?;
        let (event, channel) = sign_in(person, standing, dice, at, afresh);
        let factor = person.factors.first().copied().filter(|_| !dice.chance(3));
        Some(SignIn {
            at,
            event,
            label: Label::Honest,
            person: index,
            channel,
            passes_challenge_with: factor,
            failures: Vec::new(),
        })
    }
}

/// Draws the instants of one person's local day, and whether each is the day's first.
fn plan_day(person: &Person, day: i64, dice: &mut Dice) -> Vec<(Timestamp, bool)> {
    let shift = person.shift;
    let second = |dice: &mut Dice, from: i64, to: i64| {
        i64::from(
            dice.between(u32::try_from(from * 3600).unwrap_or(0), u32::try_from(to * 3600 - 1).unwrap_or(0)),
        )
    };
    let (fewest, most) = person.sign_ins;
    let count = match (habits::is_working_day(person, day), habits::is_trip_day(person, day)) {
        (true, true) => fewest.min(1),
        (true, false) => dice.between(fewest, most),
        (false, _) => u32::from(dice.chance(6)).min(most),
    };
    let mut planned = Vec::new();
    for n in 0..count {
        // The day's first sign-in is in the first hour of work, the others are anywhere in it.
        let ends = if n == 0 { shift.begins + 1 } else { shift.ends };
        let at = habits::instant(person, day, second(dice, shift.begins, ends));
        let at = at.plus(i64::from(dice.below(1_000_000)));
        // Why: who is on the way in the first hour signs in after arriving.
        let at = if habits::activity(person, at) == 0 { at.plus(3 * 3_600_000_000) } else { at };
        if habits::activity(person, at) > 0 {
            planned.push((at, n == 0));
        }
    }
    planned
}

/// How a person comes in this time.
struct Approach {
    channel: Channel,
    on_second_device: bool,
    spot: Spot,
}

fn approach(
    person: &Person,
    standing: &mut Standing,
    dice: &mut Dice,
    at: Timestamp,
    afresh: bool,
) -> Approach {
    let spot = habits::whereabouts(person, at);
    let second = person.second_device.as_ref().map(|device| device.browser);
    if second == Some(Browser::Handheld) && spot == person.office && !afresh && dice.chance(25) {
        return Approach { channel: Channel::Password, on_second_device: true, spot };
    }
    if let Some(session) = standing.session.as_ref().filter(|session| !afresh && session.is_alive(at)) {
        let on_second_device = session.on_second_device;
        match dice.below(100) {
            0..17 => return Approach { channel: Channel::Refresh, on_second_device, spot },
            17..30 => return Approach { channel: Channel::Silent, on_second_device, spot },
            _ => {}
        }
    }
    let on_second_device = second.is_some_and(|browser| browser != Browser::Handheld) && dice.chance(15);
    let browser =
        if on_second_device { second.unwrap_or(person.device.browser) } else { person.device.browser };
    let is_telephone = matches!(browser, Browser::SafariPhone | Browser::ChromeAndroid);
    let is_away = person.trips.is_some_and(|trips| trips.spot == spot);
    standing.since_mobile = standing.since_mobile.saturating_add(1);
    if is_telephone && !is_away && standing.since_mobile > MOBILE_GAP {
        standing.since_mobile = 0;
        let network = person.organization.mobile;
        return Approach { channel: Channel::Interactive, on_second_device, spot: Spot { network, ..spot } };
    }
    Approach { channel: Channel::Interactive, on_second_device, spot }
}

fn sign_in(
    person: &Person,
    standing: &mut Standing,
    dice: &mut Dice,
    at: Timestamp,
    afresh: bool,
) -> (serde_json::Value, Channel) {
    let Approach { channel, on_second_device, spot } = approach(person, standing, dice, at, afresh);
    let device: &Device =
        person.second_device.as_ref().filter(|_| on_second_device).unwrap_or(&person.device);
    let origin = Origin { city: spot.city, asn: spot.network.asn, address: spot.network.address(dice) };
    let user_agent = device.user_agent(at);
    let trace = Trace { asn: origin.asn, address: origin.address, user_agent: user_agent.clone() };
    if channel == Channel::Interactive {
        let mut session = open_session(trace, at, dice);
        session.on_second_device = on_second_device;
        session.mfa = person.factors.first().filter(|_| dice.chance(50)).map(|&factor| (factor, at));
        standing.session = Some(session);
    } else if let Some(session) = standing.session.as_mut() {
        match channel {
            Channel::Silent => {
                session.traces.last = trace;
                session.updated_at = at;
            }
            Channel::Refresh => session.token.traces.last = trace,
            _ => {}
        }
    }
    if matches!(channel, Channel::Interactive | Channel::Password) {
        standing.logins_count += 1;
    }
    let organization = &person.organization;
    let legacy = organization.legacy_client.as_ref().filter(|_| channel == Channel::Password);
    let client = legacy.unwrap_or(&organization.client);
    let scene = Scene {
        at,
        channel,
        person,
        client,
        origin,
        device,
        user_agent,
        session: standing.session.as_ref().filter(|_| channel != Channel::Password),
        logins_count: standing.logins_count,
        last_seen: standing.last.map_or(person.created_at, |(last, _)| last),
        risk: risk(person, standing, origin, at, channel, true, false),
        fingerprints: !dice.chance(3),
    };
    let event = event::post_login(&scene, dice);
    if let (Some(session), Channel::Refresh) = (standing.session.as_mut(), channel) {
        session.token.last_exchanged_at = Some(at);
    }
    standing.last = Some((at, spot.city));
    (event, channel)
}

/// A new session, with its refresh token.
pub(crate) fn open_session(trace: Trace, at: Timestamp, dice: &mut Dice) -> Session {
    let traces = Traces::first(trace);
    Session {
        id: dice.alphanumeric(32),
        created_at: at,
        updated_at: at,
        traces: traces.clone(),
        on_second_device: false,
        mfa: None,
        token: RefreshToken { id: format!("rt_{}", dice.alphanumeric(22)), last_exchanged_at: None, traces },
    }
}

/// Auth0's own assessment, where the plan has one and a first factor was checked at a browser.
pub(crate) fn risk(
    person: &Person,
    standing: &Standing,
    origin: Origin,
    at: Timestamp,
    channel: Channel,
    known_device: bool,
    is_listed: bool,
) -> Option<serde_json::Value> {
    if !person.organization.is_enterprise || channel != Channel::Interactive {
        return None;
    }
    let address = origin.address.to_string();
    Some(assessors::assess(&Sighting {
        known_device,
        travel: standing.last.map(|(last, city)| (city.distance_km(&origin.city), at.since(last))),
        listed: is_listed.then_some(address.as_str()),
    }))
}

#[cfg(test)]
pub(crate) mod tests;
