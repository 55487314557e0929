//! Signing in.

use countersign_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Grant, Order, Outcome, apply, gather,
    issue::{self, Issue},
    limits::{self, Limit},
    order::Kind,
    play::Play,
    session, text, wait,
};
use crate::{
    flow::{self, Ask, Bound, Came, Ending, Facts, Failed, FlowEnd},
    tenant::{
        Fault, Tenant,
        access::{Block, NewMethod},
        iso,
    },
};

/// A sign-in by a browser, silently, or by a password alone.
pub(super) async fn run(play: &mut Play<'_>, mut order: Order) -> Result<Outcome, Fault> {
    let bound = play.bound("post-login")?;
    let (at, id) = (play.at, play.dice().alphanumeric(22));
    let (facts, failed) = play.with(|tenant| {
        if order.goes_by_session() {
            return session::facts(tenant, &mut order, at);
        }
        let mut facts = gather::facts(tenant, &order, at)?;
        if order.protocol.as_deref() != Some("oauth2-password") {
            facts.session = session::begun(tenant.state(), &order, &facts, &id, at);
        }
        let failed = check(tenant, &order, &facts, at);
        if failed.is_empty() {
            session::agree(tenant.state_mut(), text(&facts.user, "user_id"), &order);
        }
        Ok((facts, failed))
    })?;
    if !failed.is_empty() {
        return Ok(refuse(play, &facts, &failed));
    }
    let end = flow::login(&mut play.stage(), &facts, &bound).await;
    settle(play, &order, facts, &bound, end).await
}

/// Whether a sign-in fails before any Action runs, and how; counts what counts.
fn check(tenant: &mut Tenant, order: &Order, facts: &Facts, at: Timestamp) -> Vec<Failed> {
    let (user, ip) = (text(&facts.user, "user_id").to_owned(), facts.visit.ip.as_str());
    let pair = limits::pair(&user, ip);
    if limits::is_throttled(tenant.state_mut(), ip, at) {
        return vec![Failed::AddressLimit];
    }
    if user.is_empty() {
        limits::count_address(tenant.state_mut(), ip, at);
        return vec![Failed::User];
    }
    let identifier = identifier(order, facts);
    if tenant.state().is_blocked(&identifier, ip, at) {
        return vec![Failed::AccountLimit];
    }
    let is_wrong = order.password.as_deref().is_some_and(|password| !tenant.has_password(&user, password));
    if is_wrong {
        limits::count_address(tenant.state_mut(), ip, at);
        if !Limit::Account.count(tenant.state_mut(), &pair, at) {
            return vec![Failed::Password];
        }
        let connection = text(&facts.connection, "name");
        tenant.state_mut().block(&Block { identifier: &identifier, ip, connection }, at);
        // Why: once the block is lifted, counting begins anew.
        Limit::Account.clear(tenant.state_mut(), &pair);
        return vec![Failed::Password, Failed::AccountLimit];
    }
    if facts.user.get("blocked") == Some(&Value::Bool(true)) {
        return vec![Failed::Blocked];
    }
    if !is_member(tenant, facts, &user) {
        return vec![Failed::Member];
    }
    if Limit::Rate.is_reached(tenant.state(), &pair, at) {
        return vec![Failed::RateLimit];
    }
    Limit::Rate.count(tenant.state_mut(), &pair, at);
    Limit::Account.clear(tenant.state_mut(), &pair);
    Vec::new()
}

/// What the user is called at the sign-in.
fn identifier(order: &Order, facts: &Facts) -> String {
    let names = ["email", "username", "phone_number"].map(|name| text(&facts.user, name));
    let mut given = names.into_iter().filter(|name| !name.is_empty());
    let typed = given.clone().find(|name| name.eq_ignore_ascii_case(&order.user));
    typed.or_else(|| given.next()).unwrap_or(&order.user).to_owned()
}

/// Whether the user belongs to the organization of a sign-in; becomes a member where the connection makes members.
pub(super) fn is_member(tenant: &mut Tenant, facts: &Facts, user: &str) -> bool {
    let organization = text(&facts.organization, "id");
    if organization.is_empty() {
        return true;
    }
    let links = &mut tenant.state_mut().links;
    if links.has("organization_members", organization, user) {
        return true;
    }
    let connection = text(&facts.connection, "id");
    let assigns = links.rights("organization_connections", organization).any(|(id, settings)| {
        id == connection && settings.get("assign_membership_on_login") == Some(&Value::Bool(true))
    });
    if assigns {
        links.add("organization_members", organization, user, Value::Null);
    }
    assigns
}

/// Writes down a sign-in that failed by itself.
fn refuse(play: &mut Play<'_>, facts: &Facts, failed: &[Failed]) -> Outcome {
    let ends: Vec<FlowEnd> =
        failed.iter().map(|failed| flow::failed_login(&mut play.stage(), facts, *failed)).collect();
    let at = play.at;
    play.with(|tenant| ends.iter().for_each(|end| apply::end(tenant, end, "", at)));
    let logs = ends.iter().flat_map(|end| &end.logs).map(|log| text(log, "type").to_owned()).collect();
    // Why the first: that a limit is reached now is told with the next try.
    let mut outcome = ends.first().map(Outcome::of).unwrap_or_default();
    outcome.logs = logs;
    outcome
}

/// Answers a challenge with the factor of the order, then writes down how the sign-in ended.
pub(super) async fn settle(
    play: &mut Play<'_>,
    order: &Order,
    mut facts: Facts,
    bound: &[Bound],
    mut end: FlowEnd,
) -> Result<Outcome, Fault> {
    let mut enrolled = None;
    if let (Ending::Suspended(waiting), Some(factor)) = (&end.ending, &order.factor)
        && matches!(waiting.ask, Ask::Challenge(_) | Ask::Enroll(_))
    {
        let passes = order.passes != Some(false);
        let came = if passes { Came::Passed(factor.clone()) } else { Came::NotPassed(factor.clone()) };
        let next = flow::continue_login(&mut play.stage(), &facts, bound, waiting, &came).await;
        // Why not a fault: a factor that was not asked for leaves the person before the challenge.
        if let Ok(mut next) = next {
            if passes {
                facts.methods.push(json!({"name": "mfa", "type": factor, "timestamp": iso(play.at)}));
                enrolled = matches!(waiting.ask, Ask::Enroll(_)).then(|| factor.clone());
            }
            next.logs.splice(0..0, std::mem::take(&mut end.logs));
            end = next;
        }
    }
    let (at, base_url) = (play.at, play.base_url);
    play.with(|tenant| {
        if let Some(factor) = enrolled {
            enroll(tenant, text(&facts.user, "user_id"), &factor, at);
        }
        written(tenant, order, &facts, &end, at, base_url)
    })
}

/// Remembers a factor that was enrolled.
pub(super) fn enroll(tenant: &mut Tenant, user_id: &str, factor: &str, at: Timestamp) {
    let kind = gather::kind_of(factor);
    tenant.state_mut().enroll(&NewMethod { user_id, kind, ..NewMethod::default() }, at);
}

/// Writes down how a sign-in ended, and gives what it gives.
pub(super) fn written(
    tenant: &mut Tenant,
    order: &Order,
    facts: &Facts,
    end: &FlowEnd,
    at: Timestamp,
    base_url: &str,
) -> Result<Outcome, Fault> {
    let user = text(&facts.user, "user_id").to_owned();
    apply::end(tenant, end, &user, at);
    let mut outcome = Outcome::of(end);
    outcome.user_id = Some(user.clone()).filter(|user| !user.is_empty());
    match &end.ending {
        Ending::Suspended(waiting) => wait::keep(tenant, Kind::Login, order, facts, waiting, at),
        Ending::Refused(_) => {
            if end.session.revoked.is_some() {
                apply::session(tenant.state_mut(), facts, &end.session, at);
            }
        }
        Ending::Done => {
            let lives = apply::session(tenant.state_mut(), facts, &end.session, at);
            let own = text(&facts.session, "id");
            outcome.session_id = Some(own.to_owned()).filter(|id| lives && !id.is_empty());
            // Why: the browser has one session, and nothing proves the one before any more.
            if let Some(before) = order.session_id.as_deref().filter(|before| *before != own) {
                session::end(tenant.state_mut(), before, at);
            }
            let grant = grant(order, facts, end, outcome.session_id.clone(), at);
            let issue =
                Issue { grant, device: apply::device(facts), redirect_uri: order.redirect_uri.clone() };
            if order.code {
                outcome.code = Some(issue.code(tenant, order.code_challenge.as_deref(), at));
            } else {
                outcome.tokens = issue::tokens(tenant, &issue, base_url, at);
            }
        }
    }
    Ok(outcome)
}

fn grant(order: &Order, facts: &Facts, end: &FlowEnd, session_id: Option<String>, at: Timestamp) -> Grant {
    let user_id = end.primary_user.clone().unwrap_or_else(|| text(&facts.user, "user_id").to_owned());
    let names = facts.methods.iter().map(|method| text(method, "name").to_owned());
    let started = text(&facts.session, "authenticated_at").parse::<Timestamp>().unwrap_or(at);
    let is_password = order.protocol.as_deref() == Some("oauth2-password");
    Grant {
        user_id,
        client_id: order.client_id.clone(),
        audience: order.audience.clone(),
        scopes: end.scopes.clone(),
        nonce: order.nonce.clone(),
        session_id,
        organization: facts.organization.clone(),
        methods: names.collect(),
        auth_time: started.seconds(),
        claims: end.claims.clone(),
        gty: is_password.then(|| "password".to_owned()),
        actor: end.exchange.actor.clone(),
        is_unsigned: order.is_unsigned,
    }
}

/// A form's fields, as an event has them.
pub(super) fn form(ask: &Ask, fields: &Map<String, Value>) -> Value {
    match ask {
        Ask::Form(form) => json!({"id": form.get("id"), "fields": fields, "vars": form.get("vars")}),
        _ => Value::Null,
    }
}
