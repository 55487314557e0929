//! Fake accounts that get through, by simpler ways to find them and by ours, where none asks more honest people for more.

use std::collections::BTreeMap;

use countersign_auth0::trigger::pre_user_registration::PreUserRegistration;
use countersign_core::Timestamp;
use countersign_risk::Model;

use super::{
    SEED,
    names::FREE,
    run::{Happening, ORGANIZATIONS, Step, Truth, run},
    sign_up,
    sign_up_attacks::DISPOSABLE,
    world::HOUR,
};

/// Of a thousand honest sign-ups, how many may be asked for more.
const SHARES_MILLI: [usize; 3] = [10, 50, 100];

/// What was found of one sign-up by one of the ways: in truth, and how suspicious it is; 0 is not at all.
type Judged = (Truth, u32);

/// Sign-ups seen so far within an hour, by what they have in common.
#[derive(Default)]
struct Seen(BTreeMap<String, Vec<Timestamp>>);

impl Seen {
    /// How many were there before within the hour; counts this one.
    fn before(&mut self, key: &str, at: Timestamp) -> usize {
        let times = self.0.entry(key.to_owned()).or_default();
        times.retain(|time| at.since(*time) <= HOUR * 1_000_000);
        times.push(at);
        times.len() - 1
    }
}

/// What a list of disposable domains alone finds: one that knows every such domain of these sequences.
fn by_list(event: &PreUserRegistration) -> u32 {
    let (_, domain) = parts(event);
    u32::from(DISPOSABLE.contains(&domain))
}

/// Points by the rules that such sets usually have, on the same perfect list and with the organizations' domains.
fn by_rules(event: &PreUserRegistration, at: Timestamp, is_business: bool, seen: &mut Seen) -> u32 {
    let (local, domain) = parts(event);
    let name = event.user.name.as_option().map_or("", String::as_str).to_lowercase();
    let block = event.request.ip.rsplit_once('.').map_or("", |(block, _)| block);
    let (from_block, at_domain) = (seen.before(block, at), seen.before(domain, at));
    let is_free = FREE.contains(&domain);
    let words = || name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= 3);
    let is_like = |known: &&str| *known != domain && strsim::osa_distance(known, domain) <= 2;
    let is_consonant = |c: char| c.is_ascii_lowercase() && !"aeiouy".contains(c);
    let rules = [
        (3, DISPOSABLE.contains(&domain)),
        (2, ORGANIZATIONS.iter().any(is_like)),
        (2, name.contains("://") || name.contains("www.")),
        (2, from_block >= 4),
        (1, at_domain >= 4 && !is_free),
        (1, is_free && is_business),
        (1, local.contains('+')),
        (1, local.chars().filter(char::is_ascii_digit).count() >= 4),
        (1, local.split(|c| !is_consonant(c)).any(|run| run.len() >= 5)),
        (1, !name.contains('@') && !words().any(|word| local.contains(word))),
    ];
    rules.into_iter().filter(|(_, holds)| *holds).map(|(points, _)| points).sum()
}

fn parts(event: &PreUserRegistration) -> (&str, &str) {
    event.user.email.as_option().and_then(|email| email.rsplit_once('@')).unwrap_or_default()
}

/// Every sign-up by the list, the rules and ours, in the order of time.
fn judged(is_business: bool) -> [Vec<Judged>; 3] {
    let mut steps = sign_up::steps(SEED, is_business);
    steps.sort_by_key(|step| step.at);
    let mut seen = Seen::default();
    let (mut list, mut rules) = (Vec::new(), Vec::new());
    for Step { at, truth, happening, .. } in &steps {
        if let Happening::SignUp(event) = happening {
            list.push((*truth, by_list(event)));
            rules.push((*truth, by_rules(event, *at, is_business, &mut seen)));
        }
    }
    let ours = run(steps, is_business, &Model::default());
    let ours = ours.into_iter().map(|measured| (measured.truth, measured.assessment.score.millionths()));
    [list, rules, ours.collect()]
}

/// Of a thousand fake accounts, how many get through at the strictest setting that asks at most so many of a thousand honest
/// people; all of them where no setting asks so few.
fn through_milli(judged: &[Judged], share_milli: usize) -> usize {
    let of = |wanted| judged.iter().filter(move |(truth, _)| *truth == wanted);
    let (fakes, honest) = (of(Truth::Attack).count(), of(Truth::Honest).count());
    let found = |wanted, least: u32| of(wanted).filter(|(_, found)| *found >= least).count();
    let settings = judged.iter().map(|(_, found)| *found).filter(|found| *found > 0);
    let fitting = settings.filter(|least| found(Truth::Honest, *least) * 1_000 <= share_milli * honest);
    let most = fitting.min().map_or(0, |least| found(Truth::Attack, least));
    ((fakes - most) * 1_000 + fakes / 2) / fakes
}

#[test]
fn fewer_fake_accounts_get_through_than_by_lists_and_rules_that_ask_as_many_honest_people() {
    let page = include_str!("../../../../../docs/flows.md");
    let tenths = |milli: usize| format!("{}.{} %", milli / 10, milli % 10);
    let mut missing = Vec::new();
    for (title, is_business) in [("free mail unusual", true), ("free mail usual", false)] {
        let judged = judged(is_business);
        assert!(judged.iter().all(|found| found.len() == judged[0].len()), "each sign-up by each way");
        for share_milli in SHARES_MILLI {
            let [list, rules, ours] = [0, 1, 2].map(|way| through_milli(&judged[way], share_milli));
            assert!(ours < rules.min(list), "{title} at {share_milli}: {list} {rules} {ours}");
            let cells = [share_milli, list, rules, ours].map(tenths).join(" | ");
            let row = format!("| {title} | {cells} |");
            println!("{row}");
            if !page.contains(&row) {
                missing.push(row);
            }
        }
    }
    assert!(missing.is_empty(), "docs/flows.md has other figures: {missing:#?}");
}
