//! Clients that exchange tokens: their own back ends and their users' devices, and clients in other hands.

use super::{
    machine::{Client, Deck, FROM, Odd, Timetable},
    run::{Step, Truth},
    world::{BROWSERS, DAY, HOUR, Site},
};

const SESSION: &str = "urn:example:legacy-session";
const PARTNER: &str = "https://partner.example/token";
const AGENT: &str = "urn:example:agent-session";

/// Days of a history and of some that are measured.
const DAYS: std::ops::Range<i64> = 28..53;

/// All sequences of exchanges.
pub(super) fn steps(seed: u64) -> Vec<Step> {
    let mut deck = Deck::new(seed.wrapping_mul(32_452_843));
    for _ in 0..24 {
        honest(&mut deck);
        thieves(&mut deck);
    }
    deck.steps
}

fn client(deck: &mut Deck, kind: &'static str) -> Client {
    let sites = if kind == "of users' devices" { 30 } else { 1 };
    let mut client = deck.client(sites);
    if sites > 1 {
        client.agents = BROWSERS.to_vec();
        client.sites = (0..sites).map(|_| Site::any(&mut deck.rng)).collect();
    }
    client.kinds = Some((SESSION, (kind == "with an actor").then_some(AGENT)));
    let a_day = if sites > 1 { 12 } else { 4 };
    deck.works(&client, kind, Timetable::Spread(a_day), DAYS);
    client
}

fn honest(deck: &mut Deck) {
    let second = FROM + deck.rng.within(4..8) * DAY + deck.rng.within(8 * HOUR..18 * HOUR);
    for kind in ["of a back end", "of users' devices", "with an actor"] {
        client(deck, kind);
    }
    let mut partner = client(deck, "of a back end");
    partner.kinds = Some((PARTNER, None));
    for index in 0..4 {
        deck.ask((second + index * HOUR, "one more kind of token", Truth::Honest), &partner, &Odd::default());
    }
    let usual = client(deck, "of a back end");
    for index in 0..3 {
        let odd = Odd { scopes: &["read:orders", "read:invoices"], ..Odd::default() };
        deck.ask((second + index * HOUR, "one more scope", Truth::Honest), &usual, &odd);
    }
    let mut reset = client(deck, "with an actor");
    reset.actor.1 = 3;
    deck.ask((second, "actor who forgot", Truth::Honest), &reset, &Odd::default());
}

fn thieves(deck: &mut Deck) {
    for kind in [
        "abroad",
        "another provider",
        "foreign kind of token",
        "actor taken over",
        "made-up actor",
        "another api",
        "same block",
    ] {
        let usual = if kind.contains("actor") { "with an actor" } else { "of a back end" };
        let mut client = client(deck, usual);
        let home = client.sites[0].clone();
        let (near, far) = (home.nearby(&mut deck.rng), home.abroad(&mut deck.rng));
        let second = FROM + deck.rng.within(4..8) * DAY + deck.rng.within(0..DAY);
        let odd = match kind {
            "abroad" => Odd { site: Some(&far), agent: Some("curl/8.5.0"), ..Odd::default() },
            "another provider" => Odd { site: Some(&near), ..Odd::default() },
            "foreign kind of token" => {
                client.kinds = Some((PARTNER, Some(AGENT)));
                Odd { scopes: &["read:all", "write:all"], ..Odd::default() }
            }
            "actor taken over" => {
                client.actor.1 = 1;
                Odd { site: Some(&near), ..Odd::default() }
            }
            "made-up actor" => {
                client.actor = (2, 2);
                Odd { scopes: &["read:all"], ..Odd::default() }
            }
            "another api" => {
                Odd { audience: Some("https://admin.example/"), scopes: &["read:all"], ..Odd::default() }
            }
            _ => Odd::default(),
        };
        for index in 0..3 {
            deck.ask((second + index * 400, kind, Truth::Attack), &client, &odd);
        }
    }
}
