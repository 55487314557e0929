//! Reading certificates, keys and client authorities, and what TLS makes of them.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};

use crate::config::Tls as Settings;

/// The most bytes of a file; a chain has some thousands, a bundle of every public authority 200,000.
const MAX_BYTES: u64 = 1024 * 1024;

/// What the files say.
pub struct Loaded {
    /// How connections are accepted.
    pub config: Arc<ServerConfig>,
    /// What checks client certificates; `None` when none are asked for.
    pub verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// How the files looked before they were read.
    pub stamp: Stamp,
}

/// How the files look from outside: time of change, size and number of each; `None` for one that can't be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(Vec<Option<(i64, i64, u64, u64)>>);

impl Stamp {
    /// How the files look now.
    pub fn of(settings: &Settings) -> Self {
        let look = |path: &PathBuf| {
            let data = fs::metadata(path).ok()?;
            Some((data.mtime(), data.mtime_nsec(), data.size(), data.ino()))
        };
        Self(
            [&settings.certificate, &settings.key].into_iter().chain(&settings.client_ca).map(look).collect(),
        )
    }
}

/// Reads all files.
pub fn load(settings: &Settings) -> anyhow::Result<Loaded> {
    let stamp = Stamp::of(settings);
    let chain = certificates(&settings.certificate).context("`server.tls.certificate`")?;
    let key = read(&settings.key).and_then(|bytes| {
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
            anyhow::anyhow!("`{}` holds no private key in PEM without a password", settings.key.display())
        })
    });
    let key = key.context("`server.tls.key`")?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = settings.client_ca.as_ref().map(|path| {
        verifier(path, settings.require_client_certificate, &provider).context("`server.tls.client_ca`")
    });
    let verifier = verifier.transpose()?;
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12])?;
    let builder = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .context("`server.tls.certificate` and `server.tls.key` do not go together")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if verifier.is_some() {
        // Why: who resumes a session is not asked for a certificate again, which may have ended or been withdrawn.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Loaded { config: Arc::new(config), verifier, stamp })
}

fn verifier(
    path: &Path,
    is_required: bool,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .with_context(|| format!("`{}` holds a certificate that can't be read", path.display()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = if is_required { builder } else { builder.allow_unauthenticated() };
    Ok(builder.build()?)
}

/// The certificates in a PEM file, at least one.
fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.with_context(|| format!("`{}` is not PEM", path.display()))?;
    ensure!(!found.is_empty(), "`{}` holds no certificate in PEM", path.display());
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let data = fs::metadata(path).with_context(|| format!("can't read `{}`", path.display()))?;
    ensure!(data.is_file() && data.len() <= MAX_BYTES, "`{}` is no file of at most 1 MiB", path.display());
    fs::read(path).with_context(|| format!("can't read `{}`", path.display()))
}
