//! A small pool of connections that can't write.

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use crate::StoreError;

/// Read connections: point reads take a few microseconds, so a few suffice.
pub(super) struct Readers(Vec<Mutex<Connection>>);

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self(connections.into_iter().map(Mutex::new).collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let free = self.0.iter().find_map(Mutex::try_lock);
        free.or_else(|| self.0.first().map(Mutex::lock))
            .ok_or_else(|| StoreError::Unavailable("no read connection".to_owned()))
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        query(&*self.take()?)
    }
}
