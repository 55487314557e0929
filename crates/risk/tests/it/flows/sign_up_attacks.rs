//! Sign-ups of programs and frauds.

use countersign_risk::Short;

use super::{
    names::{Named, Names, local},
    run::{Happening, Truth},
    sign_up::{Client, Deck},
    world::{HOUR, Site},
};

pub(super) const DISPOSABLE: &[&str] = &[
    "mailinator.com",
    "yopmail.com",
    "guerrillamail.com",
    "10minutemail.com",
    "sharklasers.com",
    "trashmail.com",
];

const IMITATIONS: &[&str] = &[
    "acrne-corp.com",
    "acme-c0rp.com",
    "acmee-corp.com",
    "acme-corp.net",
    "acme-corp-login.com",
    "northwind-tradrs.com",
    "northvvind-traders.com",
    "northwind-traders.co",
    "brightwaters.io",
    "brlghtwater.io",
    "brightwater.attacker.example",
    "kessler-und-partners.de",
    "kesslerundpartner.de",
    "meridian-bank-sso.com",
    "meridlan-bank.com",
    "meridian-bnak.com",
    "xn--cme-corp-06g.com",
];

/// Rows of accounts by one program.
pub(super) fn bursts(deck: &mut Deck) {
    let home = Site::any(&mut deck.rng);
    let shared = deck.names.person(&mut deck.rng);
    let domain = format!(
        "{}.{}",
        deck.rng.text("bcdfghklmnprst", 3) + &deck.rng.text("aeiou", 2),
        deck.rng.pick(&["top", "xyz", "site"])
    );
    let stem = deck.rng.text("abcdeghiklmnoprstu", 5);
    let kinds: [(&'static str, i64, (i64, i64), bool); 10] = [
        ("sequence", 12, (30, 120), false),
        ("random at free mail", 10, (40, 200), false),
        ("random at own domain", 12, (60, 400), false),
        ("tags of one mailbox", 8, (60, 600), false),
        ("dots of one mailbox", 8, (60, 600), false),
        ("copied name", 8, (200, 900), true),
        ("links in names", 6, (300, 2_000), true),
        ("names and digits over a range", 12, (200, 1_200), true),
        ("speakable and random", 10, (60, 500), false),
        ("own domain, names that fit", 8, (60, 500), false),
    ];
    for (kind, rows, (least, most), moves) in kinds {
        let mut second = deck.begin();
        let site = if moves { Site::any(&mut deck.rng) } else { home.nearby(&mut deck.rng) };
        for row in 0..rows {
            let (email, name) = address(deck, kind, row, (&stem, &domain), &shared);
            let site = if moves { site.sibling(&mut deck.rng) } else { site.clone() };
            deck.sign_up((second, kind, Truth::Attack), &email, &name, &site, Client::program());
            second += deck.rng.within(least..most);
        }
    }
}

fn address(
    deck: &mut Deck,
    kind: &str,
    row: i64,
    (stem, domain): (&str, &str),
    shared: &Named,
) -> (String, String) {
    let person = deck.names.person(&mut deck.rng);
    let free = Names::free(&mut deck.rng);
    let Named { name, given, family } = person.clone();
    let email = match kind {
        "sequence" => format!("{stem}{}@{free}", row + 1),
        "random at free mail" => {
            format!("{}@{free}", deck.rng.text("abcdefghijklmnopqrstuvwxyz0123456789", 11))
        }
        "random at own domain" => format!("{}@{domain}", deck.rng.text("bcdfghjklmnpqrstvwxz", 9)),
        "tags of one mailbox" => format!("{}+{}@gmail.com", shared.family, deck.rng.text("abcdef012345", 4)),
        "dots of one mailbox" => {
            let mut local: String = shared.given.clone() + &shared.family;
            for _ in 0..3 {
                let last = i64::try_from(local.len()).unwrap();
                let place = usize::try_from(deck.rng.within(1..last)).unwrap();
                local.insert(place, '.');
            }
            format!("{}@gmail.com", local.replace("..", ".").trim_matches('.'))
        }
        "copied name" => {
            let local = local(&person, &mut deck.rng);
            return (format!("{local}@{free}"), shared.name.clone());
        }
        "links in names" => {
            let link = deck.rng.pick(&[
                "Claim your bonus at https://gift.example/x",
                "www.win-500.example",
                "Hot offer free-coins.xyz",
            ]);
            return (format!("{}@{free}", local(&person, &mut deck.rng)), link.to_owned());
        }
        "own domain, names that fit" => format!("{given}.{family}@{domain}"),
        "names and digits over a range" => format!("{given}{family}{}@{free}", deck.rng.within(100..9_999)),
        _ => {
            let syllables: String =
                (0..4).map(|_| deck.rng.text("bdfgklmnprstvz", 1) + &deck.rng.text("aeiou", 1)).collect();
            format!("{syllables}@{domain}")
        }
    };
    (email, name)
}

/// Accounts one by one.
pub(super) fn singles(deck: &mut Deck) {
    for kind in
        ["disposable", "imitation", "imitation", "disguised", "after failures", "after fraud", "careful"]
    {
        let (second, site) = (deck.begin(), Site::any(&mut deck.rng));
        let person = deck.names.person(&mut deck.rng);
        let plain = local(&person, &mut deck.rng);
        let free = Names::free(&mut deck.rng);
        let email = match kind {
            "disposable" => format!("{plain}@{}", deck.rng.pick(DISPOSABLE)),
            "imitation" => format!("{plain}@{}", deck.rng.pick(IMITATIONS)),
            "disguised" => match deck.rng.within(0..3) {
                0 => format!("{plain}@р{}l.com", deck.rng.pick(&["aypa", "opa"])),
                1 => format!("{plain}\u{200b}@{free}"),
                _ => format!("аdmin.{plain}@{free}"),
            },
            _ => format!("{plain}@{free}"),
        };
        let count = if kind == "after failures" { 3 } else { 1 };
        prepare(deck, kind, second, &site);
        for index in 0..count {
            let email = if index == 0 {
                email.clone()
            } else {
                format!("{}@{free}", local(&deck.names.person(&mut deck.rng), &mut deck.rng))
            };
            let client = Client::any(&mut deck.rng);
            deck.sign_up((second + index * 90, kind, Truth::Attack), &email, &person.name, &site, client);
        }
    }
}

/// What the log or a person told of the block before.
fn prepare(deck: &mut Deck, kind: &'static str, second: i64, site: &Site) {
    for index in 0..match kind {
        "after failures" => 25,
        "after fraud" => 3,
        _ => 0,
    } {
        let happening = match kind {
            "after failures" => Happening::Failure(site.ip(index)),
            _ => {
                let [a, b, c] = site.block;
                Happening::Fraud(Short::new(&format!("{a}.{b}.{c}.0/24")))
            }
        };
        deck.step(second - 3 * HOUR + index * 60, kind, Truth::Preparation, happening);
        deck.steps.last_mut().unwrap().subject = format!("victim {second} {index}");
    }
}
