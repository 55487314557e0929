//! What was done at a tenant, and whether it is still so.

use countersign_app::tenant::{Journal, Parts, Run, State};
use countersign_plan::{
    Purpose,
    install::{TRIGGERS, deployed_code, name},
    sha256,
};

use super::Site;
use crate::{
    args::Connected,
    commands::{Verdict, print},
};

/// A text of the journal's, without what could steer a terminal.
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The commands that lead out of where a run was cut off.
pub fn ways_out(run: &Run) -> String {
    let id = run.plan.id();
    let leaves = "`countersign tenant rollback --abandon` leaves it as it stands and says what is there";
    match (run.state, run.plan.purpose) {
        (State::Applying, Purpose::Install) => format!(
            "`countersign tenant apply`, without --plan-id or with `--plan-id {id}`, takes it up; \
             `countersign tenant rollback` undoes it; {leaves}"
        ),
        (State::Applying, Purpose::Remove) => format!(
            "`countersign tenant remove` takes it up; `countersign tenant rollback` undoes what of it can be \
             undone; {leaves}"
        ),
        (State::RollingBack, _) => format!("`countersign tenant rollback` goes on; {leaves}"),
        (State::Applied | State::RolledBack | State::Abandoned, _) => "it came to its end".to_owned(),
    }
}

fn word(run: &Run) -> String {
    match run.state {
        State::Applying => format!("cut off: {}", ways_out(run)),
        State::Applied => "applied".to_owned(),
        State::RollingBack => format!("cut off while it was rolled back: {}", ways_out(run)),
        State::RolledBack => "rolled back".to_owned(),
        State::Abandoned => "abandoned as it stood".to_owned(),
    }
}

fn line(run: &Run) -> String {
    let (steps, done) = (run.plan.steps.len(), run.done().count());
    let irreversible = run.stays().len();
    format!(
        "{}  {}  by {}: {done} of {steps} steps, {irreversible} of them irreversible; {}\n",
        run.at,
        run.plan.id(),
        run.actor,
        word(run)
    )
}

fn told(journal: &Journal) -> String {
    if journal.runs.is_empty() {
        return "Nothing was done at this tenant from here.\n".to_owned();
    }
    journal.runs.iter().map(line).collect()
}

pub async fn status(args: &Connected) -> anyhow::Result<Verdict> {
    let site = Site::open(args)?;
    let journal = site.kept.journal()?;
    print(&told(&journal));
    let mut holds = journal.unfinished().is_none();
    if args.client_id.is_some() {
        let management = site.reader(args)?;
        let parts =
            Parts { actions: true, log_streams: false, event_streams: false, apis: false, clients: false };
        let observed = site.observe(&management, parts).await?.recognized();
        let installed = journal.installed().unwrap_or_default();
        for trigger in TRIGGERS {
            let Some(action) = observed.our_action(trigger) else { continue };
            let runs = deployed_code(action).map(|code| sha256(code.as_bytes()));
            let ours = installed.actions.get(&trigger).map(|action| &action.applied);
            let is_known = runs.as_ref().zip(ours).is_some_and(|(runs, ours)| ours.contains(runs));
            let is_bound = observed.bound(trigger).contains(&action.id.as_str());
            holds &= is_known && is_bound;
            print(&format!(
                "{trigger}: `{}` runs {}, {}, {}\n",
                plain(name(action)),
                runs.unwrap_or_else(|| "nothing".to_owned()),
                if is_known { "as it was deployed from here" } else { "which was not deployed from here" },
                if is_bound { "bound" } else { "bound nowhere" },
            ));
        }
    }
    Ok(if holds { Verdict::Holds } else { Verdict::Fails })
}
