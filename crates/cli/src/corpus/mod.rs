//! A corpus of sign-ins on disk: read from top to bottom once, and decided by the service's own functions.

mod event;
mod labels;
mod networks;

use std::{
    collections::BTreeMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use countersign_core::{Clock, Score};
use countersign_policy::Settings;
use countersign_risk::{
    Model, NetworkKind,
    stream::{Scored, Stream},
};

use self::event::Given;
pub use self::labels::read as read_labels;
use crate::{commands::say, lines};

/// The most bytes of a line.
const MAX_LINE: u64 = 4 * 1024 * 1024;

/// A corpus whose networks were read.
pub struct Corpus {
    events: PathBuf,
    kinds: BTreeMap<u32, NetworkKind>,
    /// Lines of its list of networks that can't be read.
    faults: u64,
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub struct Tally {
    /// Sign-ins decided.
    pub decisions: u64,
    /// Lines that can't be read.
    pub faults: u64,
    /// Time that deciding took, without reading and writing.
    pub spent: Duration,
    /// People with a profile.
    pub people: u64,
    /// Bytes of the largest profile.
    pub greatest: u64,
    /// Bytes of all profiles.
    pub sum: u64,
}

impl Corpus {
    /// Opens the folder of a corpus.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let (kinds, faults) = networks::read(&folder.join("asn_intel.csv"))?;
        Ok(Self { events: folder.join("events.jsonl"), kinds, faults })
    }

    /// Decides each sign-in and hands it to `on`, before the next line is read. A line that can't be read is told and passed over.
    pub fn run(
        &self,
        model: &Model,
        clock: &dyn Clock,
        mut on: impl FnMut(&str, &Scored) -> anyhow::Result<()>,
    ) -> anyhow::Result<Tally> {
        let place = self.events.display();
        let unread = || format!("can't read `{place}`");
        let file = File::open(&self.events).with_context(|| format!("can't open `{place}`"))?;
        let mut lines = BufReader::with_capacity(1 << 20, file);
        // Why unknown: the list says what is noteworthy; a network that is not on it is none that nothing is known of.
        let kind_of = |number| Some(self.kinds.get(&number).copied().unwrap_or(NetworkKind::Unknown));
        let challenges = Settings::default().challenge_threshold().unwrap_or(Score::MAX);
        let mut stream = Stream::new(model, challenges, &kind_of);
        let (mut decisions, mut faults, mut spent) = (0, self.faults, Duration::ZERO);
        for number in 1_u64.. {
            let Some(line) = lines::next(&mut lines, MAX_LINE).with_context(unread)? else { break };
            let given = line.and_then(|line| event::take(&line, &mut stream, clock));
            match given {
                Ok(Given::Scored { id, scored, took }) => {
                    decisions += 1;
                    spent += took;
                    on(&id, &scored)?;
                }
                Ok(Given::Nothing) => {}
                Err(fault) => {
                    say(&format!("{place}, line {number}: {fault}"));
                    faults += 1;
                }
            }
        }
        let (mut people, mut greatest, mut sum) = (0, 0, 0);
        for bytes in stream.profile_bytes() {
            let bytes = u64::try_from(bytes)?;
            (people, greatest, sum) = (people + 1, bytes.max(greatest), sum + bytes);
        }
        Ok(Tally { decisions, faults, spent, people, greatest, sum })
    }
}
