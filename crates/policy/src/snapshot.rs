//! One tenant's policy as a decision sees it: immutable, and named by its content.

use aws_lc_rs::digest;

use crate::{Document, Fault};

/// A checked policy document and its name; a decision records the name.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    document: Document,
    etag: String,
}

impl Snapshot {
    /// Checks the document and names it.
    ///
    /// # Errors
    /// All faults of the document.
    pub fn new(document: Document) -> Result<Self, Vec<Fault>> {
        let faults = document.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let canonical = serde_json::to_vec(&document).unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, &canonical);
        let etag = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { document, etag })
    }

    /// The document.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The first 64 bits of the SHA-256 of the document's canonical JSON, in 16 hexadecimal digits.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Mode;

    use super::*;

    #[test]
    fn the_name_follows_the_content() {
        let plain = Snapshot::new(Document::default()).unwrap();
        assert_eq!(plain.etag(), Snapshot::new(Document::default()).unwrap().etag());
        let mut document = Document::default();
        document.tenant.mode = Some(Mode::Enforce);
        assert_ne!(plain.etag(), Snapshot::new(document).unwrap().etag());
    }

    #[test]
    fn a_faulty_document_makes_no_snapshot() {
        let document = Document { claim_namespace: "nothing".to_owned(), ..Document::default() };
        assert_eq!(Snapshot::new(document).unwrap_err().len(), 1);
    }
}
