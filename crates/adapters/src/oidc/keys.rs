//! The keys of an issuer, as they are at the time.

use std::{sync::Arc, time::Duration};

use countersign_app::{access::provider::Flaw, management::Why};
use countersign_core::Clock;
use reqwest::{Client, Url};

use super::{
    claims::Claims,
    fetch,
    jwks::KeySet,
    jws::Unverified,
    kept::{Kept, Need},
};

/// How long a key that its issuer took back may be taken: sets are renewed as often.
const RENEWED_AFTER: Duration = Duration::from_secs(600);

/// The most bytes of a set.
const MAX_BYTES: usize = 256 * 1024;

/// Why a signature was not found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyError {
    /// There are no keys to go by.
    Unavailable(Why),
    /// The token is not taken.
    Flaw(Flaw),
}

/// The keys that are published at one address.
pub(super) struct Keys {
    client: Client,
    kept: Kept<KeySet, Why>,
}

impl Keys {
    pub(super) fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, kept: Kept::new(clock, RENEWED_AFTER) }
    }

    /// The claims of a token that a key at `url` signed. For a key that is not known the set is got anew, at most once a minute.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(super) async fn verify<'a>(
        &self,
        url: &Url,
        token: &'a Unverified<'_>,
    ) -> Result<&'a Claims, KeyError> {
        let keys = self.get(url, Need::Kept).await?;
        match token.verify(&keys) {
            Err(Flaw::UnknownKey) => {
                let newer = self.get(url, Need::Newer).await?;
                token.verify(&newer).map_err(KeyError::Flaw)
            }
            verified => verified.map_err(KeyError::Flaw),
        }
    }

    async fn get(&self, url: &Url, need: Need) -> Result<Arc<KeySet>, KeyError> {
        let request = async { KeySet::read(fetch::document(self.client.get(url.clone()), MAX_BYTES).await?) };
        self.kept.get(need, request).await.map_err(KeyError::Unavailable)
    }
}
