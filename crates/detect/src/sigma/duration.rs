//! Spans of time: `30s`, `10m`, `1h`, `5d`.

use countersign_core::Micros;

use super::{
    located::{Faults, quoted},
    yaml::Node,
};

/// The longest span, in days.
const MAX_DAYS: i64 = 90;

/// Reads a span, at least a second.
pub(super) fn parse(text: &str) -> Option<Micros> {
    let cut = text.len().checked_sub(1)?;
    let (digits, unit) = text.split_at_checked(cut)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.parse::<i64>().ok().filter(|_| is_number)?.checked_mul(unit)?;
    (1..=MAX_DAYS * 86_400).contains(&seconds).then_some(seconds * 1_000_000)
}

/// Reads a span where one is expected; what is wrong is told.
pub(super) fn read(node: &Node, faults: &mut Faults) -> Option<Micros> {
    let found = node.as_text().and_then(parse);
    if found.is_none() {
        let what = format!("`{}` is no span of time", quoted(node.as_text().unwrap_or(node.sort())));
        faults.error(
            node.spot,
            what,
            format!("a whole number and `s`, `m`, `h` or `d`, at most {MAX_DAYS}d"),
        );
    }
    found
}
