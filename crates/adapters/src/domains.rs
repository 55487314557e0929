//! Domains by the operator's own files: kinds of mailboxes, and public suffixes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use countersign_app::reference::{DataSet, DomainLists, DomainSet, Domains, Lists, Suffixes, named};
use countersign_core::{Clock, Timestamp};
use parking_lot::Mutex;

use crate::files::{Fault, Faults, Parsed, Source, Why, text, whole};

/// The longest list that is read, in bytes: some two million domains.
pub const MAX_LIST_BYTES: u64 = 32 * 1024 * 1024;

const DOMAIN: &str = "no domain, such as `mailinator.com`; one a line, comments behind `#`";
const RULE: &str = "no rule, such as `co.uk`, `*.ck` or `!www.ck`; comments behind `//`";

/// Which files there are.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Domains of addresses that last for minutes, beside the embedded ones.
    pub disposable: Option<PathBuf>,
    /// Domains of mailboxes that anyone may open, beside the embedded ones.
    pub free_mail: Option<PathBuf>,
    /// Public suffixes in the form of publicsuffix.org, in place of the embedded ones.
    pub suffixes: Option<PathBuf>,
}

/// The files as they were last read.
pub struct DomainFiles {
    clock: Arc<dyn Clock>,
    sources: Mutex<Sources>,
    lists: ArcSwap<Lists>,
    sets: ArcSwap<Vec<DataSet>>,
}

struct Sources {
    disposable: Option<Source<DomainSet>>,
    free_mail: Option<Source<DomainSet>>,
    suffixes: Option<Source<Suffixes>>,
}

impl DomainFiles {
    /// Reads all files.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Faults> {
        let mut sources = Sources {
            disposable: source("reference.disposable_domains", settings.disposable.as_deref()),
            free_mail: source("reference.free_mail_domains", settings.free_mail.as_deref()),
            suffixes: source("reference.public_suffixes", settings.suffixes.as_deref()),
        };
        let (_, faults) = sources.look(clock.now());
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let lists = ArcSwap::from_pointee(sources.lists());
        let sets = ArcSwap::from_pointee(sources.sets());
        Ok(Self { clock, sources: Mutex::new(sources), lists, sets })
    }

    /// Reads again what was replaced since the last look, and puts what can be used in force at once; says whether anything
    /// was. It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with a file that was replaced, told once; the one before holds on. The others are in force.
    pub fn look_again(&self) -> Result<bool, Faults> {
        let mut sources = self.sources.lock();
        let (is_other, faults) = sources.look(self.clock.now());
        if is_other {
            self.lists.store(Arc::new(sources.lists()));
        }
        self.sets.store(Arc::new(sources.sets()));
        if faults.is_empty() { Ok(is_other) } else { Err(Faults(faults)) }
    }
}

impl Domains for DomainFiles {
    fn lists(&self) -> Arc<Lists> {
        self.lists.load_full()
    }

    fn sets(&self) -> Vec<DataSet> {
        self.sets.load().as_ref().clone()
    }
}

impl Sources {
    /// Whether anything new is in force, and what is wrong with what is not.
    fn look(&mut self, now: Timestamp) -> (bool, Vec<Fault>) {
        let looked = [
            self.disposable.as_mut().map(|source| source.look(now, domains)),
            self.free_mail.as_mut().map(|source| source.look(now, domains)),
            self.suffixes.as_mut().map(|source| source.look(now, rules)),
        ];
        let (mut is_other, mut faults) = (false, Vec::new());
        for looked in looked.into_iter().flatten() {
            match looked {
                Ok(is_replaced) => is_other |= is_replaced,
                Err(found) => faults.extend(found),
            }
        }
        (is_other, faults)
    }

    fn lists(&self) -> Lists {
        fn held<T>(source: Option<&Source<T>>) -> Option<Arc<T>> {
            source.and_then(Source::value).cloned()
        }
        let domains = DomainLists {
            disposable: held(self.disposable.as_ref()).unwrap_or_default(),
            free_mail: held(self.free_mail.as_ref()).unwrap_or_default(),
            suffixes: held(self.suffixes.as_ref()),
        };
        let sets = self.sets();
        let version = named(sets.iter().map(|set| (set.key.as_str(), set.version.as_str())));
        Lists { domains, version }
    }

    fn sets(&self) -> Vec<DataSet> {
        let sets = [
            self.disposable.as_ref().and_then(Source::set),
            self.free_mail.as_ref().and_then(Source::set),
            self.suffixes.as_ref().and_then(Source::set),
        ];
        sets.into_iter().flatten().collect()
    }
}

fn source<T>(setting: &'static str, file: Option<&Path>) -> Option<Source<T>> {
    file.map(|file| Source::new(setting, file, MAX_LIST_BYTES))
}

fn domains(bytes: Vec<u8>) -> Result<Parsed<DomainSet>, Vec<Why>> {
    let (set, faults) = DomainSet::read(&text(bytes)?);
    let entries = set.len();
    whole(set, entries, faults, DOMAIN)
}

fn rules(bytes: Vec<u8>) -> Result<Parsed<Suffixes>, Vec<Why>> {
    let (suffixes, faults) = Suffixes::read(&text(bytes)?);
    let entries = suffixes.len();
    whole(suffixes, entries, faults, RULE)
}
