//! `countersign backtest` and `countersign rules backtest`

mod events;
mod told;

use countersign_rights::Action;
use std::path::Path;

use anyhow::{Context, bail};
use countersign_app::{Backtest, Trial};
use countersign_core::Timestamp;
use countersign_detect::{
    Detector,
    pack::PACK,
    sigma::{self, Located, Values},
};
use countersign_store::Access;

use super::{
    Verdict,
    ledger::only_tenant,
    print,
    rules::{
        self,
        files::{Files, values},
    },
    say,
};
use crate::{
    args::{Backtest as Args, BacktestRules, Over},
    compose::{open_store, system_clock},
    place::Here,
    reference_watch::ReferenceFiles,
};

/// Entries between two words about how far it is.
const WORD: u64 = 100_000;

pub async fn run(args: Args) -> anyhow::Result<Verdict> {
    let rules = if args.rules.is_empty() && args.values.is_none() {
        None
    } else {
        let own = if args.rules.is_empty() { None } else { Some(Files::read(&args.rules)?) };
        let set = values(args.values.as_deref())?;
        match beside_built_in(own.as_ref(), &set) {
            Ok(rules) => Some(rules),
            Err(faults) => return Ok(refuse(&faults)),
        }
    };
    over_store(args.over, Trial { rules, ..Trial::default() }).await
}

/// `countersign rules backtest`
pub async fn rules_alone(args: BacktestRules) -> anyhow::Result<Verdict> {
    let files = Files::read(&args.paths)?;
    let loaded = sigma::load(&files.borrowed(), &values(args.values.as_deref())?);
    let rules = match whole(&files, loaded) {
        Ok(rules) => rules,
        Err(faults) => return Ok(refuse(&faults)),
    };
    match &args.events {
        Some(path) => {
            in_order(&args.over)?;
            let (backtest, faults) = events::run(path, rules, args.over.since, args.over.until)?;
            tell(&backtest, args.over.json)?;
            Ok(if faults == 0 { Verdict::Holds } else { Verdict::Fails })
        }
        None => {
            over_store(args.over, Trial { rules: Some(rules), is_rules_alone: true, ..Trial::default() })
                .await
        }
    }
}

/// The rules that are built in, with files beside them or, by their names, in their places.
fn beside_built_in(own: Option<&Files>, values: &Values) -> Result<Vec<Box<dyn Detector>>, Vec<Located>> {
    let mut files = own.map(Files::borrowed).unwrap_or_default();
    let stem = |name: &str| Path::new(name).file_stem().map(ToOwned::to_owned);
    let replaced: Vec<_> = files.iter().map(|(name, _)| stem(name)).collect();
    files.extend(PACK.iter().copied().filter(|(name, _)| !replaced.contains(&stem(name))));
    let loaded = sigma::load(&files, values);
    match own {
        Some(own) => whole(own, loaded),
        None => loaded,
    }
}

/// What was loaded, where all files hold text.
fn whole(
    files: &Files,
    loaded: Result<Vec<Box<dyn Detector>>, Vec<Located>>,
) -> Result<Vec<Box<dyn Detector>>, Vec<Located>> {
    if files.unread.is_empty() {
        return loaded;
    }
    let mut faults = files.unread.clone();
    faults.extend(loaded.err().unwrap_or_default());
    Err(faults)
}

fn refuse(faults: &[Located]) -> Verdict {
    print(&format!("{}Nothing was tried.\n", rules::told(faults)));
    Verdict::Fails
}

async fn over_store(over: Over, trial: Trial) -> anyhow::Result<Verdict> {
    in_order(&over)?;
    let Over { tenant, since, until, json, folder } = over;
    let config = folder.load()?;
    let tenant = match tenant {
        Some(tenant) => tenant,
        None => {
            let store = open_store(&config, Access::ReadOnly, &system_clock()).await?;
            only_tenant(store.list_tenants().await?)?
        }
    };
    let files = ReferenceFiles::open(&config, &system_clock()).context("files of reference data")?;
    let here = Here::open_watching(config, &tenant, files.places(), Action::ReadIncidents).await?;
    let mut told = 0;
    let progress = |entries: u64, at: Timestamp| {
        if entries / WORD > told {
            told = entries / WORD;
            say(&format!("{entries} entries were looked at, up to {at}"));
        }
    };
    let backtest = here.app.backtest(&here.tenant, Trial { since, until, ..trial }, progress).await?;
    tell(&backtest, json)?;
    Ok(Verdict::Holds)
}

fn in_order(over: &Over) -> anyhow::Result<()> {
    if let (Some(since), Some(until)) = (over.since, over.until)
        && since > until
    {
        bail!("`--since {since}` is after `--until {until}`");
    }
    Ok(())
}

fn tell(backtest: &Backtest, json: bool) -> anyhow::Result<()> {
    print(&if json { format!("{}\n", told::json(backtest)?) } else { told::text(backtest) });
    Ok(())
}
