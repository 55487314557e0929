//! A new owner comes, the old ones go, and the log with them.

use std::borrow::Cow;

use countersign_core::Micros;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::feed;
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
    version: 1,
    title: Cow::Borrowed("The tenant may be changing hands"),
    text: Cow::Borrowed(
        "Joins what takes a tenant over: an owner is invited or made, members are removed, a log stream is paused, deleted or turned \
         elsewhere. Two different of these by one actor, or by the one who was just invited, are found; so are several removals by \
         one. It is critical where the new owner's address is at a public mail provider or outside the staff's domains. Where \
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
    steps: Recent<Step>,
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
            steps: Recent::default(),
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

fn steps(event: &Event<'_>, call: &Call, world: &World<'_>) -> Option<Vec<Step>> {
    let email_tag = |email: &str| event.tag("email", email.as_bytes());
    let (actor, email) = (&call.actor, call.actor.email.as_deref().map(email_tag));
    let by = actor.user.as_deref().map(|user| event.tag("user", user.as_bytes())).or(email);
    let actor = by.or_else(|| Some(event.tag("client", actor.client.as_deref()?.as_bytes())))?;
    let step = |deed| Step { deed, actor, email, invited: None, is_stranger: false };
    if let Some(owners) = owners(call) {
        let invited = owners.iter().map(|owner| Step {
            invited: Some(email_tag(owner)),
            is_stranger: is_stranger(owner, world),
            ..step(Deed::MadeOwner)
        });
        let invited: Vec<Step> = invited.collect();
        return Some(if invited.is_empty() { vec![step(Deed::MadeOwner)] } else { invited });
    }
    let deed = if is_removal(call) {
        Deed::RemovedMember
    } else {
        feed::stream_change(call, None)?;
        Deed::BlindedLog
    };
    Some(vec![step(deed)])
}

impl Detector for Takeover {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        let Some(new) = steps(event, call, world) else { return };
        for step in &new {
            self.steps.insert(Seen { at: event.at(), seq: event.seq, what: *step }, 2 * self.window, KEPT);
        }
        let Some(step) = new.first() else { return };
        let near: Vec<Seen<Step>> = self.steps.within(event.at(), self.window).copied().collect();
        // Why both ways: the invited one acts by their own account, and is told by the address that was invited.
        let inviters: Vec<Tag> = near
            .iter()
            .filter(|seen| seen.what.invited.is_some() && seen.what.invited == step.email)
            .map(|seen| seen.what.actor)
            .collect();
        let is_theirs = |other: &Step| {
            other.actor == step.actor
                || inviters.contains(&other.actor)
                || new.iter().any(|step| step.invited.is_some() && step.invited == other.email)
        };
        let theirs: Vec<&Seen<Step>> = near.iter().filter(|seen| is_theirs(&seen.what)).collect();
        let count = |deed| {
            let mut entries: Vec<_> =
                theirs.iter().filter(|seen| seen.what.deed == deed).map(|seen| seen.seq).collect();
            entries.dedup();
            entries.len()
        };
        let counts = [Deed::MadeOwner, Deed::RemovedMember, Deed::BlindedLog].map(count);
        let sorts = counts.iter().filter(|count| **count > 0).count();
        let [_, removals, _] = counts;
        if sorts < 2 && removals < self.deletions {
            return;
        }
        let is_stranger = theirs.iter().any(|seen| seen.what.is_stranger);
        let severity = match sorts {
            0 | 1 => Severity::Medium,
            2 if !is_stranger => Severity::High,
            _ => Severity::Critical,
        };
        let severity = call.severity(severity, world.context);
        let mut evidence: Vec<_> = theirs.iter().map(|seen| seen.seq).collect();
        evidence.dedup();
        let finding = Finding::new(severity, event.tenant(), event.at()).shown_by(evidence);
        let finding = finding.counted("sorts", sorts, 2);
        findings.push(finding.counted(DELETIONS.name, removals, self.deletions));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.steps)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.steps = state::restore(ABOUT.version, saved)?;
        Ok(())
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

    #[test]
    fn several_removals_by_one_are_medium() {
        let trial = Trial::of(&[NATIVE]);
        let removals = |count| (0..count).map(|n| removal("old@corp.test", n * 60)).collect::<Vec<_>>();
        assert_eq!(told(&trial.run(&removals(3))), [("acme", Severity::Medium)]);
        assert_eq!(trial.run(&removals(2)), []);
    }
}
