//! What a handler works with.

use countersign_core::Timestamp;
use serde_json::Value;

use super::{
    Call, Caller, Options, Record, Tester, iso,
    state::{Object, State},
};

/// What a handler has before it.
pub struct Context<'a> {
    /// Everything the tenant remembers.
    pub state: &'a mut State,
    /// The call.
    pub call: &'a Call,
    /// Who makes it.
    pub caller: &'a Caller,
    /// The time.
    pub now: Timestamp,
    /// What runs an Action for a test, where there is something.
    pub tester: Option<&'a Tester>,
    pub(super) options: &'a Options,
    pub(super) parameters: &'a [(&'static str, String)],
}

impl Context<'_> {
    /// A segment of the path by its name in the row; empty for a name that isn't there.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The properties of the body; none without a body.
    #[must_use]
    pub fn body(&self) -> Object {
        self.call.json().and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The texts of an array in the body.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.call.json().and_then(|body| body.get(name)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The time as Auth0 writes it.
    #[must_use]
    pub fn iso(&self) -> String {
        iso(self.now)
    }

    /// How the tenant began.
    #[must_use]
    pub const fn options(&self) -> &Options {
        self.options
    }

    /// Writes a log record.
    pub fn log(&mut self, record: Record) {
        self.state.log(record, &self.options.name, self.now);
    }
}
