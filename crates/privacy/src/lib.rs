//! Pseudonyms that join and bodies that only their subject's key opens.
//!
//! It decides how a person is named in records (a keyed pseudonym per tenant) and outside (one per tenant and period), how
//! what is said about a person is sealed (one key per subject, wrapped by the master key), and what each field that comes in
//! may tell ([`fields`]). It must never keep a key longer than a caller holds it, and never name a person in an error.
//!
//! ```
//! use countersign_core::{Secret, testing::CountingEntropy};
//! use countersign_privacy::{MasterKey, Sealed, SubjectKey};
//!
//! let master = MasterKey::new(&Secret::new(vec![7; 32]))?;
//! let keys = master.tenant(&"example-tenant".parse()?);
//! let person = keys.subject("auth0|65f0c0ffee0000000000a001");
//! let key = SubjectKey::generate(&CountingEntropy::default())?;
//! let sealed = Sealed::seal(&key, b"rec_1", b"what was decided", &CountingEntropy::default())?;
//! assert_eq!(sealed.open(&key, b"rec_1")?, b"what was decided");
//! assert!(person.as_str().starts_with("sub_"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alias;
pub mod fields;
mod keys;
mod pack;
mod seal;
mod signing;
mod tag;
mod token;

pub use alias::{Alias, AliasError, Aliases, Epoch};
pub use keys::{KeyError, MasterKey, PseudonymRoot, SubjectKey, TenantKeys, WrappedKey};
pub use seal::{SealError, Sealed};
pub use signing::{SigningKey, SigningKeyError};
pub use tag::{Tag, Tagger};
pub use token::Token;
