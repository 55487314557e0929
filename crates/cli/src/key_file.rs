//! A file of secrets, one a line: the first is in use, the others are from before and still accepted.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// A file of secrets; it need not be there.
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file at this path.
    pub const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its lines, without empty ones; `None` when it is not there.
    pub fn find(&self) -> anyhow::Result<Option<Vec<String>>> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(lines(&text)).filter(|lines| !lines.is_empty())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => bail!("can't read `{}`: {error}", self.0.display()),
        }
    }

    /// Its lines, at least one.
    pub fn get(&self) -> anyhow::Result<Vec<String>> {
        self.find()?.with_context(|| format!("can't read `{}`: there is no key in it", self.0.display()))
    }

    /// Its lines; made with the one line that `make` gives when it is not there.
    pub fn find_or_make(&self, make: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<Vec<String>> {
        if let Some(lines) = self.find()? {
            return Ok(lines);
        }
        if self.0.exists() {
            bail!("`{}` is empty", self.0.display());
        }
        let line = make()?;
        self.write(&self.0, fs::File::options().create_new(true), std::slice::from_ref(&line))?;
        Ok(vec![line])
    }

    /// Puts these lines in place of what there is, whole or not at all, whenever the process ends.
    pub fn replace(&self, lines: &[String]) -> anyhow::Result<()> {
        let draft = self.0.with_added_extension("new");
        self.write(&draft, fs::File::options().create(true).truncate(true), lines)?;
        fs::rename(&draft, &self.0)
            .and_then(|()| self.0.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all()))
            .with_context(|| format!("can't write `{}`", self.0.display()))
    }

    /// Writes for the owner alone, and waits until it is on disk.
    fn write(&self, path: &Path, options: &mut fs::OpenOptions, lines: &[String]) -> anyhow::Result<()> {
        let written = options.write(true).mode(0o600).open(path).and_then(|mut file| {
            lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
            file.sync_all()
        });
        written.with_context(|| format!("can't write `{}`", self.0.display()))
    }
}

/// The lines of a text, without empty ones and without white space around them.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_once_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("a.key"));
        assert_eq!(file.find().unwrap(), None);
        assert!(file.get().is_err());
        assert_eq!(file.find_or_make(|| Ok("one".to_owned())).unwrap(), ["one"]);
        assert_eq!(file.find_or_make(|| panic!("it is there")).unwrap(), ["one"]);
        file.replace(&["two".to_owned(), "one".to_owned()]).unwrap();
        assert_eq!(file.get().unwrap(), ["two", "one"]);
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn an_empty_file_is_no_reason_to_make_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("a.key"));
        fs::write(file.path(), " \n\n").unwrap();
        assert!(file.get().is_err());
        assert!(file.find_or_make(|| panic!("it is there")).is_err());
    }
}
