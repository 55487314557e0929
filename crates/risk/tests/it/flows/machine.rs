//! Machines: timetables, moves and mistakes, and secrets in other hands; and clients that exchange tokens.

use serde_json::{Value, json};

use super::{
    run::{Happening, Step, Truth},
    world::{DAY, HOUR, Rng, START, Site, at, event, request},
};

const MACHINE: &str = include_str!("../../../../../fixtures/events/credentials-exchange.json");
const EXCHANGE: &str = include_str!("../../../../../fixtures/events/custom-token-exchange.json");

/// When what is measured begins: after the histories.
pub(super) const FROM: i64 = 50 * DAY;

const PROGRAMS: &[&str] = &[
    "order-sync/2.4",
    "python-requests/2.32.3",
    "Go-http-client/2.0",
    "axios/1.7.2",
    "Java/21.0.3",
    "okhttp/4.12.0",
];

/// When a client asks.
#[derive(Clone, Copy)]
pub(super) enum Timetable {
    /// So many times a day, at any hour.
    Spread(i64),
    /// Once a day at this second, give or take minutes.
    Daily(i64),
    /// On working days, so many in a row at some hour.
    Rows(i64),
    /// Once in seven days.
    Weekly,
}

/// A client with where and what it asks.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) sites: Vec<Site>,
    pub(super) agents: Vec<&'static str>,
    audience: String,
    scopes: Vec<&'static str>,
    /// Kinds of the subject's and the actor's token, for a client that exchanges.
    pub(super) kinds: Option<(&'static str, Option<&'static str>)>,
    /// Hours since the actor's account was made and since its password was reset.
    pub(super) actor: (i64, i64),
}

pub(super) struct Deck {
    pub(super) rng: Rng,
    pub(super) steps: Vec<Step>,
    sequence: usize,
}

/// What is unlike the client's ways.
#[derive(Default)]
pub(super) struct Odd<'a> {
    pub(super) site: Option<&'a Site>,
    pub(super) agent: Option<&'static str>,
    pub(super) audience: Option<&'static str>,
    pub(super) scopes: &'a [&'static str],
}

impl Deck {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), steps: Vec::new(), sequence: 0 }
    }

    pub(super) fn push(
        &mut self,
        second: i64,
        kind: &'static str,
        truth: Truth,
        client: &Client,
        happening: Happening,
    ) {
        let (sequence, subject) = (self.sequence, client.id.clone());
        self.steps.push(Step { at: at(second), sequence, kind, truth, subject, happening });
    }

    pub(super) fn client(&mut self, sites: usize) -> Client {
        self.sequence += 1;
        let home = Site::any(&mut self.rng);
        let mut all = vec![home.clone()];
        while all.len() < sites {
            all.push(home.nearby(&mut self.rng));
        }
        let scopes: &[&'static str] = self.rng.pick(&[
            &["read:orders", "write:orders"][..],
            &["read:users"],
            &["read:stock", "read:prices", "write:stock"],
        ]);
        Client {
            id: format!("m2m{:016x}", self.rng.next()),
            sites: all,
            agents: vec![self.rng.pick(PROGRAMS)],
            audience: format!("https://api{}.example/", self.rng.within(0..9)),
            scopes: scopes.to_vec(),
            kinds: None,
            actor: (9_000, 4_000),
        }
    }

    pub(super) fn ask(
        &mut self,
        (second, kind, truth): (i64, &'static str, Truth),
        client: &Client,
        odd: &Odd<'_>,
    ) {
        let index = usize::try_from(self.rng.within(0..i64::try_from(client.sites.len()).unwrap())).unwrap();
        let site = odd.site.unwrap_or(&client.sites[index]);
        let (host, agent) = (self.rng.within(0..12), self.rng.pick(&client.agents));
        let scopes = if odd.scopes.is_empty() { &client.scopes[..] } else { odd.scopes };
        let mut patch = json!({
            "client": {"client_id": client.id},
            "request": request(site, host, odd.agent.unwrap_or(agent)),
            "resource_server": {"identifier": odd.audience.unwrap_or(&client.audience)},
        });
        let happening = if let Some((subject, actor)) = client.kinds {
            patch["transaction"] = json!({"requested_scopes": scopes, "subject_token_type": subject});
            if let Some(actor) = actor {
                patch["transaction"]["actor_token_type"] = json!(actor);
                patch["transaction"]["actor_token_user"] = user(client.actor, second);
            }
            Happening::Exchange(Box::new(event(EXCHANGE, &patch)))
        } else {
            patch["transaction"] = json!({"requested_scopes": scopes, "target_scopes": scopes});
            Happening::Machine(Box::new(event(MACHINE, &patch)))
        };
        self.push(second, kind, truth, client, happening);
    }

    /// All of a client's requests by its timetable, those before [`FROM`] as a history.
    pub(super) fn works(
        &mut self,
        client: &Client,
        kind: &'static str,
        timetable: Timetable,
        days: std::ops::Range<i64>,
    ) {
        for day in days {
            let (count, first, gap) = match timetable {
                Timetable::Spread(count) => (count, self.rng.within(0..DAY / count), DAY / count),
                Timetable::Daily(second) => (1, second, 1),
                Timetable::Rows(count) if day % 7 < 5 => (count, self.rng.within(8 * HOUR..18 * HOUR), 300),
                Timetable::Weekly if day % 7 == 2 => (1, 3 * HOUR, 1),
                Timetable::Rows(_) | Timetable::Weekly => (0, 0, 0),
            };
            for index in 0..count {
                let second = day * DAY + first + index * gap + self.rng.within(0..240);
                let truth = if second < FROM { Truth::Preparation } else { Truth::Honest };
                self.ask((second, kind, truth), client, &Odd::default());
            }
        }
    }
}

fn user((made, reset): (i64, i64), second: i64) -> Value {
    let ago =
        |hours: i64| countersign_core::Timestamp::from_seconds(START + second - hours * HOUR).to_string();
    json!({
        "user_id": "auth0|agent", "email_verified": true, "identities": [], "created_at": ago(made),
        "updated_at": ago(1), "last_password_reset": ago(reset),
    })
}

/// All sequences of machines.
pub(super) fn steps(seed: u64) -> Vec<Step> {
    let mut deck = Deck::new(seed.wrapping_mul(15_485_863));
    for _ in 0..12 {
        honest(&mut deck);
        changes(&mut deck);
        thieves(&mut deck);
        thieves(&mut deck);
    }
    deck.steps
}

/// Days of a history and of some that are measured.
const HALF: std::ops::Range<i64> = 28..53;

fn honest(deck: &mut Deck) {
    for (kind, timetable, sites) in [
        ("a few a day", Timetable::Spread(3), 1),
        ("two regions", Timetable::Spread(4), 2),
        ("many exits", Timetable::Spread(4), 9),
        ("rows of builds", Timetable::Rows(9), 1),
        ("weekly", Timetable::Weekly, 1),
    ] {
        let mut client = deck.client(sites);
        if kind == "two regions" {
            client.sites[1] = client.sites[0].abroad(&mut deck.rng);
        }
        deck.works(&client, kind, timetable, if kind == "weekly" { 0..60 } else { HALF });
    }
    let (client, second) = (deck.client(1), deck.rng.within(0..5 * HOUR));
    deck.works(&client, "odd hour each day", Timetable::Daily(second), HALF);
}

/// What honest machines do once in a while.
fn changes(deck: &mut Deck) {
    let day = FROM + deck.rng.within(4..8) * DAY + deck.rng.within(0..DAY);
    let client = deck.client(1);
    deck.works(&client, "a few a day", Timetable::Spread(3), HALF);
    let abroad = client.sites[0].abroad(&mut deck.rng);
    for index in 0..6 {
        let second = day + index * 3 * HOUR;
        deck.ask(
            (second, "move with notice", Truth::Honest),
            &client,
            &Odd { site: Some(&abroad), ..Odd::default() },
        );
        if index < 2 {
            deck.push(second + 600, "move with notice", Truth::Preparation, &client, Happening::Vouched);
        }
    }
    let client = deck.client(1);
    deck.works(&client, "a few a day", Timetable::Spread(3), HALF);
    let wider: Vec<&str> = client.scopes.iter().copied().chain(["read:invoices"]).collect();
    for index in 0..4 {
        deck.ask(
            (day + index * 6 * HOUR, "one more scope", Truth::Honest),
            &client,
            &Odd { scopes: &wider, ..Odd::default() },
        );
    }
    let client = deck.client(1);
    deck.works(&client, "a few a day", Timetable::Spread(3), HALF);
    for index in 0..4 {
        let odd = Odd { audience: Some("https://billing.example/"), ..Odd::default() };
        deck.ask((day + index * 6 * HOUR, "one more api", Truth::Honest), &client, &odd);
    }
    let client = deck.client(1);
    deck.works(&client, "a few a day", Timetable::Spread(3), HALF);
    let egress = client.sites[0].sibling(&mut deck.rng);
    for index in 0..4 {
        let odd = Odd { site: Some(&egress), ..Odd::default() };
        deck.ask((day + index * 6 * HOUR, "new exit without notice", Truth::Honest), &client, &odd);
    }
    let client = deck.client(1);
    deck.works(&client, "a few a day", Timetable::Spread(3), HALF);
    deck.ask(
        (day, "new program", Truth::Honest),
        &client,
        &Odd { agent: Some("node-fetch/3.3"), ..Odd::default() },
    );
    for index in 0..9 {
        deck.ask((day + DAY + index * 30, "row of retries", Truth::Honest), &client, &Odd::default());
    }
    let client = deck.client(1);
    deck.works(&client, "a few a day", Timetable::Spread(1), 0..20);
    deck.ask((day, "once a quarter", Truth::Honest), &client, &Odd::default());
}

fn thieves(deck: &mut Deck) {
    for kind in [
        "abroad",
        "another provider",
        "at the same time",
        "probing scopes",
        "another api",
        "loop",
        "sleeping client",
        "same block",
    ] {
        let client = deck.client(1);
        let (timetable, days) = if kind == "sleeping client" {
            (Timetable::Spread(2), 0..12)
        } else {
            (Timetable::Spread(3), HALF)
        };
        deck.works(&client, "a few a day", timetable, days);
        let home = client.sites[0].clone();
        let (near, far) = (home.nearby(&mut deck.rng), home.abroad(&mut deck.rng));
        let mut second = FROM + deck.rng.within(4..8) * DAY + deck.rng.within(0..DAY);
        let (odd, count, gap) = match kind {
            "abroad" => (Odd { site: Some(&far), agent: Some("curl/8.5.0"), ..Odd::default() }, 4, 2_000),
            "another provider" => (Odd { site: Some(&near), ..Odd::default() }, 4, 2_000),
            "at the same time" => {
                deck.ask((second - 300, "a few a day", Truth::Honest), &client, &Odd::default());
                (Odd { site: Some(&near), ..Odd::default() }, 3, 200)
            }
            "probing scopes" => (
                Odd {
                    scopes: &["read:orders", "read:users", "delete:users", "create:keys", "read:logs"],
                    ..Odd::default()
                },
                3,
                300,
            ),
            "another api" => (
                Odd { audience: Some("https://admin.example/"), scopes: &["read:all"], ..Odd::default() },
                3,
                300,
            ),
            "loop" => (Odd::default(), 30, 60),
            "sleeping client" => (Odd { site: Some(&near), ..Odd::default() }, 3, 900),
            _ => (Odd::default(), 2, 5_000),
        };
        for _ in 0..count {
            deck.ask((second, kind, Truth::Attack), &client, &odd);
            second += gap;
        }
    }
}
