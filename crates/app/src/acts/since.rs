//! How people whom a plan touches sign in since its run was begun, as the tenant's log tells it: what shows whether it holds.

use std::collections::BTreeSet;

use countersign_core::{DecisionId, Mode, Timestamp, Verdict};
use countersign_detect::Entity;
use countersign_store::Scope;

use super::shown::users;
use crate::{
    App, Error, Tenant,
    journal::LogQuery,
    reveal::{Aliased, Names},
};

/// So many users of a plan are looked at.
const USERS: usize = 5;

/// So many entries of each are looked through for sign-ins.
const LOOKED_THROUGH: u32 = 40;

/// So many sign-ins are told.
const TOLD: usize = 10;

/// Entries of the log that tell how a sign-in ended, with what they tell.
const ENDS: [(&str, SignInEnd); 10] = [
    ("s", SignInEnd::In),
    ("ssa", SignInEnd::In),
    ("sepft", SignInEnd::In),
    ("sertft", SignInEnd::Renewed),
    ("f", SignInEnd::Refused),
    ("fsa", SignInEnd::Refused),
    ("fepft", SignInEnd::Refused),
    ("fp", SignInEnd::WrongPassword),
    ("fu", SignInEnd::Refused),
    ("fertft", SignInEnd::TokenRefused),
];

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInEnd {
    /// They are in.
    In,
    /// A refresh token was taken.
    Renewed,
    /// They were let in neither by the tenant nor by its Actions.
    Refused,
    /// The password was wrong.
    WrongPassword,
    /// A refresh token was not taken.
    TokenRefused,
}

/// A sign-in of somebody whom a plan touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSince {
    /// When.
    pub at: Timestamp,
    /// Whose, by alias.
    pub name: String,
    /// How it ended.
    pub end: SignInEnd,
    /// What was decided about it; `None` where the tenant did not come to ask, or it is not known yet.
    pub decision: Option<(DecisionId, Mode, Verdict)>,
}

const fn is_refused(end: SignInEnd) -> bool {
    matches!(end, SignInEnd::Refused | SignInEnd::WrongPassword | SignInEnd::TokenRefused)
}

/// A decision is about one sign-in: of several that only time joins to it, the first keeps it.
fn told_once(found: &mut [SignInSince]) {
    let mut seen = BTreeSet::new();
    for one in found {
        one.decision = one.decision.take().filter(|(id, ..)| seen.insert(id.clone()));
    }
}

impl App {
    /// The newest sign-ins of the first people whom a plan touches, since its run was begun; nothing before that.
    ///
    /// # Errors
    /// `NotFound`, `Erased`, `Unavailable`.
    pub async fn sign_ins_since(&self, tenant: &Tenant, id: &str) -> Result<Vec<SignInSince>, Error> {
        let kept = self.open_plan(tenant, id).await?;
        let Some(begun) = kept.row.begun else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for user in users(kept.plan()).take(USERS) {
            self.add_sign_ins(tenant, &user, begun, &mut found).await?;
        }
        found.sort_by_key(|one| one.at);
        told_once(&mut found);
        found.reverse();
        found.truncate(TOLD);
        Ok(found)
    }

    async fn add_sign_ins(
        &self,
        tenant: &Tenant,
        user: &Entity,
        since: Timestamp,
        found: &mut Vec<SignInSince>,
    ) -> Result<(), Error> {
        let name = Names::new(tenant, Aliased::Short).shown(user).entity.name;
        let account = Some(Self::subject(tenant, &user.name));
        let query = LogQuery { account, since: Some(since), ..LogQuery::default() };
        for row in self.log_entries(tenant, query, LOOKED_THROUGH).await?.rows {
            let end = ENDS.iter().find(|(kind, _)| *kind == row.entry.kind);
            let Some((_, end)) = end else { continue };
            let decision = self.decision_of_entry(tenant, row.entry.log_id).await?;
            // Why: a tenant that refused without asking tells of no sign-in, so that only time would join it to one that was let in.
            let decision =
                decision.filter(|(.., verdict)| !is_refused(*end) || *verdict >= Verdict::Challenge);
            found.push(SignInSince { at: row.entry.at, name: name.clone(), end: *end, decision });
        }
        Ok(())
    }

    /// What was decided about the sign-in that an entry of the log tells of.
    async fn decision_of_entry(
        &self,
        tenant: &Tenant,
        log_id: String,
    ) -> Result<Option<(DecisionId, Mode, Verdict)>, Error> {
        let joined = self.ports.store.list_joins_at(&tenant.id, vec![log_id]).await?;
        let Some(id) = joined.into_iter().find_map(|row| row.decision) else { return Ok(None) };
        let row = self.ports.store.find_decision(Scope::Tenant(&tenant.id), &id).await?;
        Ok(row.map(|row| (id, row.decision.mode, row.decision.verdict)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_stays_with_the_first_sign_in_that_it_was_joined_to() {
        let decision = |last: char| {
            let id = format!("dec_01a229dc30c476609120032693e177b{last}");
            Some((id.parse().unwrap(), Mode::Enforce, Verdict::Deny))
        };
        let of = |seconds, decision| SignInSince {
            at: Timestamp::from_seconds(seconds),
            name: "als_1".to_owned(),
            end: SignInEnd::Refused,
            decision,
        };
        let mut found = [of(1, decision('a')), of(2, decision('a')), of(3, None), of(4, decision('b'))];
        told_once(&mut found);
        let kept = found.map(|one| one.decision);
        assert_eq!(kept, [decision('a'), None, None, decision('b')]);
    }
}
