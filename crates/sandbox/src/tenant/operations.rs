//! The table of all operations, and the way from a call to its row.

use super::{Context, Fault, Method, Reply, check::Rule, limit::Group, resource};

/// What answers a call that passed all checks.
pub type Handler = fn(&mut Context<'_>) -> Result<Reply, Fault>;

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Operation {
    /// How it acts.
    pub method: Method,
    /// Its path below `/api/v2`; `{name}` stands for a segment that the handler reads.
    pub path: &'static str,
    /// What it is called in the documentation, and so in the log.
    pub name: &'static str,
    /// The scopes of which a token needs one.
    pub scopes: &'static [&'static str],
    /// What its calls count towards.
    pub group: Group,
    /// What its body must be; `None` where the handler reads none, or checks it itself.
    pub body: Option<&'static Rule>,
    pub(crate) handler: Handler,
}

impl Operation {
    /// The same row with a rule for the body.
    pub(crate) const fn body(mut self, rule: &'static Rule) -> Self {
        self.body = Some(rule);
        self
    }

    /// The same row in another group.
    pub(crate) const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }
}

macro_rules! makers {
    ($($name:ident $method:ident),*) => {$(
        /// A row for the method.
        pub(crate) const fn $name(
            path: &'static str,
            name: &'static str,
            scopes: &'static [&'static str],
            handler: Handler,
        ) -> Operation {
            let (method, group) = (Method::$method, Group::Other);
            Operation { method, path, name, scopes, group, body: None, handler }
        }
    )*};
}

makers!(get Get, post Post, put Put, patch Patch, delete Delete);

/// All rows, a resource after the other.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    resource::TABLES.iter().copied().flatten()
}

/// Scopes that no operation asks for, but on which it depends what an answer shows.
const SHOWING: &[&str] = &["read:connections_options"];

/// Every scope that some operation asks for or looks at, in order and once.
#[must_use]
pub fn scopes() -> Vec<&'static str> {
    let asked = operations().flat_map(|operation| operation.scopes);
    let mut scopes: Vec<&str> = asked.chain(SHOWING).copied().collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// The segments of a path that stand for `{name}`s.
pub(crate) type Parameters = Vec<(&'static str, String)>;

/// The row of a call, and what its path says. A segment that is written out goes before one that stands for anything.
pub(crate) fn route(method: Method, path: &[String]) -> Option<(&'static Operation, Parameters)> {
    let rows = operations().filter(|operation| operation.method == method);
    let matching = rows.filter_map(|operation| Some((operation, matched(operation.path, path)?)));
    matching.min_by_key(|(_, parameters)| parameters.len())
}

fn matched(template: &'static str, path: &[String]) -> Option<Parameters> {
    let segments: Vec<&'static str> = template.split('/').skip(1).collect();
    if segments.len() != path.len() {
        return None;
    }
    let mut parameters = Parameters::new();
    for (segment, given) in segments.into_iter().zip(path) {
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => parameters.push((name, given.clone())),
            None if segment == given => {}
            None => return None,
        }
    }
    Some(parameters)
}
