//! Resetting and changing a password.

use serde_json::Value;

use super::{Order, Outcome, apply, gather, order::Kind, play::Play, text, wait};
use crate::{
    flow::{self, Came, Ending, Facts, FlowEnd},
    tenant::Fault,
};

/// The shortest password that is taken.
pub(super) const SHORTEST: usize = 8;

/// Asks for a reset by mail and goes on as if the link in it was followed.
pub(super) async fn reset(play: &mut Play<'_>, order: Order) -> Result<Outcome, Fault> {
    let bound = play.bound("password-reset-post-challenge")?;
    let facts = known(play, &order)?;
    let at = play.at;
    let asked = flow::ask_reset(&mut play.stage(), &facts, true);
    play.with(|tenant| apply::end(tenant, &asked, "", at));
    let mut end = flow::reset(&mut play.stage(), &facts, &bound).await;
    if let (Ending::Suspended(waiting), Some(factor)) = (&end.ending, &order.factor) {
        let came = if order.passes == Some(false) { Came::NotPassed } else { Came::Passed };
        let came = came(factor.clone());
        if let Ok(next) = flow::continue_reset(&mut play.stage(), &facts, &bound, waiting, &came).await {
            end = next;
        }
    }
    let mut outcome = settle(play, &order, facts, end).await?;
    outcome.logs.splice(0..0, asked.logs.iter().map(|log| text(log, "type").to_owned()));
    Ok(outcome)
}

/// Writes down how a reset ended, and changes the password where a new one was given.
pub(super) async fn settle(
    play: &mut Play<'_>,
    order: &Order,
    facts: Facts,
    end: FlowEnd,
) -> Result<Outcome, Fault> {
    let at = play.at;
    let user = text(&facts.user, "user_id").to_owned();
    play.with(|tenant| {
        apply::end(tenant, &end, &user, at);
        if let Ending::Suspended(waiting) = &end.ending {
            wait::keep(tenant, Kind::Reset, order, &facts, waiting, at);
        }
    });
    let mut outcome = Outcome::of(&end);
    if end.ending == Ending::Done
        && let Some(password) = &order.new_password
    {
        let next = changed(play, &facts, password).await?;
        outcome.logs.extend(next.logs);
        outcome.executions.extend(next.executions);
        (outcome.kind, outcome.refusal) = (next.kind, next.refusal);
    }
    outcome.user_id = Some(user);
    Ok(outcome)
}

/// Changes a password, by its owner.
pub(super) async fn change(play: &mut Play<'_>, order: Order) -> Result<Outcome, Fault> {
    let facts = known(play, &order)?;
    let password =
        order.new_password.as_deref().ok_or_else(|| Fault::new(400, "`new_password` is missing."))?;
    changed(play, &facts, password).await
}

async fn changed(play: &mut Play<'_>, facts: &Facts, password: &str) -> Result<Outcome, Fault> {
    let bound = play.bound("post-change-password")?;
    let (at, user) = (play.at, text(&facts.user, "user_id").to_owned());
    let end = if password.chars().count() < SHORTEST {
        flow::failed_change_password(&mut play.stage(), facts, "Password is too weak")
    } else {
        play.with(|tenant| tenant.set_password(&user, password));
        flow::change_password(&mut play.stage(), facts, &bound).await
    };
    play.with(|tenant| apply::end(tenant, &end, &user, at));
    Ok(Outcome { user_id: Some(user), ..Outcome::of(&end) })
}

/// The facts of somebody who is there.
fn known(play: &Play<'_>, order: &Order) -> Result<Facts, Fault> {
    let at = play.at;
    let facts = play.with(|tenant| gather::facts(tenant, order, at))?;
    if facts.user == Value::Null { Err(Fault::new(400, "Unknown user.")) } else { Ok(facts) }
}
