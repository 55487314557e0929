//! How often a tenant may be asked, and who is next. Pure: times come in, decisions go out.

mod bucket;
mod limiter;
mod plan;

pub(super) use limiter::{Limiter, Observed, Ticket};
pub use plan::Plan;
