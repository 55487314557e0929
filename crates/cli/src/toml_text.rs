//! TOML that somebody wrote, and where in it something is wrong.

/// Reads a table.
///
/// # Errors
/// What is wrong, always with its line: what nests too deeply has none by itself.
pub fn read(text: &str) -> anyhow::Result<toml::Table> {
    text.parse().map_err(|error: toml::de::Error| match error.span() {
        Some(_) => anyhow::anyhow!("{}", error.to_string().trim()),
        None => anyhow::anyhow!(
            "line {}: what stands there nests too deeply ({})",
            line_of(text),
            error.message()
        ),
    })
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
        assert!(read("[a]\nb = =\n").unwrap_err().to_string().contains("line 2"));
        assert_eq!(read("[a]\nb = 1\n").unwrap().len(), 1);
    }
}
