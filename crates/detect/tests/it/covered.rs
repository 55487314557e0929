//! `docs/rules.md`: it lists every rule, and what of ours covers each detection of the vendor.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use countersign_detect::{
    About,
    detectors::NATIVE,
    pack::PACK,
    sigma::{Values, check, load},
};

use crate::{outside::folder, pack::severity};

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md")
}

fn page() -> String {
    fs::read_to_string(page_path()).unwrap()
}

const BEGIN: &str = "<!-- rules -->\n";
const END: &str = "<!-- end of rules -->";

fn table() -> String {
    let mut table = "| rule | finds | severity | ATT&CK |\n|---|---|---|---|\n".to_owned();
    for detector in load(PACK, &Values::new()).ok().unwrap() {
        let About { id, title, techniques, .. } = detector.about();
        let severity = severity(detector.about().severity);
        table +=
            &format!("| [`{id}`](../rules/{id}.yml) | {title} | {severity} | {} |\n", techniques.join(", "));
    }
    table
}

#[test]
fn the_page_lists_every_rule() {
    let page = page();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    #[expect(clippy::disallowed_methods, reason = "whoever changes a rule says so in the environment")]
    let is_blessed = std::env::var("COUNTERSIGN_BLESS").is_ok();
    if is_blessed {
        fs::write(page_path(), format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(listed, table());
    }
}

/// Of each row of the table about the vendor's files: the file, and what covers it.
fn rows() -> Vec<(String, Vec<String>)> {
    let page = page();
    let section = page.split("\n## ").find(|section| section.starts_with("The vendor's")).unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let [published, wrong, covered] = cells[..] else { panic!("{line}") };
        assert!(!wrong.is_empty(), "{line}");
        let [published] = &names(published)[..] else { panic!("{line}") };
        (published.clone(), names(covered))
    });
    rows.collect()
}

#[test]
fn each_name_of_the_table_is_a_rule_or_a_detector() {
    let report = check(PACK, &Values::new());
    let native = NATIVE.iter().map(|native| native.about.id.to_string());
    let known: BTreeSet<String> = report.detectors.iter().cloned().chain(native).collect();
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (published, covering) in rows() {
        assert!(!covering.is_empty(), "{published}");
        for name in &covering {
            assert!(known.contains(name), "{published}: there is no `{name}`");
        }
        assert!(said.insert(published.clone(), covering).is_none(), "{published} stands twice");
    }
    // What a rule says of itself and what the page says are the same.
    for (published, rule) in &report.covers {
        assert!(said[published].contains(rule), "{rule} says to cover {published}");
    }
    for (published, covering) in &said {
        for rule in covering.iter().filter(|name| report.detectors.contains(name)) {
            assert!(report.covers.contains(&(published.clone(), rule.clone())), "{rule}: {published}");
        }
    }
}

#[test]
fn each_file_of_the_vendor_has_a_row() {
    let Some(folder) = folder() else { return };
    let files = fs::read_dir(folder.join("auth0/sigma/detections")).unwrap();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let files: BTreeSet<String> = files.map(|entry| stem(entry.unwrap().path())).collect();
    assert_eq!(rows().into_iter().map(|(published, _)| published).collect::<BTreeSet<_>>(), files);
}
