//! Back from the newest run: by undoing it, or by leaving it as it stands.

use anyhow::Context;
use countersign_app::tenant::{Error, Journal, Keeper, Left, Mark, Run, State};

use super::{
    Site,
    apply::{Work, refusal},
    show::{plain, ways_out},
};
use crate::{
    args::{Accepting, Undoing},
    commands::{Verdict, print},
};

pub async fn roll_back(args: &Undoing) -> anyhow::Result<Verdict> {
    if args.abandon {
        return abandon(args);
    }
    let accepting = Accepting {
        accept_scopes: args.accept_scopes.clone().unwrap_or_default(),
        actor: args.actor.clone(),
    };
    let work = Work::open(&args.connected, &accepting).await?;
    let mut journal = work.site.kept.journal()?;
    let is_there = |state| !matches!(state, State::RolledBack | State::Abandoned);
    let Some(run) = journal.newest().filter(|run| is_there(run.state)).cloned() else {
        return refusal(Error::Nothing);
    };
    work.greet(&run.plan).await.with_context(|| ended_early(&journal, &run))?;
    if let Err(error) = work.check(&run.plan) {
        return refusal(error);
    }
    let id = run.plan.id();
    let stays = run.stays();
    if !stays.is_empty() {
        print(&format!("Plan {id} can't be undone as a whole; this stays as it is:\n"));
        list(&stays);
    }
    let secrets = work.site.kept.tokens()?;
    let end = work.installer(&secrets).roll_back(&mut journal).await;
    work.sign().await?;
    let left = end.with_context(|| ended_early(&journal, &run))?;
    if run.done().count() == left.len() && !left.is_empty() {
        print(&format!("Nothing of plan {id} could be undone; `countersign tenant apply` installs anew.\n"));
    } else {
        print(&format!("Plan {id} was rolled back.\n"));
    }
    let late: Vec<Left> = left.into_iter().filter(|left| !stays.contains(left)).collect();
    list(&late);
    Ok(Verdict::Holds)
}

/// What is said when it was not undone to its end.
fn ended_early(journal: &Journal, begun: &Run) -> String {
    let ways = journal.unfinished().map_or_else(String::new, |run| format!(": {}", ways_out(run)));
    format!("plan {} was not undone to its end{ways}", begun.plan.id())
}

fn list(left: &[Left]) {
    for Left { step, why } in left {
        print(&format!("`{}` stays as it is: {}\n", plain(step), plain(why)));
    }
}

/// Leaves the newest run as it stands. Nothing is asked of the tenant, so that it can be done whatever became of it.
fn abandon(args: &Undoing) -> anyhow::Result<Verdict> {
    let site = Site::open(&args.connected)?;
    let _lock = site.kept.lock()?;
    let mut journal = site.kept.journal()?;
    let Some(left) = journal.abandon() else {
        print("Nothing was changed: no run was cut off, so that none can be abandoned.\n");
        return Ok(Verdict::Fails);
    };
    site.kept.keep(&journal)?;
    let Some(run) = journal.newest() else { return Ok(Verdict::Holds) };
    print(&format!("Plan {} was abandoned; nothing was sent to the tenant.\n", run.plan.id()));
    list(&left);
    print(&what_becomes(run));
    Ok(Verdict::Holds)
}

/// What becomes of what an abandoned run left there.
fn what_becomes(run: &Run) -> String {
    let is_untold = |name: &&str| {
        let has_intent = run.entries.get(*name).is_some_and(|entry| entry.done == Some(Mark::Intent));
        name.ends_with(".create") && has_intent && !run.answers.contains_key(*name)
    };
    // Why: without an answer the journal has no id, and only what it has the id of is ours.
    let untold = run.plan.steps.iter().map(|step| step.name.as_str()).filter(is_untold);
    let mut text: String = untold
        .map(|name| {
            format!(
                "What `{}` made, if it did, is not known as ours: it may block the next `countersign tenant apply`, and \
                 `countersign tenant remove` leaves it. Take it over by `--adopt ID`, which `countersign tenant plan` names, or \
                 delete it by hand.\n",
                plain(name)
            )
        })
        .collect();
    let what = if text.is_empty() { "What" } else { "What else" };
    text.push_str(what);
    text.push_str(
        " is there of ours is taken up by the next `countersign tenant apply`, and taken out by \
         `countersign tenant remove`.\n",
    );
    text
}
