//! Where Actions run: one Node host, started when the first Action is to run.

use std::path::PathBuf;

use tokio::sync::OnceCell;

use crate::{Host, HostError, Launch, materialize};

/// A Node host to be.
#[derive(Debug, Default)]
pub struct Actions {
    folder: Option<PathBuf>,
    host: OnceCell<Host>,
}

impl Actions {
    /// Nowhere: each Action that is bound fails.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A host whose scripts are written into `folder`.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder), host: OnceCell::new() }
    }

    /// Whether there is somewhere to run them.
    pub(crate) const fn may_run(&self) -> bool {
        self.folder.is_some()
    }

    /// The host, which is started if it isn't running yet.
    ///
    /// # Errors
    /// Why there is none; it is tried again the next time.
    pub async fn host(&self) -> Result<&Host, HostError> {
        let folder = self.folder.as_ref().ok_or(HostError::Gone)?;
        let start = || async {
            let script = materialize(folder).map_err(|error| HostError::Start(error.kind()))?;
            Host::start(Launch::new(script)).await
        };
        self.host.get_or_try_init(start).await
    }
}
