//! HTTP clients and reference files behind the ports of the use cases.
//!
//! Each client talks to addresses that the operator configured and to nothing else: no redirects, no proxy of the environment,
//! bounded times and answers. None decides anything, and none may write an address, a token or anything about a person
//! into a log line or an error.
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use countersign_core::{Clock, Secret, Timestamp, testing::HeldClock};
//! use countersign_adapters::enrichment::{HttpEnrichment, Settings};
//!
//! let settings = Settings {
//!     endpoint: "https://crm.example.com/v1/enrich".parse()?,
//!     token: Some(Secret::new(b"token".to_vec())),
//!     timeout: Duration::from_millis(200),
//!     sends_email: false,
//! };
//! let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::default()));
//! let connector = HttpEnrichment::new(settings, clock)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod breaker;
pub mod domains;
mod endpoint;
pub mod enrichment;
mod files;
pub mod hooks;
mod http;
pub mod management;
pub mod messages;
pub mod oidc;
pub mod places;

pub use endpoint::{Endpoint, EndpointError};
pub use files::{Fault, Faults, Why};
