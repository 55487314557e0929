//! What was done at a tenant, and whether it is still so.

use countersign_app::tenant::{Journal, Parts, Run, State};
use countersign_plan::{
    Undo,
    install::{TRIGGERS, deployed_code, name},
    sha256,
};

use super::Site;
use crate::{
    args::Connected,
    commands::{Verdict, print},
};

const fn word(state: State) -> &'static str {
    match state {
        State::Applying => "cut off; `apply` takes it up, `rollback` undoes it",
        State::Applied => "applied",
        State::RollingBack => "cut off while it was rolled back; `rollback` goes on",
        State::RolledBack => "rolled back",
    }
}

fn line(run: &Run) -> String {
    let (steps, done) = (run.plan.steps.len(), run.done().count());
    let irreversible = run.done().filter(|step| matches!(step.undo, Undo::Irreversible(_))).count();
    format!(
        "{}  {}  by {}: {done} of {steps} steps, {irreversible} of them irreversible; {}\n",
        run.at,
        run.plan.id(),
        run.actor,
        word(run.state)
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
        for trigger in TRIGGERS {
            let step = |act: &str| journal.deployed.get(&format!("action.{trigger}.{act}"));
            let Some(action) = observed.our_action(trigger) else { continue };
            let runs = deployed_code(action).map(|code| sha256(code.as_bytes()));
            let is_known =
                runs.as_ref().is_some_and(|runs| [step("create"), step("update")].contains(&Some(runs)));
            let is_bound = observed.bound(trigger).contains(&action.id.as_str());
            holds &= is_known && is_bound;
            print(&format!(
                "{trigger}: `{}` runs {}, {}, {}\n",
                name(action).replace(char::is_control, " "),
                runs.unwrap_or_else(|| "nothing".to_owned()),
                if is_known { "as it was deployed from here" } else { "which was not deployed from here" },
                if is_bound { "bound" } else { "bound nowhere" },
            ));
        }
    }
    Ok(if holds { Verdict::Holds } else { Verdict::Fails })
}
