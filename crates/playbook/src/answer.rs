//! What is wanted, of what was found and confirmed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use countersign_auth0::{
    Json,
    management::{LogId, UserId},
};
use countersign_core::{ClientId, DecisionId, words};
use countersign_detect::{AlertId, Severity};
use countersign_plan::change::{
    AddNetworks, Change, Evidence, Message, OneClient, OneUser, SetMetadata, Wanted,
};
use ipnet::IpNet;
use serde_json::json;

use crate::{CONTAINED, Confirmed, Covered, Playbook, UserChange};

/// The most log entries that a wanted change names as its evidence.
const LOGS: usize = 20;

/// The most alerts that it names.
const ALERTS: usize = 10;

/// The most addresses of one plan: what a list takes of a kind.
const ADDRESSES: usize = 20;

/// The most applications of one plan.
const CLIENTS: usize = 3;

words!(
    /// Why a playbook wants nothing.
    Withheld, "reason", {
        /// The tenant confirms none of the evidence: it knows no such entry, or another one.
        Unconfirmed = "unconfirmed",
        /// All that was confirmed is what anybody can cause: it proves nothing against whom it names.
        Unproved = "unproved",
        /// It proves something, and names nobody for whom the playbook wants anything.
        Nobody = "nobody",
        /// More accounts than the playbook takes at once.
        TooMany = "too_many",
        /// What is wanted can't be planned at the tenant.
        Unplanned = "unplanned",
    }
);

impl Withheld {
    /// What would be right, for a person.
    #[must_use]
    pub const fn right(self) -> &'static str {
        match self {
            Self::Unconfirmed => {
                "the tenant's own log has to know the entries, as they came by the stream; see whether the stream is forged, or the log no longer kept"
            }
            Self::Unproved => {
                "an account is contained on what only a holder of its password, session, token or factor can cause; addresses can be blocked, and people be told"
            }
            Self::Nobody => "an entry has to name an account, application or address of this tenant",
            Self::TooMany => {
                "look whether it is an attack at all, then propose plans yourself, or raise `most_users`"
            }
            Self::Unplanned => {
                "look at the tenant: who or what is named is not there any more, or is of another sort"
            }
        }
    }
}

/// An alert that a playbook answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The alert.
    pub alert: AlertId,
    /// Its detector.
    pub detector: String,
    /// How grave it is.
    pub severity: Severity,
}

/// What a playbook is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The incident.
    pub incident: &'a str,
    /// Its alerts that the playbook answers.
    pub found: &'a [Found],
    /// Those entries that show them and that the tenant confirmed.
    pub confirmed: &'a [Confirmed],
    /// The decisions that entries belong to.
    pub decisions: &'a BTreeMap<LogId, DecisionId>,
    /// What earlier plans were about.
    pub covered: &'a Covered,
    /// Networks that are never blocked.
    pub spared: &'a BTreeSet<String>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it is called.
    pub title: String,
    /// The changes.
    pub wanted: Vec<Wanted>,
    /// Whether people are asked in any case, since part of it rests on what anybody can cause.
    pub asks_people: bool,
}

/// Says what a playbook wants; `None` where all that it could want was wanted before.
///
/// # Errors
/// Why it wants nothing.
pub fn answer(playbook: &Playbook, case: Case<'_>) -> Result<Option<Answer>, Withheld> {
    if case.confirmed.is_empty() {
        return Err(Withheld::Unconfirmed);
    }
    let subjects = Subjects::of(playbook, case)?;
    if playbook.wants() && subjects.is_nobody() {
        return if subjects.has_earlier { Ok(None) } else { Err(why_nobody(playbook, case)) };
    }
    if !playbook.wants() && case.covered.plans > 0 {
        return Ok(None);
    }
    let mut wanted = subjects.wanted(playbook, case);
    let told = subjects.told();
    for receiver in &playbook.notify {
        let text = format!("Playbook {} answers incident {}: {told}.", playbook.name, case.incident);
        let change = Change::Notify(Message { receiver: receiver.clone(), text });
        wanted.push(Wanted {
            change,
            reason: reason(case, case.confirmed.len()),
            evidence: basis(case, &[]),
        });
    }
    let title = format!("Playbook {}: {told}", playbook.name);
    Ok((!wanted.is_empty()).then_some(Answer { title, wanted, asks_people: !subjects.networks.is_empty() }))
}

/// Why nobody is left.
fn why_nobody(playbook: &Playbook, case: Case<'_>) -> Withheld {
    let may_prove = |confirmed: &Confirmed| {
        let cause = confirmed.cause();
        !playbook.users.is_empty() && cause.proves_user()
            || !playbook.clients.is_empty() && cause.proves_client()
            || !playbook.addresses.is_empty() && cause.proves_address()
    };
    if case.confirmed.iter().any(may_prove) { Withheld::Nobody } else { Withheld::Unproved }
}

/// Whom and what something is wanted for.
struct Subjects {
    users: BTreeSet<UserId>,
    clients: BTreeSet<ClientId>,
    networks: Vec<String>,
    /// Whether there is somebody for whom something was wanted before.
    has_earlier: bool,
}

/// An address as a network list takes it: alone, or with those that one machine has of IPv6.
fn network(address: IpAddr) -> Option<IpNet> {
    let prefix = if address.is_ipv4() { 32 } else { 64 };
    IpNet::new(address, prefix).ok().map(|network| network.trunc())
}

/// Whether an address is one that others can have from outside.
const fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

impl Subjects {
    fn of(playbook: &Playbook, case: Case<'_>) -> Result<Self, Withheld> {
        let covered = case.covered;
        let mut has_earlier = false;
        let mut users = BTreeSet::new();
        if !playbook.users.is_empty() {
            for user in case.confirmed.iter().filter_map(Confirmed::proved_user) {
                if covered.users.contains(user) {
                    has_earlier = true;
                } else {
                    users.insert(user.clone());
                }
            }
        }
        if users.len() > playbook.most_users {
            return Err(Withheld::TooMany);
        }
        let mut clients = BTreeSet::new();
        if !playbook.clients.is_empty() {
            for client in case.confirmed.iter().filter_map(Confirmed::proved_client) {
                if covered.clients.contains(client) {
                    has_earlier = true;
                } else {
                    clients.insert(client.clone());
                }
            }
        }
        if clients.len() > CLIENTS {
            return Err(Withheld::TooMany);
        }
        let networks =
            if playbook.addresses.is_empty() { Vec::new() } else { networks(case, &mut has_earlier) };
        Ok(Self { users, clients, networks, has_earlier })
    }

    fn is_nobody(&self) -> bool {
        self.users.is_empty() && self.clients.is_empty() && self.networks.is_empty()
    }

    /// How many there are, in words.
    fn told(&self) -> String {
        let counts = [
            (self.users.len(), "account", "accounts"),
            (self.clients.len(), "application", "applications"),
            (self.networks.len(), "network", "networks"),
        ];
        let told = counts.into_iter().filter(|(count, ..)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more }))
            .collect();
        if told.is_empty() { "people are told".to_owned() } else { told.join(", ") }
    }

    fn wanted(&self, playbook: &Playbook, case: Case<'_>) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for user in &self.users {
            let shows = |one: &&Confirmed| one.user.as_ref() == Some(user);
            let (reason, evidence) = shown(case, shows);
            for change in &playbook.users {
                let change = change.of(user, case.incident);
                wanted.push(Wanted { change, reason: reason.clone(), evidence: evidence.clone() });
            }
        }
        for client in &self.clients {
            let (reason, evidence) = shown(case, |one| one.proved_client() == Some(client));
            let change = Change::RotateClientSecret(OneClient { client: client.clone() });
            wanted.push(Wanted { change, reason, evidence });
        }
        if !self.networks.is_empty() {
            let is_blocked = |one: &&Confirmed| {
                let network = one.proved_address().and_then(network);
                network.is_some_and(|network| self.networks.contains(&network.to_string()))
            };
            let (reason, evidence) = shown(case, is_blocked);
            let part = case.covered.plans + 1;
            let change = Change::AddNetworkBlock(AddNetworks {
                networks: self.networks.clone(),
                list: None,
                description: format!("Countersign {} {} {part}", playbook.name, case.incident),
                priority: 1,
            });
            wanted.push(Wanted { change, reason, evidence });
        }
        wanted
    }
}

/// The networks that most of the entries came from.
fn networks(case: Case<'_>, has_earlier: &mut bool) -> Vec<String> {
    let spared: Vec<IpNet> = case.spared.iter().filter_map(|text| text.parse().ok()).collect();
    let mut counts: BTreeMap<IpNet, usize> = BTreeMap::new();
    let addresses = case.confirmed.iter().filter_map(Confirmed::proved_address);
    for address in addresses.filter(|address| is_outside(*address)) {
        if spared.iter().any(|network| network.contains(&address)) {
            continue;
        }
        let Some(network) = network(address) else { continue };
        if case.covered.networks.contains(&network.to_string()) {
            *has_earlier = true;
        } else {
            *counts.entry(network).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(network, count)| (std::cmp::Reverse(*count), *network));
    let mut networks: Vec<String> =
        counts.into_iter().take(ADDRESSES).map(|(network, _)| network.to_string()).collect();
    networks.sort();
    networks
}

impl UserChange {
    /// The change of this sort of a user; a mark says the incident.
    #[must_use]
    pub fn of(self, user: &UserId, incident: &str) -> Change {
        let one = OneUser { user: user.clone() };
        match self {
            Self::MarkContained => {
                let mark = (CONTAINED.to_owned(), Json(json!({ "incident": incident })));
                Change::SetAppMetadata(SetMetadata { user: user.clone(), keys: BTreeMap::from([mark]) })
            }
            Self::BlockUser => Change::BlockUser(one),
            Self::ForcePasswordReset => Change::ForcePasswordReset(one),
            Self::ResetMfa => Change::ResetMfa(one),
            Self::RevokeSessions => Change::RevokeSessions(one),
            Self::RevokeRefreshTokens => Change::RevokeRefreshTokens(one),
            Self::RevokeAccess => Change::RevokeAccess(one),
        }
    }
}

/// Reason and evidence of what some of the entries show.
fn shown(case: Case<'_>, shows: impl Fn(&&Confirmed) -> bool) -> (String, Vec<Evidence>) {
    let mut entries: Vec<&Confirmed> = case.confirmed.iter().filter(shows).collect();
    entries.sort_by_key(|entry| (!entry.cause().proves_user(), std::cmp::Reverse(entry.at)));
    (reason(case, entries.len()), basis(case, &entries))
}

/// Why, in our words: detectors' names, and numbers.
fn reason(case: Case<'_>, entries: usize) -> String {
    let detectors: BTreeSet<&str> = case.found.iter().map(|found| &*found.detector).take(ALERTS).collect();
    let detectors: Vec<&str> = detectors.into_iter().collect();
    let worst = case.found.iter().map(|found| found.severity).max().map_or("", Severity::word);
    let (entries, stand) = if entries == 1 {
        ("1 entry".to_owned(), "stands as it was")
    } else {
        (format!("{entries} entries"), "stand as they were")
    };
    format!(
        "Found by {} ({worst}). {entries} of the tenant's log that show it were read again there, and {stand} journaled.",
        detectors.join(", ")
    )
}

fn basis(case: Case<'_>, entries: &[&Confirmed]) -> Vec<Evidence> {
    let mut evidence = vec![Evidence::Incident { id: case.incident.to_owned() }];
    evidence
        .extend(case.found.iter().take(ALERTS).map(|found| Evidence::Alert { id: found.alert.to_string() }));
    for entry in entries.iter().take(LOGS) {
        evidence.push(Evidence::Log { id: entry.id.clone() });
        evidence.extend(case.decisions.get(&entry.id).map(|id| Evidence::Decision { id: id.clone() }));
    }
    evidence
}
