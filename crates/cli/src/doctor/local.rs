//! Our own side: files of secrets, certificates, names, the data directory.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use countersign_app::posture::{Certificate, KeyFile, Local};
use countersign_core::{TenantId, Timestamp};

use super::certificate::ends;
use crate::{config::Config, data_dir::DataDir};

/// The bits of a mode that are rights.
const RIGHTS: u32 = 0o777;

/// The most bytes of a file of certificates.
const MAX_BYTES: u64 = 1024 * 1024;

/// Looks at our own side, as far as it is about one tenant.
pub fn local(config: &Config, tenant: &TenantId) -> Local {
    let folder = &config.storage.directory;
    let directory_mode = fs::metadata(folder).ok().map(|found| found.mode() & RIGHTS);
    let certificates = config.server.tls.iter().map(|tls| Certificate {
        name: name(&tls.certificate),
        ends: read(&tls.certificate).as_deref().and_then(ends),
    });
    Local {
        key_files: key_files(config, tenant),
        certificates: certificates.collect(),
        is_public: !config.server.listen.ip().is_loopback() || config.server.behind_tls_proxy,
        hosts: config.server.hosts.clone(),
        directory_mode,
        ..Local::default()
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let found = fs::metadata(path).ok()?;
    if found.len() > MAX_BYTES {
        return None;
    }
    fs::read(path).ok()
}

fn key_files(config: &Config, tenant: &TenantId) -> Vec<KeyFile> {
    let folder = &config.storage.directory;
    let mut paths = vec![
        (folder.join("master.key"), false),
        (folder.join("checkpoint.key"), false),
        (folder.join("operator.token"), true),
    ];
    if let Ok(data) = DataDir::found(folder) {
        for (ending, is_rotated) in
            [("action-key", true), ("log-token", true), ("event-token", true), ("management-secret", true)]
        {
            paths.push((data.tenant_file(tenant, ending).path().to_owned(), is_rotated));
        }
    }
    paths.extend(config.server.tls.iter().map(|tls| (tls.key.clone(), false)));
    let look = |(path, is_rotated): (std::path::PathBuf, bool)| {
        let found = fs::metadata(&path).ok()?;
        Some(KeyFile {
            name: name(&path),
            mode: found.mode() & RIGHTS,
            written: Timestamp::from_seconds(found.mtime()),
            is_rotated,
        })
    };
    paths.into_iter().filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_of_secrets_are_seen_with_their_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let mut config = Config::default();
        config.storage.directory = folder.path().to_owned();
        let local = local(&config, &"acme".parse().unwrap());
        let [file] = &local.key_files[..] else { panic!("{:?}", local.key_files) };
        assert_eq!((file.name.as_str(), file.mode, file.is_rotated), ("master.key", 0o640, false));
        assert!(file.written.seconds() > 1_600_000_000);
        assert!(!local.is_public && local.directory_mode.is_some());
        config.storage.directory = folder.path().join("nowhere");
        assert_eq!(super::local(&config, &"acme".parse().unwrap()).directory_mode, None);
    }
}
