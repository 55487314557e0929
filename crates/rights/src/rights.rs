//! The policies in force, and the check of one request.

use std::collections::HashMap;

use aws_lc_rs::digest;
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Effect, Entities, Entity, PolicyId, PolicySet,
    Request, Response, RestrictedExpression,
};

use crate::{
    Action, Place, PolicyFault, Principal,
    entities::{Names, Unaskable},
    files::{File, SCHEMA, SHIPPED},
    load::{Loaded, load},
};

/// In [`Verdict::failed`] where nothing could be asked at all: no policy has such an id.
const UNASKABLE: &str = "(request)";

/// The policies in force: those that are shipped, and the operator's own.
pub struct Rights {
    policies: PolicySet,
    names: Names,
    actions: HashMap<Action, Entity>,
    authorizer: Authorizer,
    digest: [u8; 32],
    files: Vec<(String, [u8; 32])>,
}

/// The answer to one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be done.
    pub is_permitted: bool,
    /// Ids of the policies that decided, in order: those that permit, or those that forbid; none where no policy
    /// said anything.
    pub policies: Vec<String>,
    /// Ids of the policies that failed while they were evaluated and so did not count, in order.
    pub failed: Vec<String>,
}

impl Rights {
    /// The policies that are shipped.
    ///
    /// # Errors
    /// When one of them is wrong: a fault of ours, which a test rules out.
    pub fn shipped() -> Result<Self, PolicyFault> {
        Self::with(&[])
    }

    /// The shipped policies and the operator's `files`, each a name and its text: at most 256 KiB together and 500
    /// policies, none very deep, each with an `@id` of its own, checked strictly against the schema.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn with(files: &[(String, String)]) -> Result<Self, PolicyFault> {
        let files: Vec<File<'_>> = files.iter().map(|(name, text)| File { name, text }).collect();
        let Loaded { schema, policies } = load(&files)?;
        let names = Names::new()?;
        let actions = names
            .actions(&schema)
            .ok_or_else(|| PolicyFault::at(SCHEMA, 0, "an action of the service is not in the schema"))?;
        let own = files.iter().map(|file| (format!("own/{}", file.name), file.text));
        let named = SHIPPED.iter().map(|file| (file.name.to_owned(), file.text)).chain(own);
        let digests = named.map(|(name, text)| (name, sha256(&[text.as_bytes()])));
        let (digest, authorizer) = (digest_of(&files), Authorizer::new());
        Ok(Self { policies, names, actions, authorizer, digest, files: digests.collect() })
    }

    /// SHA-256 over the schema and every file of policies, whatever order the operator's came in: another set has
    /// another.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The files of policies in force, the shipped ones first and the operator's as `own/…`, each with the SHA-256 of its text.
    #[must_use]
    pub fn files(&self) -> &[(String, [u8; 32])] {
        &self.files
    }

    /// The ids of the policies in force, in order.
    #[must_use]
    pub fn policy_ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.policies.policies().map(|policy| policy.id().to_string()).collect();
        ids.sort_unstable();
        ids
    }

    /// Whether `principal` may do `action` at `target`. Nothing is permitted that no policy permits; one that forbids
    /// decides against all that permit. One that fails is told: a permit is then none, and a forbid forbids, since nobody can say
    /// that it would not have.
    #[must_use]
    pub fn check(&self, principal: &Principal, action: Action, target: &Place) -> Verdict {
        match self.ask(principal, action, target) {
            Ok(response) => {
                let verdict = Verdict::of(&response);
                let is_unsure = verdict.failed.iter().any(|id| self.forbids(id));
                if is_unsure { verdict.denied() } else { verdict }
            }
            Err(Unaskable) => {
                Verdict { is_permitted: false, policies: Vec::new(), failed: vec![UNASKABLE.to_owned()] }
            }
        }
    }

    /// Whether this is a forbid; one that is not there is taken for one.
    fn forbids(&self, id: &str) -> bool {
        self.policies.policy(&PolicyId::new(id)).is_none_or(|policy| policy.effect() == Effect::Forbid)
    }

    fn ask(&self, principal: &Principal, action: Action, target: &Place) -> Result<Response, Unaskable> {
        let asked = self.actions.get(&action).ok_or(Unaskable)?;
        let place = self.names.place(target);
        let mut entities = self.names.principal(principal, target)?;
        let asking = entities.first().ok_or(Unaskable)?.uid();
        let context = Context::from_pairs([
            ("how".to_owned(), RestrictedExpression::new_string(principal.how.as_str().to_owned())),
            ("action".to_owned(), RestrictedExpression::new_string(action.as_str().to_owned())),
        ])
        .map_err(|_| Unaskable)?;
        let request = Request::new(asking, asked.uid(), place.uid(), context, None).map_err(|_| Unaskable)?;
        entities.extend([asked.clone(), place]);
        let entities = Entities::from_entities(entities, None).map_err(|_| Unaskable)?;
        Ok(self.authorizer.is_authorized(&request, &self.policies, &entities))
    }
}

impl std::fmt::Debug for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rights").field("policies", &self.policies.num_of_policies()).finish_non_exhaustive()
    }
}

impl Verdict {
    /// The same, decided against all that permit by forbids that failed.
    fn denied(self) -> Self {
        let policies = if self.is_permitted { Vec::new() } else { self.policies };
        Self { is_permitted: false, policies, ..self }
    }

    fn of(response: &Response) -> Self {
        let diagnostics = response.diagnostics();
        let mut policies: Vec<String> = diagnostics.reason().map(ToString::to_string).collect();
        policies.sort_unstable();
        let failed = diagnostics.errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => error.policy_id().to_string(),
        });
        let mut failed: Vec<String> = failed.collect();
        failed.sort_unstable();
        Self { is_permitted: response.decision() == Decision::Allow, policies, failed }
    }
}

/// Each text with its name, and both with their lengths before them, so that no two sets run into the same bytes.
fn digest_of(files: &[File<'_>]) -> [u8; 32] {
    let mut own: Vec<(&str, &str)> = files.iter().map(|file| (file.name, file.text)).collect();
    own.sort_unstable();
    let shipped = [SCHEMA].into_iter().chain(SHIPPED).map(|file| (file.name, file.text));
    let parts: Vec<_> = shipped
        .chain(own)
        .flat_map(|(name, text)| [name, text])
        .map(|part| ((part.len() as u64).to_be_bytes(), part.as_bytes()))
        .collect();
    let parts: Vec<&[u8]> = parts.iter().flat_map(|(length, part)| [&length[..], part]).collect();
    sha256(&parts)
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    for (byte, made) in hash.iter_mut().zip(context.finish().as_ref()) {
        *byte = *made;
    }
    hash
}
