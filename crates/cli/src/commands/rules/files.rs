//! Rule files and what is set for them.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use countersign_detect::{
    pack::PACK,
    sigma::{Grade, Located, Spot, Values},
};

/// The most bytes of a file that are read: more than a rule file may have, so that one that is too long is told as such.
const MAX_BYTES: u64 = 1024 * 1024;

/// The most files, and bytes of them all, of a folder that is read while the service runs.
const MAX_FILES: usize = 1_000;
const MAX_TOTAL: usize = 16 * 1024 * 1024;

/// The most folders within folders.
const MAX_DEPTH: usize = 16;

/// Name and text of rule files.
pub struct Files {
    read: Vec<(String, String)>,
    /// Those that hold no text.
    pub unread: Vec<Located>,
}

impl Files {
    /// The files at the paths, in the order of their names; without a path, the rules that are built in.
    pub fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut files = Self { read: Vec::new(), unread: Vec::new() };
        if paths.is_empty() {
            files.read = PACK.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        }
        let mut found = Vec::new();
        for path in paths {
            let before = found.len();
            gather(path, MAX_DEPTH, &mut found)?;
            if found.len() == before {
                bail!("`{}` holds no rule file, which ends in `.yml` or `.yaml`", path.display());
            }
        }
        found.sort();
        found.dedup();
        for path in found {
            files.add(&path)?;
        }
        Ok(files)
    }

    /// The files in a folder and in those within, in the order of their names; bounded, and none is fine.
    pub fn within(folder: &Path) -> anyhow::Result<Self> {
        let mut files = Self { read: Vec::new(), unread: Vec::new() };
        if !fs::metadata(folder).with_context(|| format!("can't find `{}`", folder.display()))?.is_dir() {
            bail!("`{}` is no folder", folder.display());
        }
        let mut found = Vec::new();
        gather(folder, MAX_DEPTH, &mut found)?;
        if found.len() > MAX_FILES {
            bail!("`{}` holds more than {MAX_FILES} rule files", folder.display());
        }
        found.sort();
        for path in found {
            files.add(&path)?;
            if files.read.iter().map(|(_, text)| text.len()).sum::<usize>() > MAX_TOTAL {
                bail!("the rule files in `{}` have more than {MAX_TOTAL} bytes", folder.display());
            }
        }
        Ok(files)
    }

    /// Names and texts.
    pub fn into_read(self) -> Vec<(String, String)> {
        self.read
    }

    fn add(&mut self, path: &Path) -> anyhow::Result<()> {
        let place = path.display();
        let file = File::open(path).with_context(|| format!("can't open `{place}`"))?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).with_context(|| format!("can't read `{place}`"))?;
        let is_cut = bytes.len() as u64 == MAX_BYTES;
        match String::from_utf8(bytes) {
            Ok(text) => self.read.push((place.to_string(), text)),
            Err(error) if is_cut => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                self.read.push((place.to_string(), text));
            }
            Err(_) => self.unread.push(Located {
                file: place.to_string(),
                spot: Spot::default(),
                grade: Grade::Error,
                what: "this is not text".to_owned(),
                right: "YAML in UTF-8".to_owned(),
            }),
        }
        Ok(())
    }

    /// As the evaluator takes them.
    pub fn borrowed(&self) -> Vec<(&str, &str)> {
        self.read.iter().map(|(name, text)| (&**name, &**text)).collect()
    }

    /// How many there are, those without text too.
    pub const fn count(&self) -> usize {
        self.read.len() + self.unread.len()
    }
}

fn gather(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let place = path.display();
    let meta = fs::metadata(path).with_context(|| format!("can't find `{place}`"))?;
    if !meta.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("can't read `{place}`"))? {
        let entry = entry.with_context(|| format!("can't read `{place}`"))?;
        let (inner, sort) = (entry.path(), entry.file_type()?);
        let is_rule = inner.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        if sort.is_dir() {
            let Some(depth) = depth.checked_sub(1) else {
                bail!("`{}`: at most {MAX_DEPTH} folders within each other", inner.display());
            };
            gather(&inner, depth, found)?;
        } else if is_rule {
            found.push(inner);
        }
    }
    Ok(())
}

/// What is set for rules: a table for each rule file.
pub fn values(path: Option<&Path>) -> anyhow::Result<Values> {
    let Some(path) = path else { return Ok(Values::new()) };
    let place = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("can't read `{place}`"))?;
    toml::from_str(&text)
        .with_context(|| format!("`{place}`: a table for each rule, such as `[users_exported]`, with values"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_with_those_within_and_no_further_than_its_bounds() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("rules");
        assert!(Files::within(&folder).is_err());
        fs::create_dir_all(folder.join("more")).unwrap();
        assert_eq!(Files::within(&folder).unwrap().count(), 0);
        fs::write(folder.join("a.yml"), "a").unwrap();
        fs::write(folder.join("more/b.yaml"), "b").unwrap();
        fs::write(folder.join("readme.md"), "c").unwrap();
        let texts = |files: Files| files.into_read().into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(Files::within(&folder).unwrap()), ["a", "b"]);
        assert!(Files::within(&folder.join("a.yml")).is_err());
        let large = "x".repeat(usize::try_from(MAX_BYTES).unwrap() * 2);
        (0..17).for_each(|n| fs::write(folder.join(format!("large{n}.yml")), &large).unwrap());
        assert!(Files::within(&folder).is_err(), "more than 16 MiB");
        (0..17).for_each(|n| fs::remove_file(folder.join(format!("large{n}.yml"))).unwrap());
        (0..MAX_FILES).for_each(|n| fs::write(folder.join(format!("r{n}.yml")), "x").unwrap());
        assert!(Files::within(&folder).is_err(), "more than a thousand files");
    }
}
