//! Reads of reviews.

use countersign_core::TenantId;

use super::{Backend, Store};
use crate::{RemarkRow, ReviewFilter, ReviewRow, StoreError};

impl Store {
    /// A review by its id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_review(&self, tenant: &TenantId, id: &str) -> Result<Option<ReviewRow>, StoreError> {
        backend!(self.find_review(tenant, id).await)
    }

    /// Reviews, the greatest id first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_reviews(
        &self,
        tenant: &TenantId,
        filter: ReviewFilter,
        limit: u32,
    ) -> Result<Vec<ReviewRow>, StoreError> {
        backend!(self.list_reviews(tenant, filter, limit).await)
    }

    /// What was written about a plan or a review, in its order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_remarks(
        &self,
        tenant: &TenantId,
        about: &str,
        limit: u32,
    ) -> Result<Vec<RemarkRow>, StoreError> {
        backend!(self.list_remarks(tenant, about, limit).await)
    }
}
