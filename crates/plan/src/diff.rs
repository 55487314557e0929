//! The difference of two texts, line by line.

use std::fmt::Write as _;

/// Lines shown around a change.
const CONTEXT: usize = 2;

/// The most cells of the table; texts that differ in more are told as replaced whole.
const MAX_CELLS: usize = 16_000_000;

/// One line of the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Kept(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// What changes from one text to another: removed lines begin with `-`, added ones with `+`, two lines stand around each
/// change; `…` stands for what is left out. Empty when nothing changes.
#[must_use]
pub fn diff(old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let lines = compare(&old, &new);
    let is_near = |index: usize| {
        let from = index.saturating_sub(CONTEXT);
        lines.iter().skip(from).take(index - from + CONTEXT + 1).any(|line| !matches!(line, Line::Kept(_)))
    };
    let (mut text, mut is_cut) = (String::new(), false);
    for (index, line) in lines.iter().enumerate() {
        if !is_near(index) {
            if !is_cut {
                text.push_str("…\n");
            }
            is_cut = true;
            continue;
        }
        is_cut = false;
        let (mark, line) = match line {
            Line::Kept(line) => (' ', line),
            Line::Removed(line) => ('-', line),
            Line::Added(line) => ('+', line),
        };
        let _ = writeln!(text, "{mark} {line}");
    }
    text
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let front = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (head, old) = old.split_at(front.min(old.len()));
    let new = new.get(front..).unwrap_or_default();
    let back = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, tail) = old.split_at(old.len() - back);
    let (new, _) = new.split_at(new.len() - back);
    let mut lines: Vec<Line<'a>> = head.iter().map(|line| Line::Kept(line)).collect();
    if old.len().saturating_mul(new.len()) > MAX_CELLS {
        lines.extend(old.iter().map(|line| Line::Removed(line)));
        lines.extend(new.iter().map(|line| Line::Added(line)));
    } else {
        lines.extend(by_longest_common(old, new));
    }
    lines.extend(tail.iter().map(|line| Line::Kept(line)));
    lines
}

/// By the longest common subsequence, the table filled from the end.
fn by_longest_common<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let width = new.len() + 1;
    let mut table = vec![0_u32; (old.len() + 1) * width];
    let at = |table: &[u32], row: usize, column: usize| table.get(row * width + column).copied().unwrap_or(0);
    for (row, old_line) in old.iter().enumerate().rev() {
        for (column, new_line) in new.iter().enumerate().rev() {
            let length = if old_line == new_line {
                at(&table, row + 1, column + 1) + 1
            } else {
                at(&table, row + 1, column).max(at(&table, row, column + 1))
            };
            if let Some(cell) = table.get_mut(row * width + column) {
                *cell = length;
            }
        }
    }
    let (mut row, mut column, mut lines) = (0, 0, Vec::new());
    loop {
        match (old.get(row), new.get(column)) {
            (Some(old_line), Some(new_line)) if old_line == new_line => {
                lines.push(Line::Kept(old_line));
                (row, column) = (row + 1, column + 1);
            }
            (Some(old_line), new_line)
                if new_line.is_none() || at(&table, row + 1, column) >= at(&table, row, column + 1) =>
            {
                lines.push(Line::Removed(old_line));
                row += 1;
            }
            (_, Some(new_line)) => {
                lines.push(Line::Added(new_line));
                column += 1;
            }
            _ => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_change_is_shown_with_the_lines_around_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh";
        let new = "a\nb\nc\nd\nE\nf\ng\nh";
        assert_eq!(diff(old, new), "…\n  c\n  d\n- e\n+ E\n  f\n  g\n…\n");
        assert_eq!(diff(old, old), "");
        assert_eq!(diff("", "a"), "+ a\n");
    }

    proptest! {
        #[test]
        fn either_text_can_be_read_back_from_the_lines(
            old in prop::collection::vec("[a-c]", 0..12), new in prop::collection::vec("[a-c]", 0..12),
        ) {
            let (old, new): (Vec<&str>, Vec<&str>) =
                (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
            let lines = compare(&old, &new);
            let read = |mine: fn(&Line<'_>) -> bool| {
                lines.iter().filter(|line| mine(line)).map(|line| match line {
                    Line::Kept(text) | Line::Removed(text) | Line::Added(text) => *text,
                }).collect::<Vec<_>>()
            };
            prop_assert_eq!(read(|line| !matches!(line, Line::Added(_))), old);
            prop_assert_eq!(read(|line| !matches!(line, Line::Removed(_))), new);
        }
    }
}
