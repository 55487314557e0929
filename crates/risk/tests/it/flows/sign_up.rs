//! Sign-ups: those of people, offices and classes, and those of programs and frauds.

use serde_json::json;

use super::{
    names::{Named, Names, local},
    run::{Happening, ORGANIZATIONS, Step, Truth},
    sign_up_attacks,
    world::{BROWSERS, DAY, HOUR, Rng, Site, at, event, request},
};

const FIXTURE: &str = include_str!("../../../../../fixtures/events/pre-user-registration.json");

/// Days over which the sequences are spread.
pub(super) const DAYS: i64 = 60;

/// Fingerprints of the browsers, one for each.
const JA4: &[&str] = &[
    "t13d1516h2_8daaf6152771_02713d6af862",
    "t13d2014h2_a09f3c656075_14788d8d241b",
    "t13d1715h2_5b57614c22b0_3d5424432f57",
    "t13d2014h2_a09f3c656075_e42f34c56612",
    "t13d1517h2_8daaf6152771_b0da82dd1658",
    "t13d1516h2_8daaf6152771_d8a2da3f94cd",
];

/// A browser with its fingerprint.
#[derive(Clone, Copy)]
pub(super) struct Client {
    pub(super) agent: &'static str,
    pub(super) ja4: &'static str,
}

impl Client {
    pub(super) fn any(rng: &mut Rng) -> Self {
        let index = usize::try_from(rng.within(0..6)).unwrap();
        Self { agent: BROWSERS[index], ja4: JA4[index] }
    }

    /// A program that passes for a browser by its agent, not by its fingerprint.
    pub(super) const fn program() -> Self {
        Self { agent: BROWSERS[0], ja4: "t13i181000_85036bcba153_d41ae481755e" }
    }
}

/// Sequences being made.
pub(super) struct Deck {
    pub(super) rng: Rng,
    pub(super) names: Names,
    pub(super) steps: Vec<Step>,
    pub(super) sequence: usize,
}

impl Deck {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), names: Names::new(seed), steps: Vec::new(), sequence: 0 }
    }

    /// Begins a sequence at some second of the sixty days.
    pub(super) fn begin(&mut self) -> i64 {
        self.sequence += 1;
        self.rng.within(0..DAYS) * DAY + self.rng.within(6 * HOUR..22 * HOUR)
    }

    pub(super) fn step(&mut self, second: i64, kind: &'static str, truth: Truth, happening: Happening) {
        let step =
            Step { at: at(second), sequence: self.sequence, kind, truth, subject: String::new(), happening };
        self.steps.push(step);
    }

    /// A sign-up of `email` and `name` from `site`.
    pub(super) fn sign_up(
        &mut self,
        (second, kind, truth): (i64, &'static str, Truth),
        email: &str,
        name: &str,
        site: &Site,
        client: Client,
    ) {
        let host = self.rng.within(0..250);
        let patch = json!({
            "request": request(site, host, client.agent),
            "security_context": {"ja4": client.ja4},
            "user": {"email": email, "name": if name.is_empty() { email } else { name }},
        });
        self.step(second, kind, truth, Happening::SignUp(Box::new(event(FIXTURE, &patch))));
    }

    fn honest(&mut self, second: i64, kind: &'static str, email: &str, name: &str, site: &Site) {
        let client = Client::any(&mut self.rng);
        self.sign_up((second, kind, Truth::Honest), email, name, site, client);
    }
}

/// Sign-ups at a tenant; where free mail is usual, people mostly come with it.
pub(super) fn steps(seed: u64, is_business: bool) -> Vec<Step> {
    let mut deck =
        Deck::new(seed.wrapping_mul(2).wrapping_add(u64::from(is_business)).wrapping_mul(7_919) ^ seed);
    deck.names = Names::new(seed);
    for _ in 0..14 {
        people(&mut deck, is_business);
        odd_people(&mut deck, is_business);
    }
    for _ in 0..3 {
        crowds(&mut deck, is_business);
    }
    for _ in 0..4 {
        sign_up_attacks::bursts(&mut deck);
    }
    for _ in 0..5 {
        sign_up_attacks::singles(&mut deck);
    }
    deck.steps
}

fn domain(deck: &mut Deck, is_business: bool) -> &'static str {
    let is_free = deck.rng.percent(if is_business { 12 } else { 85 });
    if is_free {
        return Names::free(&mut deck.rng);
    }
    if deck.rng.percent(15) { deck.rng.pick(ORGANIZATIONS) } else { deck.names.firm(&mut deck.rng) }
}

fn people(deck: &mut Deck, is_business: bool) {
    for _ in 0..8 {
        let (second, site) = (deck.begin(), Site::any(&mut deck.rng));
        let (person, domain) = (deck.names.person(&mut deck.rng), domain(deck, is_business));
        let email = format!("{}@{domain}", local(&person, &mut deck.rng));
        let name = if deck.rng.percent(20) { String::new() } else { person.name };
        deck.honest(second, "person", &email, &name, &site);
    }
}

/// One each of what is odd about honest people.
fn odd_people(deck: &mut Deck, is_business: bool) {
    let native = [
        ("Иван Петров", "i.petrov"),
        ("山田 美咲", "misaki.yamada"),
        ("محمد العلي", "m.alali"),
        ("김민준", "minjun88"),
    ];
    let nick = [
        "sunshine42",
        "bluebird",
        "dragonfly77",
        "coffee.lover",
        "mountainbiker",
        "kittykat9",
        "dj.fresh",
        "papa1960",
    ];
    let role = ["info", "sales", "office", "buchhaltung", "hello", "support", "team.ops", "contact"];
    for index in 0..9 {
        let (second, site) = (deck.begin(), Site::any(&mut deck.rng));
        let (person, domain) = (deck.names.person(&mut deck.rng), domain(deck, is_business));
        let Named { name, given, family } = &person;
        let (kind, email, name) = match index {
            0 => {
                let (name, local) = deck.rng.pick(&native);
                ("own script", format!("{local}@{domain}"), name.to_owned())
            }
            1 => ("nickname", format!("{}@{domain}", deck.rng.pick(&nick)), name.clone()),
            2 => (
                "office mailbox",
                format!("{}@{}", deck.rng.pick(&role), deck.names.firm(&mut deck.rng)),
                name.clone(),
            ),
            3 => (
                "plus tag",
                format!("{given}+{}@{domain}", deck.rng.pick(&["app", "news", "crm", "x"])),
                name.clone(),
            ),
            4 => ("initials", format!("{}{}@{domain}", &given[..1], &family[..1]), String::new()),
            5 => (
                "consonants",
                format!(
                    "{}@{domain}",
                    deck.rng.pick(&["mkrstc", "hrvst", "strzlk", "mgr.brnkw", "vlkplk", "tschrtk"])
                ),
                name.clone(),
            ),
            6 => (
                "number",
                format!("{}@{domain}", deck.rng.within(13_000_000_000..19_000_000_000)),
                name.clone(),
            ),
            7 => {
                let relay = format!(
                    "{}@privaterelay.appleid.com",
                    deck.rng.text("abcdefghijkmnpqrstuvwxyz23456789", 10)
                );
                ("relay", relay, name.clone())
            }
            _ => (
                "married name",
                format!("{given}.{}@{domain}", deck.names.person(&mut deck.rng).family),
                name.clone(),
            ),
        };
        let mut site = site;
        if deck.rng.percent(12) {
            site.language = deck.rng.pick(&["vi-VN", "pl-PL", "ja-JP", "tr-TR"]);
        }
        deck.honest(second, kind, &email, &name, &site);
    }
}

/// Many honest people at once.
fn crowds(deck: &mut Deck, is_business: bool) {
    let (mut second, office, firm) = (deck.begin(), Site::any(&mut deck.rng), deck.names.firm(&mut deck.rng));
    let client = Client::any(&mut deck.rng);
    for _ in 0..deck.rng.within(14..24) {
        let person = deck.names.person(&mut deck.rng);
        let email = format!(
            "{}.{}{}@{firm}",
            &person.given,
            &person.family,
            ["", "2"][usize::from(deck.rng.percent(5))]
        );
        let client = if deck.rng.percent(70) { client } else { Client::any(&mut deck.rng) };
        deck.sign_up((second, "office of a firm", Truth::Honest), &email, &person.name, &office, client);
        second += deck.rng.within(60..200);
    }
    let (mut second, hall) = (deck.begin(), Site::any(&mut deck.rng));
    for _ in 0..deck.rng.within(8..14) {
        let (person, domain) = (deck.names.person(&mut deck.rng), domain(deck, is_business));
        let email = format!("{}@{domain}", local(&person, &mut deck.rng));
        deck.honest(second, "conference hall", &email, &person.name, &hall);
        second += deck.rng.within(120..500);
    }
    let (mut second, carrier) = (deck.begin(), Site::any(&mut deck.rng));
    for _ in 0..6 {
        let (person, domain) = (deck.names.person(&mut deck.rng), domain(deck, is_business));
        let email = format!("{}@{domain}", local(&person, &mut deck.rng));
        let site = carrier.sibling(&mut deck.rng);
        deck.honest(second, "one provider", &email, &person.name, &site);
        second += deck.rng.within(1_000..9_000);
    }
    for _ in 0..3 {
        let (second, site) = (deck.begin(), Site::any(&mut deck.rng));
        let (person, domain) = (deck.names.person(&mut deck.rng), domain(deck, is_business));
        let local = local(&person, &mut deck.rng);
        deck.honest(second, "twice by mistake", &format!("{local}@{domain}"), &person.name, &site);
        let again = format!("{local}{}@{domain}", deck.rng.within(1..9));
        deck.honest(second + 240, "twice by mistake", &again, &person.name, &site);
    }
    let (second, site) = (deck.begin(), Site::any(&mut deck.rng));
    for index in 0..25 {
        deck.step(
            second - 4 * HOUR + index * 60,
            "near failures",
            Truth::Preparation,
            Happening::Failure(site.ip(index)),
        );
        deck.steps.last_mut().unwrap().subject = format!("neighbor {second} {index}");
    }
    let (person, domain) = (deck.names.person(&mut deck.rng), domain(deck, is_business));
    let email = format!("{}@{domain}", local(&person, &mut deck.rng));
    deck.honest(second, "near failures", &email, &person.name, &site);
    let (second, site) = (deck.begin(), Site::any(&mut deck.rng));
    let person = deck.names.person(&mut deck.rng);
    let email = format!(
        "{}@{}",
        local(&person, &mut deck.rng),
        deck.rng.pick(&["acme-crop.com", "brightwater.com", "kessler-partner.de"])
    );
    deck.honest(second, "slip of the pen", &email, &person.name, &site);
}
