//! The environment over the file.

/// Prefix of each variable; `__` parts section and key.
const PREFIX: &str = "COUNTERSIGN__";

/// The process's variables of ours.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment's configuration")]
pub(super) fn environment() -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect()
}

/// Sets each variable in the table: as a TOML value where it is one, else as text.
pub(super) fn apply(table: &mut toml::Table, variables: Vec<(String, String)>) {
    for (name, text) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = path.split("__").map(str::to_lowercase).collect();
        let parsed =
            format!("value = {text}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"));
        set(table, &path, parsed.unwrap_or(toml::Value::String(text)));
    }
}

fn set(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [section, rest @ ..] => {
            let mut inner = match table.remove(section) {
                Some(toml::Value::Table(inner)) => inner,
                _ => toml::Table::new(),
            };
            set(&mut inner, rest, value);
            table.insert(section.clone(), toml::Value::Table(inner));
        }
    }
}
