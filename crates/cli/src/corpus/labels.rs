//! The labels of a corpus: which of its sign-ins were attacks.

use std::{borrow::Cow, collections::HashMap, fs::File, io::BufReader, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::lines;

/// The most bytes of a line.
const MAX_LINE: u64 = 64 * 1024;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    label: u8,
    eval: bool,
}

/// Whether each sign-in that is to be evaluated was an attack. A line that can't be read ends it: a model that was fitted to half
/// of the labels is another.
pub fn read(folder: &Path) -> anyhow::Result<HashMap<String, bool>> {
    let path = folder.join("labels.jsonl");
    let place = path.display();
    let file = File::open(&path).with_context(|| format!("can't open `{place}`"))?;
    let mut lines = BufReader::new(file);
    let mut labels = HashMap::new();
    for number in 1_u64.. {
        let line = lines::next(&mut lines, MAX_LINE).with_context(|| format!("can't read `{place}`"))?;
        let Some(line) = line else { break };
        let told = line.and_then(|line| {
            let text = lines::text(&line)?;
            if text.is_empty() {
                return Ok(None);
            }
            let Line { id, label, eval } = lines::read(text)?;
            Ok(eval.then(|| (id.into_owned(), label == 1)))
        });
        match told {
            Ok(told) => labels.extend(told),
            Err(fault) => bail!("{place}, line {number}: {fault}"),
        }
    }
    Ok(labels)
}
