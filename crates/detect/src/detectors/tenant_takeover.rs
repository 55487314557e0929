//! A new owner comes, the old ones go, and the log with them.

use std::borrow::Cow;

use countersign_core::Micros;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::feed::{Change, Streams};
use crate::{
    About, Detector, Event, Finding, MINUTE, Param, Params, Severity, StateError, World,
    admin::{Call, Method, texts},
    detectors::Native,
    state::{self, Recent, Seen},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Takeover::new(params)) };

const WINDOW: Param =
    Param { name: "window_minutes", default: 60.0, least: 5.0, most: 1_440.0, text: "the window in minutes" };
const DELETIONS: Param = Param {
    name: "deletions",
    default: 3.0,
    least: 2.0,
    most: 50.0,
    text: "members that one actor removes within the window, without anything else",
};

static ABOUT: About = About {
    id: Cow::Borrowed("tenant_takeover"),
    version: 2,
    title: Cow::Borrowed("The tenant may be changing hands"),
    text: Cow::Borrowed(
        "Joins what takes a tenant over: an owner is invited or made, members are removed, a log stream is paused, deleted or turned \
         elsewhere. Two different of these by one actor, or by the one who was just invited, are found; so are several removals by \
         one. Where the new owner is a stranger, or a stream was put out, it counts too if different actors did it. It is critical where one actor made an owner whose address is at a public mail provider or outside the staff's domains. Where \
         Auth0 Teams manages members, the tenant's log has none of this.",
    ),
    kinds: Cow::Borrowed(&["sapi"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1098", "T1136", "T1531"]),
    false_positives: Cow::Borrowed(&[
        "administrators who hand over to others: ask both",
        "a clean-up of old members",
    ]),
    steps: Cow::Borrowed(&[
        "call another owner by telephone; do not ask in the tenant's own channels",
        "remove the new owner, and revoke the sessions and tokens of who invited them",
        "put the log streams back, and export the log while it is there",
        "open a case with the vendor's support if no owner of yours is left",
    ]),
    params: &[WINDOW, DELETIONS],
    cooldown: 60 * MINUTE,
};

/// How many steps of a tenant are kept.
const KEPT: usize = 64;

/// The most people of one invitation that are followed.
const INVITED: usize = 8;

/// Mail providers where anyone gets an address.
const PUBLIC_MAIL: &[&str] = &[
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "mail.ru",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.com",
    "yandex.ru",
];

struct Takeover {
    window: Micros,
    deletions: usize,
    state: State,
}

#[derive(Serialize, Deserialize)]
struct State {
    steps: Recent<Step>,
    streams: Streams,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    deed: Deed,
    /// Who did it: the person by id, else the client.
    actor: Tag,
    /// The person's address.
    email: Option<Tag>,
    /// Who was invited.
    invited: Option<Tag>,
    /// Whether the new owner is a stranger by their address.
    is_stranger: bool,
    /// Whether we did it ourselves.
    is_own: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Deed {
    MadeOwner,
    RemovedMember,
    BlindedLog,
}

impl Takeover {
    fn new(params: &Params) -> Self {
        Self {
            window: params.span(&WINDOW, MINUTE),
            deletions: params.count(&DELETIONS),
            state: State { steps: Recent::default(), streams: Streams::new() },
        }
    }
}

/// Who becomes an owner by the call; `None` where nobody does.
fn owners(call: &Call) -> Option<Vec<String>> {
    let path = call.path();
    let is_member = matches!(path[..], ["tenants", "invitations" | "members", ..]);
    if !is_member || !matches!(call.method, Method::Post | Method::Put | Method::Patch) {
        return None;
    }
    let roles = call.request.get("roles").and_then(texts).unwrap_or_default();
    let list = |name: &str| call.request.get(name).and_then(texts).unwrap_or_default();
    let owners = list("owners");
    if owners.is_empty() && !roles.iter().any(|role| role.eq_ignore_ascii_case("owner")) {
        return None;
    }
    let answered =
        call.response.as_array().into_iter().flatten().filter_map(|item| item.get("email")?.as_str());
    let single = call.request.get("email").and_then(Value::as_str);
    let mut all: Vec<String> =
        owners.into_iter().chain(answered).chain(single).map(str::to_lowercase).collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(INVITED);
    Some(all)
}

fn is_stranger(email: &str, world: &World<'_>) -> bool {
    let Some((_, domain)) = email.rsplit_once('@') else { return false };
    let staff = &world.context.staff_domains;
    PUBLIC_MAIL.contains(&domain) || (!staff.is_empty() && !staff.contains(domain))
}

/// Why by what Auth0 calls it, too: the path is the dashboard's own, and documented nowhere.
fn is_removal(call: &Call) -> bool {
    let is_called = |name: &String| name.eq_ignore_ascii_case("delete tenant member");
    let is_path = call.method == Method::Delete && matches!(call.path()[..], ["tenants", "members", ..]);
    is_path || call.description.as_ref().is_some_and(is_called)
}

fn steps(event: &Event<'_>, call: &Call, blinded: bool, world: &World<'_>) -> Option<Vec<Step>> {
    let email_tag = |email: &str| event.tag("email", email.as_bytes());
    let (actor, email) = (&call.actor, call.actor.email.as_deref().map(email_tag));
    let by = actor.user.as_deref().map(|user| event.tag("user", user.as_bytes())).or(email);
    let actor = by.or_else(|| Some(event.tag("client", actor.client.as_deref()?.as_bytes())))?;
    let is_own = call.is_own(world.context);
    let step = |deed| Step { deed, actor, email, invited: None, is_stranger: false, is_own };
    if let Some(owners) = owners(call) {
        let invited = owners.iter().map(|owner| Step {
            invited: Some(email_tag(owner)),
            is_stranger: is_stranger(owner, world),
            ..step(Deed::MadeOwner)
        });
        let invited: Vec<Step> = invited.collect();
        return Some(if invited.is_empty() { vec![step(Deed::MadeOwner)] } else { invited });
    }
    if is_removal(call) {
        return Some(vec![step(Deed::RemovedMember)]);
    }
    blinded.then(|| vec![step(Deed::BlindedLog)])
}

/// Why only what is known: whoever manages a tenant as code sends streams again as they are.
const fn is_blinding(change: Change) -> bool {
    matches!(
        change,
        Change::Deleted
            | Change::Paused
            | Change::Redirected(true)
            | Change::Narrowed(true)
            | Change::Masked(true)
    )
}

/// The steps of those who act together with the one of `new`: the same actor, who invited them, and whom they invited.
fn of_one<'s>(near: &'s [Seen<Step>], new: &[Step]) -> Vec<&'s Seen<Step>> {
    let Some(step) = new.first() else { return Vec::new() };
    // Why both ways: the invited one acts by their own account, and is told by the address that was invited.
    let invited_them = |seen: &&Seen<Step>| seen.what.invited.is_some() && seen.what.invited == step.email;
    let inviters: Vec<Tag> = near.iter().filter(invited_them).map(|seen| seen.what.actor).collect();
    let is_theirs = |other: &Step| {
        other.actor == step.actor
            || inviters.contains(&other.actor)
            || new.iter().any(|step| step.invited.is_some() && step.invited == other.email)
    };
    near.iter().filter(|seen| is_theirs(&seen.what)).collect()
}

/// The steps of all, where they can't be those of administrators at their usual work: a stranger was made an owner, or the log was
/// put out. Who took two identities acts by both.
fn of_all<'s>(near: &'s [Seen<Step>], new: &[Step]) -> Vec<&'s Seen<Step>> {
    let others: Vec<&Seen<Step>> = near.iter().filter(|seen| !seen.what.is_own).collect();
    let is_grave = |seen: &&Seen<Step>| seen.what.is_stranger || seen.what.deed == Deed::BlindedLog;
    let is_own = new.iter().any(|step| step.is_own);
    if is_own || !others.iter().any(is_grave) { Vec::new() } else { others }
}

fn count(steps: &[&Seen<Step>], deed: Deed) -> usize {
    let mut entries: Vec<_> =
        steps.iter().filter(|seen| seen.what.deed == deed).map(|seen| seen.seq).collect();
    entries.dedup();
    entries.len()
}

/// How many sorts of steps there are.
fn sorts(steps: &[&Seen<Step>]) -> usize {
    let deeds = [Deed::MadeOwner, Deed::RemovedMember, Deed::BlindedLog];
    deeds.into_iter().filter(|deed| count(steps, *deed) > 0).count()
}

impl Takeover {
    fn severity(&self, steps: &[&Seen<Step>]) -> Option<Severity> {
        let is_stranger = steps.iter().any(|seen| seen.what.is_stranger);
        match sorts(steps) {
            0 | 1 => (count(steps, Deed::RemovedMember) >= self.deletions).then_some(Severity::Medium),
            2 if !is_stranger => Some(Severity::High),
            _ => Some(Severity::Critical),
        }
    }
}

impl Detector for Takeover {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        let blinded = self.state.streams.change(event, call).is_some_and(is_blinding);
        let Some(new) = steps(event, call, blinded, world) else { return };
        let recent = &mut self.state.steps;
        for step in &new {
            recent.insert(Seen { at: event.at(), seq: event.seq, what: *step }, 2 * self.window, KEPT);
        }
        let near: Vec<Seen<Step>> = recent.within(event.at(), self.window).copied().collect();
        let (one, all) = (of_one(&near, &new), of_all(&near, &new));
        let (theirs, severity) = match self.severity(&one) {
            Some(severity) if severity > Severity::Medium || sorts(&all) < 2 => (one, severity),
            _ if sorts(&all) >= 2 => (all, Severity::High),
            _ => return,
        };
        let severity = call.severity(severity, world.context);
        let mut evidence: Vec<_> = theirs.iter().map(|seen| seen.seq).collect();
        evidence.dedup();
        let finding = Finding::new(severity, event.tenant(), event.at()).shown_by(evidence);
        let finding = finding.counted("sorts", sorts(&theirs), 2);
        let removals = count(&theirs, Deed::RemovedMember);
        findings.push(finding.counted(DELETIONS.name, removals, self.deletions));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.streams.evicted()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Context,
        detectors::trial::{Line, Trial, told},
    };

    fn by(email: &str, second: i64, method: &str, path: &str, body: &Value) -> Line {
        let request = json!({"method": method, "path": path, "body": body,
            "auth": {"user": {"user_id": format!("google|{email}"), "email": email}}});
        let details = json!({"request": request, "response": {"statusCode": 201, "body": {}}});
        Line::new("sapi", second).with("tenant_name", "acme").with("details", details)
    }

    fn invite(second: i64, owner: &str) -> Line {
        let body = json!({"owners": [owner], "roles": ["owner"]});
        by("old@corp.test", second, "post", "/api/v2/tenants/invitations", &body)
    }

    fn removal(email: &str, second: i64) -> Line {
        by(email, second, "delete", &format!("/api/v2/tenants/members/m{second}"), &Value::Null)
    }

    #[test]
    fn an_owner_is_invited_and_members_go_by_either_hand() {
        let trial = Trial::of(&[NATIVE]);
        for hand in ["old@corp.test", "New@corp.test"] {
            let lines = [invite(0, "new@corp.test"), removal(hand, 3_600)];
            assert_eq!(told(&trial.run(&lines)), [("acme", Severity::High)], "{hand}");
        }
        let stranger = [invite(0, "x@gmail.com"), removal("old@corp.test", 9)];
        assert_eq!(told(&trial.run(&stranger)), [("acme", Severity::Critical)]);
        let context = Context { staff_domains: ["corp.test".to_owned()].into(), ..Context::default() };
        let outside = [invite(0, "x@other.test"), removal("old@corp.test", 9)];
        assert_eq!(
            told(&Trial::of(&[NATIVE]).knowing(context).run(&outside)),
            [("acme", Severity::Critical)]
        );
        let called = by("old@corp.test", 9, "delete", "/api/v2/somewhere", &Value::Null);
        let called = called.with("description", "Delete tenant member");
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), called]).len(), 1);
        let blinded = by("old@corp.test", 30, "delete", "/api/v2/log-streams/lst_1", &Value::Null);
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), blinded]).len(), 1);
    }

    #[test]
    fn one_step_another_hand_another_hour_or_another_role_is_silent() {
        let trial = Trial::of(&[NATIVE]);
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), invite(9, "newer@corp.test")]), []);
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), removal("third@corp.test", 9)]), []);
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), removal("old@corp.test", 3_601)]), []);
        let viewer =
            by("old@corp.test", 0, "post", "/api/v2/tenants/invitations", &json!({"roles": ["viewer"]}));
        assert_eq!(trial.run(&[viewer, removal("old@corp.test", 9)]), []);
        let renamed = by("old@corp.test", 0, "patch", "/api/v2/log-streams/lst_1", &json!({"name": "x"}));
        assert_eq!(trial.run(&[renamed, removal("old@corp.test", 9)]), []);
    }

    fn stream(by_whom: &str, second: i64, method: &str, body: &Value) -> Line {
        by(by_whom, second, method, "/api/v2/log-streams/lst_1", body)
    }

    #[test]
    fn two_identities_are_one_attack_where_a_stranger_comes_or_the_log_goes() {
        let trial = Trial::of(&[NATIVE]);
        let stranger = [invite(0, "x@gmail.com"), removal("third@corp.test", 9)];
        assert_eq!(told(&trial.run(&stranger)), [("acme", Severity::High)]);
        let gone = |second| stream("third@corp.test", second, "delete", &Value::Null);
        assert_eq!(told(&trial.run(&[invite(0, "new@corp.test"), gone(9)])), [("acme", Severity::High)]);
        let request = json!({"method": "delete", "path": "/api/v2/log-streams/lst_1"});
        let machine = Line::new("sapi", 9).with("tenant_name", "acme").with("client_id", "m2m");
        let machine = machine
            .with("details", json!({"request": request, "response": {"statusCode": 204, "body": null}}));
        assert_eq!(told(&trial.run(&[machine, invite(60, "new@corp.test")])), [("acme", Severity::High)]);
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), gone(3_601)]), []);
    }

    #[test]
    fn a_stream_that_is_sent_again_as_it_is_blinds_nobody() {
        let trial = Trial::of(&[NATIVE]);
        let as_it_is = json!({"sink": {"httpEndpoint": "https://a.test", "httpAuthorization": "x"},
            "filters": [{"type": "category", "name": "auth.login.fail"}], "status": "active"});
        let sent = |second| stream("old@corp.test", second, "patch", &as_it_is);
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), sent(9), sent(60)]), []);
        let elsewhere =
            stream("old@corp.test", 60, "patch", &json!({"sink": {"httpEndpoint": "https://evil.test"}}));
        assert_eq!(trial.run(&[invite(0, "new@corp.test"), sent(9), elsewhere]).len(), 1);
    }

    #[test]
    fn several_removals_by_one_are_medium() {
        let trial = Trial::of(&[NATIVE]);
        let removals = |count| (0..count).map(|n| removal("old@corp.test", n * 60)).collect::<Vec<_>>();
        assert_eq!(told(&trial.run(&removals(3))), [("acme", Severity::Medium)]);
        assert_eq!(trial.run(&removals(2)), []);
    }
}
