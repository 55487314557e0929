//! The CONFIG of our Actions, as a part of their text.

use serde_json::json;

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

/// How the list of clients that are exempt from decisions begins.
const EXEMPT: &str = "client_ids: [";

/// The clients that the Action exempts from every decision; `None` when that can't be read.
pub(super) fn exempt_clients(code: &str) -> Option<Vec<String>> {
    let text = lines(code).collect::<Vec<_>>().join("\n");
    let (_, rest) = text.split_once("break_glass:")?;
    let (list, _) = rest.split_once(EXEMPT)?.1.split_once(']')?;
    let ids = list.split(',').map(|id| id.trim().trim_matches(['\'', '"']).to_owned());
    Some(ids.filter(|id| !id.is_empty()).collect())
}

/// The code with one client that is exempt from every decision; `None` where its CONFIG names others, or can't be read.
#[must_use]
pub fn exempt(code: &str, client: &str) -> Option<String> {
    let (before, config, after) = split(code);
    if !exempt_clients(code)?.is_empty() {
        return None;
    }
    let (head, rest) = config.split_once("\n  break_glass: ")?;
    let rest = rest.replacen("client_ids: []", &format!("{EXEMPT}{}]", json!(client)), 1);
    Some(format!("{before}{head}\n  break_glass: {rest}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_exempt_in_the_config_alone_and_others_are_left() {
        let code = include_str!("../../../../actions/dist/post-login.js");
        assert_eq!(exempt_clients(code), Some(vec![]));
        let exempting = exempt(code, "console").unwrap();
        assert_eq!(exempt_clients(&exempting), Some(vec!["console".to_owned()]));
        let ((before, _, after), (old_before, _, old_after)) = (split(&exempting), split(code));
        assert_eq!((before, after), (old_before, old_after));
        assert_eq!(exempt(&exempting, "other"), None, "what somebody wrote is theirs");
        let lines =
            "// --- config ---\nbreak_glass: {\nclient_ids: [\n'a',\n// 'b',\n\"c\",\n] },\n// --- end ---\n";
        assert_eq!(exempt_clients(lines), Some(vec!["a".to_owned(), "c".to_owned()]));
        assert_eq!(exempt_clients("no config"), None);
    }

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
