//! Who may do what where: the vocabulary of access, and the check of one request against policies in Cedar.
//!
//! Pure: it reads no files, no clock and no database. Nothing is permitted that no policy permits, and a `forbid`
//! always wins.
//!
//! ```
//! use countersign_rights::{Action, How, Place, Principal, Rights};
//!
//! let rights = Rights::shipped()?;
//! let local = Principal::local(How::File);
//! assert!(rights.check(&local, Action::SetSwitches, &Place::Installation).is_permitted);
//! assert_eq!(
//!     rights.check(&local, Action::ApprovePlans, &Place::Installation).policies,
//!     ["approvals_need_people"],
//! );
//! # Ok::<(), countersign_rights::PolicyFault>(())
//! ```

mod bounds;
mod entities;
mod fault;
mod files;
mod load;
mod place;
mod principal;
mod rights;
mod words;

pub use fault::PolicyFault;
pub use place::{Grant, GrantError, Place};
pub use principal::Principal;
pub use rights::{Rights, Verdict};
pub use words::{Action, Group, How, PrincipalKind, Role};
