//! A model's file: JSON with the model and its card.

use std::path::Path;

use anyhow::Context;
use countersign_app::models::MAX_MODEL_BYTES;
use countersign_risk::{Card, Model};
use serde::{Deserialize, Serialize};

/// What a file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// The constants.
    pub model: Model,
    /// What they were made from.
    pub card: Card,
}

/// Reads and checks a file; a fault is told with the file and the place in it.
pub fn read(file: &Path) -> anyhow::Result<ModelFile> {
    let told = || format!("`{}`", file.display());
    let length = std::fs::metadata(file).with_context(|| format!("can't read {}", told()))?.len();
    let is_short = usize::try_from(length).is_ok_and(|length| length <= MAX_MODEL_BYTES);
    anyhow::ensure!(is_short, "{} has {length} bytes; a model's file has at most {MAX_MODEL_BYTES}", told());
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", told()))?;
    parse(&text).with_context(told)
}

fn parse(text: &str) -> anyhow::Result<ModelFile> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read: ModelFile = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| anyhow::anyhow!("`{}`: {}", error.path(), error.inner()))?;
    reader.end()?;
    read.model.check()?;
    read.card.check(&read.model)?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_fault_is_told_with_its_place() {
        let sound = json!({ "model": Model::default(), "card": Card::of_baseline() });
        parse(&sound.to_string()).unwrap();
        let fault = |change: fn(&mut Value)| {
            let mut file = sound.clone();
            change(&mut file);
            parse(&file.to_string()).unwrap_err().to_string()
        };
        let told = fault(|file| file["model"]["country"]["hi_micro"] = json!("high"));
        assert!(told.starts_with("`model.country.hi_micro`: invalid type"), "{told}");
        let told = fault(|file| file["model"]["bias_micro"] = json!(1_i64 << 40));
        assert_eq!(told, "`model.bias_micro`: is a whole number from -100000000 to 100000000");
        assert_eq!(
            fault(|file| file["card"]["version"] = json!(99)),
            "`card.version`: is the model's version"
        );
        assert!(parse(&format!("{sound} {{}}")).is_err());
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.json");
        std::fs::write(&path, " ".repeat(MAX_MODEL_BYTES + 1)).unwrap();
        let told = read(&path).unwrap_err().to_string();
        assert!(told.contains("long.json` has 262145 bytes; a model's file has at most 262144"), "{told}");
    }
}
