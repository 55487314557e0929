//! Where Actions run: one Node host, started when the first Action is to run.

use std::path::PathBuf;

use tokio::sync::OnceCell;

use crate::{Host, HostError, Launch, materialize};

/// A Node host to be.
#[derive(Debug, Default)]
pub struct Actions {
    folder: Option<PathBuf>,
    is_passed_over: bool,
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
        Self { folder: Some(folder), ..Self::default() }
    }

    /// Nowhere, and flows go on as if none were bound: for whoever does elsewhere what they would do.
    #[must_use]
    pub fn passed_over() -> Self {
        Self { is_passed_over: true, ..Self::default() }
    }

    /// Whether flows go on without those that are bound.
    pub(crate) const fn are_passed_over(&self) -> bool {
        self.is_passed_over
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
