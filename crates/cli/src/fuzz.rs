//! Files that anybody may have written: the configuration and the environment over it, policies, manifests of backups, lists of keys. Read or
//! refused with a place.

use std::{fs, path::Path};

use countersign_fuzz::{Said, Target};

use crate::{
    commands::policy::{from_json, from_toml},
    config,
    key_file::lines,
    manifest::{ERASURES, Erasures, MANIFEST, Manifest},
};

/// Parts the file from the variables of the environment, a line each.
const THEN: &str = "\n=== environment\n";

const SMALL: &str = r#"[server]
listen = "127.0.0.1:1"
public_url = "https://countersign.example.com"
[tenants.acme]
action_keys = ["env:KEY"]
[tenants.acme.policy]
fallback = "challenge"
[tenants.acme.policy.tenant]
mode = "enforce"
thresholds = { medium = 0.3, high = 0.7, critical = 0.9 }
[tenants.acme.hooks.soc]
url = "https://soc.example.com/in"
"#;

fn configuration(text: &str) -> Said {
    let (file, variables) = text.split_once(THEN).unwrap_or((text, ""));
    let variables: Vec<(String, String)> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match config::parse(file, variables.clone()) {
        Err(error) => {
            let told = format!("{error:#}");
            // A fault names its key, or where in the file it is.
            let is_placed = told.contains('`') || told.contains("line ");
            if is_placed { Ok(told) } else { Err(format!("a fault without a place: {told}")) }
        }
        Ok(_) => {
            // What is read is read again however it is laid out.
            let table: toml::Table = file.parse().map_err(|error| format!("read, and no TOML: {error}"))?;
            config::parse(&table.to_string(), variables)
                .map_err(|error| format!("it is not read again: {error:#}"))?;
            Ok("read".to_owned())
        }
    }
}

fn policy(text: &str) -> Said {
    let as_json = from_json(text);
    let as_toml = from_toml(text);
    if let Ok(document) = &as_toml {
        let json = serde_json::to_string(document).map_err(|error| error.to_string())?;
        let again = from_json(&json).map_err(|error| format!("as JSON it is not read: {error:#}"))?;
        if again != *document {
            return Err(format!("as JSON it is another one: {json}"));
        }
    }
    let told = |result: anyhow::Result<countersign_policy::Document>| {
        result.map_or_else(|error| format!("{error:#}"), |_| "a policy".to_owned())
    };
    Ok(format!("{} {}", told(as_json), told(as_toml)))
}

fn backups(folder: &Path, input: &[u8]) -> Said {
    fs::write(folder.join(MANIFEST), input).map_err(|error| error.to_string())?;
    fs::write(folder.join(ERASURES), input).map_err(|error| error.to_string())?;
    let manifest = Manifest::read(folder).map(|manifest| {
        // Whatever it lists, nothing outside of its folder is looked at.
        let outside = manifest.files.iter().filter(|file| file.name.contains('/')).count();
        (manifest.faults(folder).len() >= outside, manifest.files.len())
    });
    if let Ok((false, _)) = manifest {
        return Err("a file outside of the folder is looked at".to_owned());
    }
    let erasures = Erasures::read(&folder.join(ERASURES)).map(|erasures| erasures.keys.len());
    let told = |error: anyhow::Error| format!("{error:#}").replace(&folder.display().to_string(), "");
    Ok(format!("{:?} {:?}", manifest.map_err(told), erasures.map_err(told)))
}

#[test]
fn configuration_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = countersign_core::Timestamp::from_seconds(1_800_000_000);
    fs::write(folder.path().join("a"), "as it was").unwrap();
    let manifest =
        Manifest::describe(folder.path(), &["a".to_owned()], at, [("acme".parse().unwrap(), 7)].into())
            .unwrap();
    let erasures = Erasures::new(at, [("acme".parse().unwrap(), vec!["key_1".to_owned()])].into());
    let policy_text = "fallback = \"challenge\"\nclaim_namespace = \"https://a.example/\"\n[tenant]\nmode = \"enforce\"\n[organizations.org_a]\nmode = \"audit\"\n";
    Target::new("configuration")
        .examples([
            config::sample(),
            SMALL.to_owned(),
            format!("{SMALL}{THEN}COUNTERSIGN__SERVER__LISTEN=127.0.0.1:9\nCOUNTERSIGN__TENANTS__ACME__POLICY__TENANT__MODE=audit\nCOUNTERSIGN__A__B={{a = [1, 2]}}\n"),
            policy_text.to_owned(),
            serde_json::to_string(&manifest).unwrap(),
            serde_json::to_string(&erasures).unwrap(),
            "first-key\n# comment\nsecond-key\n".to_owned(),
        ])
        .words(["[tenants.", "[[", "]]", "'''", "\"\"\"", "env:", "file:", "command:", "../a", "\"sha256\":", "1979-05-27T07:32:00Z", "0b1", "inf", "COUNTERSIGN__", THEN])
        .run(|input| {
            let text = String::from_utf8_lossy(input);
            let keys = lines(&text);
            if keys.iter().any(|key| key.contains('\n')) {
                return Err(format!("a key of two lines: {keys:?}"));
            }
            let said = [configuration(&text)?, policy(&text)?, backups(folder.path(), input)?];
            Ok(said.join("; "))
        });
}
