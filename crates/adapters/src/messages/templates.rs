//! Words of messages: built in, or of the operator's files; fields are put in, and nothing else.
//!
//! A file is called as its kind, `plan.proposed.txt`: a headline, an empty line, the text. `{{ field }}` stands for a field of that kind.
//! There are no conditions, loops, filters or files that name files, so that a template can neither fail late nor run long.

use std::collections::BTreeMap;

use countersign_app::hooks::{KINDS, Kind};
use minijinja::{Environment, UndefinedBehavior};

use super::{builtin::BUILT_IN, event::Event};

/// The longest file of a template, in bytes.
pub const MAX_FILE_BYTES: usize = 4_096;

/// Steps of rendering one template: a field costs a few, and a file has room for some hundreds.
const FUEL: u64 = 10_000;

/// Fields that every kind has.
const COMMON: &[&str] = &["kind", "at", "tenant", "link"];

/// What is wrong with an operator's template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`{}: {why}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct TemplateFault {
    /// The file's name.
    pub file: String,
    /// Its line, where one is to blame.
    pub line: Option<usize>,
    /// What would be right.
    pub why: String,
}

/// The words of each kind of event.
#[derive(Debug, Clone)]
pub struct Templates(Environment<'static>);

/// What a message says, escaped for where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) headline: String,
    pub(super) text: String,
}

impl Templates {
    /// The built-in words, with the operator's in their place: names of files and what stands in them.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn new(files: &BTreeMap<String, String>) -> Result<Self, Vec<TemplateFault>> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let mut faults = Vec::new();
        for (kind, text) in BUILT_IN {
            faults.extend(add(&mut environment, kind, text));
        }
        for (file, text) in files {
            faults.extend(add(&mut environment, file.strip_suffix(".txt").unwrap_or(file), text));
        }
        if faults.is_empty() { Ok(Self(environment)) } else { Err(faults) }
    }

    /// The words of an event, its fields escaped.
    pub(super) fn words(&self, event: &Event, escape: fn(&str) -> String) -> Words {
        let fields: BTreeMap<_, _> = event.fields.iter().map(|(name, text)| (*name, escape(text))).collect();
        let render = |part: &str| {
            let template = self.0.get_template(&format!("{}#{part}", event.kind.name));
            template.and_then(|template| template.render(&fields)).unwrap_or_default()
        };
        Words { headline: render("headline"), text: render("text") }
    }
}

/// Adds the two templates of a file; says what is wrong with it.
fn add(environment: &mut Environment<'static>, name: &str, text: &str) -> Vec<TemplateFault> {
    let fault = |line: Option<usize>, why: String| TemplateFault { file: format!("{name}.txt"), line, why };
    let Some(kind) = Kind::of(name) else {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        return vec![fault(None, format!("a file is called as a kind of event: {}", names.join(", ")))];
    };
    if text.len() > MAX_FILE_BYTES {
        return vec![fault(None, format!("at most {MAX_FILE_BYTES} bytes"))];
    }
    let mut faults: Vec<_> = text
        .lines()
        .enumerate()
        .flat_map(|(index, line)| check(kind, line).map(|why| fault(Some(index + 1), why)))
        .collect();
    let (headline, body) = text.split_once('\n').unwrap_or((text, ""));
    if headline.trim().is_empty()
        || body.trim().is_empty()
        || !body.trim_start_matches('\r').starts_with('\n')
    {
        faults.push(fault(Some(1), "a headline, an empty line, and the text".to_owned()));
    }
    if !faults.is_empty() {
        return faults;
    }
    for (part, source) in [("headline", headline), ("text", body.trim())] {
        if let Err(error) = environment.add_template_owned(format!("{name}#{part}"), source.trim().to_owned())
        {
            faults.push(fault(error.line(), "braces as in `{{ title }}`, on one line".to_owned()));
        }
    }
    faults
}

/// What is wrong with a line: it may name fields of its kind between double braces, and nothing else.
fn check(kind: &Kind, line: &str) -> Option<String> {
    if line.contains("{%") || line.contains("{#") {
        return Some("fields alone, no conditions, loops and comments".to_owned());
    }
    if line.chars().any(|char| char.is_control() && char != '\t' && char != '\r') {
        return Some("no control characters".to_owned());
    }
    let known = || COMMON.iter().chain(kind.fields).filter(|field| **field != "path");
    for piece in line.split("{{").skip(1) {
        let name = piece.split_once("}}").map(|(name, _)| name.trim());
        if !name.is_some_and(|name| known().any(|field| *field == name)) {
            let names: Vec<_> = known().copied().collect();
            return Some(format!(
                "a field of this kind stands between `{{{{` and `}}}}`: {}",
                names.join(", ")
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::Console, *};

    fn files(name: &str, text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), text.to_owned())])
    }

    fn event(kind: &str, data: &serde_json::Value) -> Event {
        let body = json!({"type": kind, "timestamp": "2026-11-29T20:10:07Z", "data": data});
        Event::read(body.to_string().as_bytes(), &Console("https://cs.example.com".to_owned())).unwrap()
    }

    #[test]
    fn every_kind_has_built_in_words() {
        let templates = Templates::new(&BTreeMap::new()).unwrap();
        for kind in KINDS {
            let Words { headline, text } = templates.words(&event(kind.name, &json!({})), str::to_owned);
            assert!(!headline.is_empty() && !headline.contains('\n') && !text.is_empty(), "{}", kind.name);
        }
    }

    #[test]
    fn an_operators_words_take_the_place_of_ours() {
        let templates =
            Templates::new(&files("plan.done.txt", "Fertig: {{title}}\r\n\r\nSiehe {{ link }}\n")).unwrap();
        let event = event("plan.done", &json!({"title": "{{ tenant }} <b>", "path": "/plans/p"}));
        let words = templates.words(&event, |text| text.replace('<', "&lt;"));
        assert_eq!(words.headline, "Fertig: {{ tenant }} &lt;b>", "a field is no template");
        assert_eq!(words.text, "Siehe https://cs.example.com/plans/p");
    }

    #[test]
    fn what_is_no_template_is_told_with_file_and_line() {
        for (name, text, told) in [
            ("plan.made.txt", "a\n\nb", "`plan.made.txt`: a file is called as a kind of event"),
            ("plan.done.txt", "a\n\n{{ severity }}", "`plan.done.txt` line 3: a field of this kind"),
            ("plan.done.txt", "{{ title * 999 }}\n\nb", "`plan.done.txt` line 1: a field of this kind"),
            ("plan.done.txt", "{{ title|upper }}\n\nb", "`plan.done.txt` line 1: a field of this kind"),
            ("plan.done.txt", "a\n\nb {{ title", "`plan.done.txt` line 3: a field of this kind"),
            ("plan.done.txt", "a\n\n{% for x in y %}", "`plan.done.txt` line 3: fields alone"),
            ("plan.done.txt", "a\n\n{{ path }}", "`plan.done.txt` line 3: a field of this kind"),
            ("plan.done.txt", "a\nb", "`plan.done.txt` line 1: a headline, an empty line"),
            ("plan.done.txt", "a", "`plan.done.txt` line 1: a headline, an empty line"),
            ("plan.done.txt", "a\u{7}\n\nb", "`plan.done.txt` line 1: no control characters"),
        ] {
            let faults = Templates::new(&files(name, text)).unwrap_err();
            assert!(faults[0].to_string().starts_with(told), "{text}: {}", faults[0]);
        }
        let long = format!("a\n\n{}", "b".repeat(MAX_FILE_BYTES));
        assert!(Templates::new(&files("plan.done.txt", &long)).is_err());
    }
}
