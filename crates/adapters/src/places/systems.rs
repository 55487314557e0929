//! A table of autonomous systems and what they are, in CSV.

use std::collections::BTreeMap;

use countersign_app::places::NetworkKind;
use csv::{ReaderBuilder, StringRecord, Trim};

use crate::files::{Parsed, Why};

const COLUMNS: &str = "no header that names the columns `asn` and `category`; others may stand beside them";
const ROW: &str = "no row of the table: a field for each column, and text in quotes where it has a comma";
const NUMBER: &str = "no autonomous system, such as `64500`, in the column `asn`";
const CATEGORY: &str = "no category that is known: one of `hosting`, `vpn`, `anonymizer` (`proxy`, `tor`), `gateway` (`sase`), `corporate` \
    (`business`), `mobile`, `residential` (`isp`), `unknown`";

/// The kinds of systems by number.
pub(super) type Systems = BTreeMap<u32, NetworkKind>;

/// Reads a table; of two rows about one system the first holds.
pub(super) fn read(bytes: &[u8]) -> Result<Parsed<Systems>, Vec<Why>> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).comment(Some(b'#')).from_reader(bytes);
    let header = reader.headers().map_err(|error| vec![unreadable(&error)])?;
    let column = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    let Some((asn, category)) = column("asn").zip(column("category")) else {
        return Err(vec![Why::Line { line: 1, wanted: COLUMNS }]);
    };
    let (mut systems, mut faults) = (Systems::new(), Vec::new());
    for row in reader.records() {
        match row.map_err(|error| unreadable(&error)).and_then(|row| one(&row, asn, category)) {
            Ok((number, kind)) => drop(systems.entry(number).or_insert(kind)),
            Err(why) => faults.push(why),
        }
    }
    let entries = u64::try_from(systems.len()).unwrap_or(u64::MAX);
    if faults.is_empty() { Ok(Parsed { value: systems, entries }) } else { Err(faults) }
}

fn one(row: &StringRecord, asn: usize, category: usize) -> Result<(u32, NetworkKind), Why> {
    let line = row.position().map_or(0, csv::Position::line);
    let digits = row.get(asn).unwrap_or_default().trim_start_matches(['A', 'S', 'a', 's']);
    let number = digits.parse().ok().filter(|number| *number != 0);
    let number = number.ok_or(Why::Line { line, wanted: NUMBER })?;
    let kind = NetworkKind::of_word(row.get(category).unwrap_or_default());
    Ok((number, kind.ok_or(Why::Line { line, wanted: CATEGORY })?))
}

fn unreadable(error: &csv::Error) -> Why {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => Why::NotText,
        _ => Why::Line { line: error.position().map_or(1, csv::Position::line), wanted: ROW },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &[u8]) -> Vec<String> {
        read(text).err().unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_has_columns_in_any_order_and_names_that_nobody_asks_for() {
        let text = "name,Category,ASN\n\"Cloud, Inc.\",hosting,64500\n# seen in May\nVPN 1,vpn,AS64501\nOffice,sase,64502\nHome,isp,64503\n?,unknown,64504\nAgain,vpn,64500\n";
        let Parsed { value, entries } = read(text.as_bytes()).ok().unwrap();
        assert_eq!(entries, 5);
        let kinds: Vec<NetworkKind> = value.into_values().collect();
        assert_eq!(
            kinds,
            [
                NetworkKind::Hosting,
                NetworkKind::Vpn,
                NetworkKind::Gateway,
                NetworkKind::Residential,
                NetworkKind::Unknown
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_would_be_right() {
        assert_eq!(faults(b"64500,hosting\n"), [format!("line 1: {COLUMNS}")]);
        assert_eq!(faults(b""), [format!("line 1: {COLUMNS}")]);
        let told = faults(b"asn,category\n64500,hosting\nAS0,hosting\n64501,cloud\n64502\nx,vpn\n");
        let expected = [(3, NUMBER), (4, CATEGORY), (5, ROW), (6, NUMBER)];
        assert_eq!(told, expected.map(|(line, wanted)| format!("line {line}: {wanted}")));
        assert_eq!(faults(b"asn,category\n64500,\xff\n"), ["it is not text in UTF-8"]);
    }
}
