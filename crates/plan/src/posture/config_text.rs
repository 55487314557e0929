//! The CONFIG of our Actions, as a part of their text.

/// How every part begins: its name follows, then `END` (actions/build.mjs).
const PART: &str = "// --- ";

/// How the name of the part begins that an operator edits: `config`, or `config-` and what it is for.
const CONFIG: &str = "config";

/// How the line of a part's name ends.
const END: &str = " ---";

/// The code before, within and after its CONFIG; all of it before where there is none.
pub(super) fn split(code: &str) -> (&str, &str, &str) {
    let is_config = |rest: &str| {
        let name = rest.lines().next().unwrap_or_default().strip_prefix(PART);
        name.is_some_and(|name| name.starts_with(CONFIG) && name.ends_with(END))
    };
    let found = code
        .match_indices(PART)
        .find_map(|(at, _)| code.split_at_checked(at).filter(|(_, rest)| is_config(rest)));
    let Some((before, rest)) = found else { return (code, "", "") };
    match rest.find(&format!("\n{PART}")).and_then(|at| rest.split_at_checked(at)) {
        Some((config, after)) => (before, config, after),
        None => (before, rest, ""),
    }
}

/// The code's lines of CONFIG without those that are comments.
fn lines(code: &str) -> impl Iterator<Item = &str> {
    split(code).1.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

/// Whether the Action may change a sign-in; `None` when that can't be read.
pub(super) fn enforces(code: &str) -> Option<bool> {
    let text = lines(code).find_map(|line| line.strip_prefix("enforce:"))?;
    match text.trim().trim_end_matches(',') {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// What the Action does without us; `None` when that can't be read.
pub(super) fn fallback(code: &str) -> Option<String> {
    let mut lines = lines(code).skip_while(|line| !line.starts_with("fallback:"));
    let text = lines.find_map(|line| line.strip_prefix("default:"))?;
    let word = text.trim().trim_end_matches(',').trim_matches(['\'', '"']);
    word.chars().all(|char| char.is_ascii_lowercase()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_action_is_read_and_others_are_not_guessed_at() {
        let code = include_str!("../../../../actions/dist/post-login.js");
        assert_eq!((enforces(code), fallback(code).as_deref()), (Some(false), Some("allow")));
        let (before, config, after) = split(code);
        assert!(!before.is_empty() && config.contains("CONFIG = ") && after.contains("exports."));
        assert!(!after.contains("const CONFIG"));
        let edited = code
            .replace("default: 'allow'", "default: 'challenge'")
            .replace("enforce: false", "enforce: true");
        assert_eq!((enforces(&edited), fallback(&edited).as_deref()), (Some(true), Some("challenge")));
        let report = include_str!("../../../../actions/dist/post-user-registration.js");
        let (before, config, after) = split(report);
        assert!(
            config.contains("CONFIG = ") && !before.contains("CONFIG = ") && !after.contains("CONFIG = ")
        );
        for other in [
            "",
            "// --- config ---",
            "// --- config ---\nenforce: maybe,\nfallback: x\n// --- a ---\ndefault: 'b'",
        ] {
            assert_eq!((enforces(other), fallback(other)), (None, None), "{other}");
        }
    }
}
