//! Resets: people who forgot, and people who are not them; each account has a history of sign-ins first.

use countersign_risk::Short;
use serde_json::{Value, json};

use super::{
    run::{Happening, Step, Truth},
    world::{BROWSERS, DAY, HOUR, Rng, START, Site, at, event, request},
};

const LOGIN: &str = include_str!("../../../../../fixtures/events/post-login.json");
const RESET: &str = include_str!("../../../../../fixtures/events/password-reset-post-challenge.json");
const CHANGE: &str = include_str!("../../../../../fixtures/events/post-change-password.json");

/// When the resets begin: after the histories.
const FROM: i64 = 70 * DAY;

/// An account with where and with what its person signs in.
struct Account {
    id: String,
    home: Site,
    agent: &'static str,
    has_factor: bool,
    last_reset_days: Option<i64>,
}

struct Deck {
    rng: Rng,
    steps: Vec<Step>,
    sequence: usize,
}

/// From where and with what a reset is asked for.
struct Origin<'a> {
    site: &'a Site,
    agent: &'static str,
}

impl Deck {
    fn push(&mut self, second: i64, kind: &'static str, truth: Truth, subject: &str, happening: Happening) {
        let (sequence, subject) = (self.sequence, subject.to_owned());
        self.steps.push(Step { at: at(second), sequence, kind, truth, subject, happening });
    }

    /// An account that signed in on most days until `asleep` days before the resets begin.
    fn account(&mut self, logins: i64, asleep: i64) -> Account {
        self.sequence += 1;
        let home = Site::any(&mut self.rng);
        let account = Account {
            id: format!("auth0|{:016x}", self.rng.next()),
            agent: self.rng.pick(BROWSERS),
            has_factor: self.rng.percent(45),
            last_reset_days: self.rng.percent(60).then(|| self.rng.within(40..500)),
            home,
        };
        let commute = account.home.nearby(&mut self.rng);
        let phone = self.rng.pick(&BROWSERS[3..5]);
        for index in 0..logins {
            let is_out = self.rng.percent(15);
            let (site, agent) = if is_out { (&commute, phone) } else { (&account.home, account.agent) };
            let day = FROM / DAY - asleep - 1 - (logins - index) * 50 / logins.max(50);
            let second = day * DAY + self.local(site, 8, 19) + index;
            let mut patch = json!({"request": request(site, index, agent), "user": user(&account, second)});
            patch["request"]["asn"] = json!(site.asn.to_string());
            patch["stats"] = json!({"logins_count": index + 1});
            let login = Happening::Login(Box::new(event(LOGIN, &patch)));
            self.push(second, "history", Truth::Preparation, &account.id, login);
        }
        account
    }

    /// A second of the day at which it is between these hours there.
    fn local(&mut self, site: &Site, from: i64, to: i64) -> i64 {
        let shift = site.place.1.round().to_string().parse::<i64>().unwrap() * 240;
        (self.rng.within(from * HOUR..to * HOUR) - shift).rem_euclid(DAY)
    }

    /// Some second in the twenty days of resets, at a waking hour of that place.
    fn moment(&mut self, site: &Site) -> i64 {
        FROM + self.rng.within(0..20) * DAY + self.local(site, 8, 22)
    }

    /// A reset and the change that follows on it.
    fn reset(
        &mut self,
        (second, kind, truth): (i64, &'static str, Truth),
        account: &Account,
        from: &Origin<'_>,
    ) {
        let host = self.rng.within(0..250);
        let patch = json!({"request": request(from.site, host, from.agent), "user": user(account, second)});
        let happening = Happening::Reset(Box::new(event(RESET, &patch)));
        self.push(second, kind, truth, &account.id, happening);
        let happening = Happening::Change(Box::new(event(CHANGE, &patch)));
        self.push(second + 45, kind, truth, &account.id, happening);
    }

    fn honest(&mut self, kind: &'static str, account: &Account, from: &Origin<'_>) {
        let second = self.moment(from.site);
        self.reset((second, kind, Truth::Honest), account, from);
    }

    fn fail(&mut self, second: i64, kind: &'static str, subject: &str, site: &Site, host: i64) {
        self.push(second, kind, Truth::Preparation, subject, Happening::Failure(site.ip(host)));
    }
}

fn user(account: &Account, second: i64) -> Value {
    let mut user = json!({
        "user_id": account.id,
        "email": format!("{}@tietgen-logistik.de", &account.id[6..]),
        "email_verified": true,
        "enrolledFactors": if account.has_factor { json!([{"type": "otp"}]) } else { json!([]) },
    });
    if let Some(days) = account.last_reset_days {
        user["last_password_reset"] =
            json!(countersign_core::Timestamp::from_seconds(START + second - days * DAY).to_string());
    }
    user
}

/// All sequences of resets.
pub(super) fn steps(seed: u64) -> Vec<Step> {
    let mut deck = Deck { rng: Rng::new(seed.wrapping_mul(104_729)), steps: Vec::new(), sequence: 0 };
    for _ in 0..14 {
        honest(&mut deck);
    }
    for _ in 0..2 {
        office(&mut deck);
    }
    for _ in 0..8 {
        thieves(&mut deck);
    }
    for _ in 0..3 {
        rows(&mut deck);
    }
    deck.steps
}

fn honest(deck: &mut Deck) {
    for kind in [
        "at home",
        "at home",
        "out and about",
        "new phone",
        "new laptop",
        "traveling",
        "after holidays",
        "after half a year",
        "little history",
        "no history",
        "moved abroad",
    ] {
        let (logins, asleep) = match kind {
            "after holidays" => (50, 25),
            "after half a year" => (50, 18),
            "little history" => (2, 1),
            "no history" => (0, 0),
            _ => (50, 1),
        };
        let account = deck.account(logins, asleep);
        let (home, agent) = (account.home.clone(), account.agent);
        let near = home.nearby(&mut deck.rng);
        let far = home.abroad(&mut deck.rng);
        let other = deck.rng.pick(BROWSERS);
        let from = match kind {
            "out and about" => Origin { site: &near, agent: BROWSERS[3] },
            "new phone" => Origin { site: &near, agent: BROWSERS[4] },
            "new laptop" => Origin { site: &home, agent: other },
            "traveling" => Origin { site: &far, agent },
            "moved abroad" => Origin { site: &far, agent: other },
            _ => Origin { site: &home, agent },
        };
        if kind == "after half a year" {
            let second = FROM + 110 * DAY + deck.local(&home, 8, 22);
            deck.reset((second, kind, Truth::Honest), &account, &from);
        } else {
            deck.honest(kind, &account, &from);
        }
    }
    let mut account = deck.account(50, 1);
    let home = account.home.clone();
    let second = deck.moment(&home);
    for index in 0..deck.rng.within(2..6) {
        deck.fail(second - 600 + index * 40, "after failures", &account.id, &home, 7);
    }
    let from = Origin { site: &home, agent: account.agent };
    deck.reset((second, "after failures", Truth::Honest), &account, &from);
    account = deck.account(40, 1);
    let home = account.home.clone();
    let second = deck.moment(&home);
    let from = Origin { site: &home, agent: account.agent };
    deck.reset((second, "twice by mistake", Truth::Honest), &account, &from);
    account.last_reset_days = Some(0);
    let from = Origin { site: &home, agent: account.agent };
    deck.reset((second + 900, "twice by mistake", Truth::Honest), &account, &from);
}

/// Passwords of an office end on the same day.
fn office(deck: &mut Deck) {
    let office = Site::any(&mut deck.rng);
    let day = FROM + deck.rng.within(0..20) * DAY;
    let colleagues = deck.rng.within(7..12);
    for _ in 0..colleagues {
        let account = deck.account(30, 1);
        let second = day + deck.local(&account.home, 8, 10);
        let from =
            Origin { site: &Site { block: office.block, ..account.home.clone() }, agent: account.agent };
        deck.reset((second, "office on one day", Truth::Honest), &account, &from);
    }
}

fn thieves(deck: &mut Deck) {
    for kind in [
        "mailbox abroad",
        "mailbox abroad",
        "same country",
        "by program",
        "sleeping account",
        "again and again",
        "same city and device",
        "block of fraud",
    ] {
        let mut account = deck.account(50, if kind == "sleeping account" { 18 } else { 1 });
        account.has_factor &= deck.rng.percent(40);
        let site = match kind {
            "same country" => {
                let near = account.home.nearby(&mut deck.rng);
                Site { place: (near.place.0 + 4.0, near.place.1), ..near }
            }
            "same city and device" => account.home.nearby(&mut deck.rng),
            _ => account.home.abroad(&mut deck.rng),
        };
        let agent = match kind {
            "by program" => "python-requests/2.32.3",
            "same city and device" => account.agent,
            _ => deck.rng.pick(BROWSERS),
        };
        let sleep = if kind == "sleeping account" { 100 * DAY } else { 0 };
        let second = FROM + sleep + deck.rng.within(0..20 * DAY);
        if kind == "block of fraud" {
            let [a, b, c] = site.block;
            for index in 0..2 {
                let fraud = Happening::Fraud(Short::new(&format!("{a}.{b}.{c}.0/24")));
                deck.push(
                    second - 5 * HOUR + index,
                    kind,
                    Truth::Preparation,
                    &format!("victim {index}"),
                    fraud,
                );
            }
        }
        let tries = if kind == "again and again" { 3 } else { 1 };
        for index in 0..tries {
            deck.reset(
                (second + index * 1_500, kind, Truth::Attack),
                &account,
                &Origin { site: &site, agent },
            );
            account.last_reset_days = Some(0);
        }
    }
}

/// Many accounts from one place.
fn rows(deck: &mut Deck) {
    for kind in ["row from one block", "after stuffing"] {
        let site = Site::any(&mut deck.rng);
        let mut second = FROM + deck.rng.within(0..19 * DAY);
        let agent = deck.rng.pick(BROWSERS);
        if kind == "after stuffing" {
            for index in 0..40 {
                deck.fail(
                    second - HOUR + index * 20,
                    kind,
                    &format!("stuffed {second} {index}"),
                    &site,
                    index,
                );
            }
        }
        for _ in 0..9 {
            let account = deck.account(25, 1);
            if kind == "after stuffing" {
                deck.fail(second - 700, kind, &account.id, &site, 3);
            }
            deck.reset((second, kind, Truth::Attack), &account, &Origin { site: &site, agent });
            second += deck.rng.within(60..600);
        }
    }
}
