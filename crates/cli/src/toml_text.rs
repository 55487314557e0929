//! TOML that somebody wrote, and where in it something is wrong.

/// The most braces and brackets that are open at once.
const MOST_OPEN: usize = 64;

/// Reads a table.
///
/// # Errors
/// What is wrong, always with its line: what nests too deeply has none by itself.
pub fn read(text: &str) -> anyhow::Result<toml::Table> {
    if let Some(line) = deep(text) {
        anyhow::bail!("line {line}: what stands there nests too deeply");
    }
    text.parse().map_err(|error: toml::de::Error| match error.span() {
        Some(_) => anyhow::anyhow!("{}", error.to_string().trim()),
        None => anyhow::anyhow!(
            "line {}: what stands there nests too deeply ({})",
            line_of(text),
            error.message()
        ),
    })
}

/// The line in which more braces or brackets are open than any text of ours has: the parser goes down each of them, also where it has
/// given up, until its stack is used up. Texts of several lines count as if they were none.
fn deep(text: &str) -> Option<usize> {
    // Why apart: the one does not close the other.
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (number, line) in text.lines().enumerate() {
        let mut quote = None;
        for char in line.chars() {
            match (char, quote) {
                (_, Some(end)) if char == end => quote = None,
                (_, Some(_)) => {}
                ('"' | '\'', None) => quote = Some(char),
                ('#', None) => break,
                ('{', None) => braces += 1,
                ('}', None) => braces = braces.saturating_sub(1),
                ('[', None) => brackets += 1,
                (']', None) => brackets = brackets.saturating_sub(1),
                _ => {}
            }
        }
        if braces > MOST_OPEN || brackets > MOST_OPEN {
            return Some(number + 1);
        }
    }
    None
}

/// The first line with which reading up to there fails without a place.
fn line_of(text: &str) -> usize {
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    let fails = |end: &usize| {
        let part = text.get(..*end).unwrap_or(text);
        part.parse::<toml::Table>().is_err_and(|error| error.span().is_none())
    };
    ends.partition_point(|end| !fails(end)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_too_deeply_is_told_with_its_line_as_any_other_fault() {
        let keys = format!("[a]\nb = 1\n{}c = 2\nd = 3\n", "x.".repeat(200));
        let lists = format!("[a]\nb = {}{}\n", "[".repeat(200), "]".repeat(200));
        for (text, line) in [(&keys, "line 3: "), (&lists, "line 2")] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(line), "{told}");
        }
        let open = "a = { b = 1]\n".repeat(5_000);
        assert!(read(&open).unwrap_err().to_string().starts_with("line 65: "));
        assert!(read("a = \"{{{\" # {{{\nb = [[1], [2]]\n").is_ok());
        assert!(read("[a]\nb = =\n").unwrap_err().to_string().contains("line 2"));
        assert_eq!(read("[a]\nb = 1\n").unwrap().len(), 1);
    }
}
