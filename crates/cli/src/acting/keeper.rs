//! Where secrets are kept that a tenant makes.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use countersign_app::{acts::SecretKeeper, checkpoint_file_name};
use countersign_core::{Secret, TenantId};

/// How many secrets of one name there may be.
const MOST: u32 = 1_000;

/// A folder with a file for each secret, readable by its owner alone. None is ever overwritten: the second of a name ends with
/// `.2`.
pub struct Folder {
    path: PathBuf,
    tenant: TenantId,
}

impl Folder {
    pub fn new(path: PathBuf, tenant: &TenantId) -> Self {
        Self { path, tenant: tenant.clone() }
    }

    fn keep_in(&self, name: &str, value: &Secret) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let name = format!("{}.{}", plain(self.tenant.as_str()), plain(name));
        let mut file = new_file(&self.path, &name)?;
        file.write_all(value.expose())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::File::open(&self.path)?.sync_all()
    }
}

/// A name as it stands in a file's: letters, digits, `-` and `_`, and all other bytes as `%` and two hexadecimal digits.
fn plain(name: &str) -> String {
    checkpoint_file_name(name).trim_end_matches(".checkpoint").to_owned()
}

/// Makes a file that was not there.
fn new_file(folder: &Path, name: &str) -> std::io::Result<fs::File> {
    for number in 1..=MOST {
        let name = if number == 1 { name.to_owned() } else { format!("{name}.{number}") };
        match fs::File::options().write(true).create_new(true).mode(0o600).open(folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

impl SecretKeeper for Folder {
    fn keep(&self, name: &str, value: &Secret) -> Result<(), String> {
        self.keep_in(name, value).map_err(|error| format!("`{}`: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_kept_for_the_owner_alone_and_none_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("made");
        let folder = Folder::new(path.clone(), &"acme".parse().unwrap());
        for value in ["one", "two"] {
            folder.keep("client_secret.../../x", &Secret::new(value.as_bytes().to_vec())).unwrap();
        }
        let mut files: Vec<(String, String, u32)> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(&path).unwrap(), mode)
            })
            .collect();
        files.sort();
        let name = "acme.client_secret%2e%2e%2e%2f%2e%2e%2fx";
        let expected =
            [(name.to_owned(), "one\n".to_owned(), 0o600), (format!("{name}.2"), "two\n".to_owned(), 0o600)];
        assert_eq!(files, expected);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let nowhere = Folder::new("/proc/nowhere".into(), &"acme".parse().unwrap());
        let told = nowhere.keep("a", &Secret::new(b"hunter2".to_vec())).unwrap_err();
        assert!(told.contains("/proc/nowhere") && !told.contains("hunter2"), "{told}");
    }
}
