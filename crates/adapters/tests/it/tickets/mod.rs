//! Tickets and alerts at vendors of a test's own, each request held to a description of what the vendor publishes.

mod pagerduty;
mod servicenow;
mod vendor;
mod whole;
mod zendesk;
