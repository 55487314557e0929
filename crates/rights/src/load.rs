//! From files to policies that were checked against the schema.

use std::{collections::BTreeMap, sync::OnceLock, thread};

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use crate::{
    PolicyFault, bounds,
    fault::position,
    files::{File, SCHEMA, SHIPPED},
};

/// The most bytes of an operator's files together.
const MOST_BYTES: usize = 256 * 1024;

/// The most policies of an operator.
const MOST_POLICIES: usize = 500;

/// The most characters of a policy's id.
const MOST_ID: usize = 64;

/// Stack of the thread that loads; what is not reached of it costs no memory.
const STACK: usize = 64 * 1024 * 1024;

/// The policies in force, by `@id`, and the schema that they keep to.
pub(crate) struct Loaded {
    pub(crate) schema: Schema,
    pub(crate) policies: PolicySet,
}

/// Loads the shipped policies and the operator's `files`.
///
/// On a thread with a stack of its own: Cedar's validator lets through unseen what is deeper than its stack, and whoever
/// calls may have little of it left.
pub(crate) fn load(files: &[File<'_>]) -> Result<Loaded, PolicyFault> {
    let broke =
        || PolicyFault::at(SCHEMA, 0, "the policies could not be loaded: a thread did not start, or broke");
    thread::scope(|scope| {
        let loading = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || load_all(files));
        loading.map_err(|_| broke()).and_then(|loading| loading.join().unwrap_or_else(|_| Err(broke())))
    })
}

/// The schema and the shipped policies, which are the same each time and read once.
fn shipped() -> Result<Loading, PolicyFault> {
    static READ: OnceLock<Result<Loading, PolicyFault>> = OnceLock::new();
    let read = || {
        let (schema, _) =
            Schema::from_cedarschema_str(SCHEMA.text).map_err(|error| PolicyFault::of(SCHEMA, &error))?;
        let mut loading = Loading {
            validator: Validator::new(schema),
            policies: PolicySet::new(),
            places: BTreeMap::new(),
            room: usize::MAX,
        };
        for file in SHIPPED {
            loading.add(file)?;
        }
        loading.room = MOST_POLICIES;
        Ok(loading)
    };
    READ.get_or_init(read).clone()
}

fn load_all(files: &[File<'_>]) -> Result<Loaded, PolicyFault> {
    let mut loading = shipped()?;
    let mut bytes = 0_usize;
    for file in files {
        bytes = bytes.saturating_add(file.text.len());
        if bytes > MOST_BYTES {
            let message =
                format!("with this file the policies have {bytes} bytes; at most {MOST_BYTES} are read");
            return Err(PolicyFault::at(*file, 0, &message));
        }
        loading.add(*file)?;
    }
    Ok(Loaded { schema: loading.validator.schema().clone(), policies: loading.policies })
}

#[derive(Clone)]
struct Loading {
    validator: Validator,
    policies: PolicySet,
    /// Where each id was given, to tell both places when it is given again.
    places: BTreeMap<String, String>,
    /// How many more policies are taken.
    room: usize,
}

impl Loading {
    fn add(&mut self, file: File<'_>) -> Result<(), PolicyFault> {
        bounds::check(file)?;
        let parsed = file.text.parse::<PolicySet>().map_err(|error| PolicyFault::of(file, &error))?;
        if let Some(template) = parsed.templates().next() {
            let message =
                "a slot such as `?principal` is for templates, and nothing here fills it in: name a role";
            let Some(place) = template.as_ref().loc() else { return Err(PolicyFault::at(file, 0, message)) };
            return Err(PolicyFault::at(file, place.start(), message));
        }
        // Why by place: Cedar's set has no order to rely on, and the first fault should be the first in the file.
        let mut found: Vec<(usize, &Policy)> =
            parsed.policies().map(|policy| (offset(policy), policy)).collect();
        found.sort_by_key(|(offset, _)| *offset);
        let mut named = PolicySet::new();
        for (offset, policy) in found {
            let id = self.take_id(file, offset, policy)?;
            let policy = policy.new_id(PolicyId::new(id));
            let add = |set: &mut PolicySet, policy| {
                set.add(policy).map_err(|error| PolicyFault::at(file, offset, &error.to_string()))
            };
            add(&mut named, policy.clone())?;
            add(&mut self.policies, policy)?;
        }
        self.validate(file, &named)
    }

    /// The policy's `@id`, which nothing before it may have.
    fn take_id<'a>(
        &mut self,
        file: File<'_>,
        offset: usize,
        policy: &'a Policy,
    ) -> Result<&'a str, PolicyFault> {
        let fault = |message: &str| PolicyFault::at(file, offset, message);
        if self.room == 0 {
            return Err(fault(&format!("at most {MOST_POLICIES} policies of one's own are taken")));
        }
        self.room -= 1;
        let id = policy.annotation("id").unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if id.is_empty() || id.len() > MOST_ID || !id.chars().all(is_plain) {
            let message = format!(
                "each policy has an id before it, such as `@id(\"nobody_reads_at_night\")`: 1 to {MOST_ID} letters, \
                 digits, `_`, `-` or `.`"
            );
            return Err(fault(&message));
        }
        let (line, column) = position(file.text, offset);
        let place = format!("{}:{line}:{column}", file.name);
        match self.places.insert(id.to_owned(), place) {
            None => Ok(id),
            Some(first) => {
                Err(fault(&format!("the id `{id}` is that of the policy at {first}; give it another")))
            }
        }
    }

    /// Strict: a warning refuses too, since a `forbid` that can never apply is one that somebody relies on.
    fn validate(&self, file: File<'_>, policies: &PolicySet) -> Result<(), PolicyFault> {
        let result = self.validator.validate(policies, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| PolicyFault::of(file, error));
        let warnings = result.validation_warnings().map(|warning| PolicyFault::of(file, warning));
        let first =
            |faults: Vec<PolicyFault>| faults.into_iter().min_by_key(|fault| (fault.line, fault.column));
        first(errors.collect()).or_else(|| first(warnings.collect())).map_or(Ok(()), Err)
    }
}

/// At which byte of its file it begins.
fn offset(policy: &Policy) -> usize {
    let Some(place) = policy.as_ref().loc() else { return 0 };
    place.start()
}
