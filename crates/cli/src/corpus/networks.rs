//! The list of networks: what each of them is.

use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path};

use anyhow::Context;
use countersign_risk::NetworkKind;

use crate::{commands::say, lines};

/// The most bytes of a line.
const MAX_LINE: u64 = 4 * 1024;

/// Reads lines `asn,name,category` below a heading; returns also how many can't be read, which are told.
pub(super) fn read(path: &Path) -> anyhow::Result<(BTreeMap<u32, NetworkKind>, u64)> {
    let place = path.display();
    let file = File::open(path).with_context(|| format!("can't open `{place}`"))?;
    let mut lines = BufReader::new(file);
    let (mut kinds, mut faults) = (BTreeMap::new(), 0);
    for number in 1_u64.. {
        let line = lines::next(&mut lines, MAX_LINE).with_context(|| format!("can't read `{place}`"))?;
        let Some(line) = line else { break };
        let line = line.as_deref().map_err(ToString::to_string);
        let read = line.and_then(|line| lines::text(line).map_err(|fault| fault.to_string()));
        match read.and_then(row) {
            _ if number == 1 => {}
            Ok(None) => {}
            Ok(Some((network, kind))) => {
                kinds.insert(network, kind);
            }
            Err(why) => {
                say(&format!("{place}, line {number}: {why}"));
                faults += 1;
            }
        }
    }
    Ok((kinds, faults))
}

/// A line's network and its kind; a word that is none of ours says nothing. `None` for an empty line.
fn row(line: &str) -> Result<Option<(u32, NetworkKind)>, String> {
    if line.is_empty() {
        return Ok(None);
    }
    // Why from both ends: a name may have commas.
    let ends = line.split_once(',').zip(line.rsplit_once(','));
    let ((network, _), (_, word)) = ends.ok_or("expected `asn,name,category`")?;
    let network = network.parse().map_err(|_| "expected the number of a network before the first comma")?;
    Ok(Some((network, NetworkKind::of_word(word.trim_matches('"')).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_network_and_its_kind() {
        assert_eq!(row("64500,Rent a Rack,hosting"), Ok(Some((64_500, NetworkKind::Hosting))));
        assert_eq!(row("64501,\"Acme, Inc.\",\"sase\""), Ok(Some((64_501, NetworkKind::Gateway))));
        assert_eq!(row("64502,Somebody,other"), Ok(Some((64_502, NetworkKind::Unknown))));
        assert_eq!(row(""), Ok(None));
        for wrong in ["64500", "as64500,Acme,hosting", "-1,Acme,hosting", "4294967296,Acme,hosting"] {
            assert!(row(wrong).is_err(), "{wrong}");
        }
    }
}
