//! The environment over the file.

/// Prefix of each variable; `__` parts section and key.
const PREFIX: &str = "COUNTERSIGN__";

/// The most sections and keys of a variable's name.
const MOST: usize = 16;

/// How much is shown of a name that is too long, in characters.
const SHOWN: usize = 60;

/// The process's variables of ours.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment's configuration")]
pub(super) fn environment() -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect()
}

/// Sets each variable in the table: as a TOML value where it is one, else as text.
///
/// # Errors
/// A variable that goes deeper than any key lies.
pub(super) fn apply(table: &mut toml::Table, variables: Vec<(String, String)>) -> anyhow::Result<()> {
    for (name, text) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = path.split("__").map(str::to_lowercase).collect();
        if path.len() > MOST {
            let begin: String = name.chars().take(SHOWN).collect();
            anyhow::bail!("`{begin}…`: no key lies deeper than {MOST} sections");
        }
        let parsed =
            format!("value = {text}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"));
        set(table, &path, parsed.unwrap_or(toml::Value::String(text)));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_goes_too_deep_is_named_and_one_that_does_not_is_set() {
        let deep = |count: usize| vec![(format!("{PREFIX}{}", vec!["A"; count].join("__")), "1".to_owned())];
        let mut table = toml::Table::new();
        apply(&mut table, deep(MOST)).unwrap();
        assert!(table.to_string().contains("= 1"), "{table}");
        for count in [MOST + 1, 100_000] {
            let told = apply(&mut table, deep(count)).unwrap_err().to_string();
            assert!(told.starts_with("`COUNTERSIGN__A__A") && told.len() < 200, "{told}");
        }
    }
}
