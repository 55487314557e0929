//! A model's file: JSON with the model and its card, or an own model.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use countersign_app::models::MAX_MODEL_BYTES;
use countersign_risk::{
    Card, Model,
    own_model::{self, OwnModel},
};
use serde::{Deserialize, de::IgnoredAny};

/// What a file holds.
#[derive(Debug)]
pub enum ModelFile {
    /// Constants of the model that scores.
    Constants {
        /// The constants.
        model: Box<Model>,
        /// What they were made from.
        card: Box<Card>,
    },
    /// An operator's own model.
    Own {
        /// As it is read.
        own: Box<OwnModel>,
        /// As it is written.
        text: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Constants {
    model: Box<Model>,
    card: Box<Card>,
}

/// Whether it is a file of an own model, which names its format.
fn is_own(text: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).is_ok_and(|keys| keys.contains_key("format"))
}

/// Reads and checks a file; its faults are told with the file and the places in it.
pub fn read(file: &Path) -> anyhow::Result<ModelFile> {
    let told = || format!("`{}`", file.display());
    let length = std::fs::metadata(file).with_context(|| format!("can't read {}", told()))?.len();
    let is_within = |most: usize| usize::try_from(length).is_ok_and(|length| length <= most);
    let too_long = |most| format!("{} has {length} bytes; a model's file has at most {most}", told());
    anyhow::ensure!(is_within(own_model::MAX_BYTES), too_long(own_model::MAX_BYTES));
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", told()))?;
    if is_own(&text) {
        let own = OwnModel::parse(text.as_bytes()).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}: {}", told(), faults.join("\n"))
        })?;
        return Ok(ModelFile::Own { own: Box::new(own), text });
    }
    anyhow::ensure!(is_within(MAX_MODEL_BYTES), too_long(MAX_MODEL_BYTES));
    let Constants { model, card } = parse(&text).with_context(told)?;
    Ok(ModelFile::Constants { model, card })
}

fn parse(text: &str) -> anyhow::Result<Constants> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read: Constants = serde_path_to_error::deserialize(&mut reader)
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
            parse(&file.to_string()).err().unwrap().to_string()
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
        std::fs::write(&path, " ".repeat(own_model::MAX_BYTES + 1)).unwrap();
        let told = read(&path).unwrap_err().to_string();
        assert!(told.contains("long.json` has 1048577 bytes; a model's file has at most 1048576"), "{told}");
    }
}
