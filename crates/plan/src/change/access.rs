//! Keeping a user out, and ending what they hold.

use countersign_auth0::management::{Request, UserId, refresh_tokens, resource_servers, sessions, users};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Back, Forever, Found, Kind, Reverse, Scope, Write, draft::Draft, wants::Wants};
use crate::{Claim, Look, Template};

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneUser {
    /// The user.
    pub user: UserId,
}

/// A look at a user.
pub(super) fn look(user: &UserId, claims: Vec<Claim>) -> Look {
    Look::at(Template::of(users::get(user).any()), claims)
}

/// What is so of a user that is blocked, or is not.
pub(super) fn is_blocked(is_so: bool) -> Claim {
    if is_so { Claim::is("/blocked", json!(true)) } else { Claim::not("/blocked", json!(true)) }
}

/// Blocks a user that is not, or the other way round.
pub(super) fn block_write(user: &UserId, is_blocked_then: bool) -> Write {
    Write::of(
        &users::block(user, is_blocked_then),
        vec![look(user, vec![is_blocked(!is_blocked_then)])],
        vec![look(user, vec![is_blocked(is_blocked_then)])],
    )
}

fn block_kind(is_blocked_then: bool) -> Kind {
    if is_blocked_then { Kind::BlockUser } else { Kind::UnblockUser }
}

impl OneUser {
    /// What has to be read to block or unblock.
    pub(super) fn reads_block(&self, wants: &mut Wants) {
        wants.read(users::get(&self.user));
        wants.read(resource_servers::list());
    }

    /// What has to be read to end something.
    pub(super) fn reads_revoke(&self, wants: &mut Wants) {
        self.reads_block(wants);
        wants.read(sessions::list(&self.user));
        wants.read(refresh_tokens::list(&self.user));
    }

    /// Blocks, or lifts an administrator's block.
    pub(super) fn plan_block(&self, draft: &mut Draft<'_>, is_blocked_then: bool) {
        let Some(user) = draft.document(&users::get(&self.user), "user") else { return };
        if !draft.touch(format!("blocked {}", self.user), "user") {
            return;
        }
        let is_blocked_now = user.get("blocked") == Some(&json!(true));
        if is_blocked_then {
            draft.tally.blocked.insert(self.user.clone());
        }
        if is_blocked_now == is_blocked_then {
            draft.tally.so_already += 1;
            return;
        }
        if is_blocked_then {
            draft.tally.newly_blocked.insert(self.user.clone());
        } else {
            draft.unblocked.insert(self.user.clone());
        }
        let back = Reverse {
            kind: block_kind(is_blocked_now),
            scope: Scope::user(&self.user),
            write: block_write(&self.user, is_blocked_now),
        };
        draft.push(
            block_kind(is_blocked_then),
            Scope::user(&self.user),
            block_write(&self.user, is_blocked_then),
            Back::By(vec![back]),
        );
    }

    /// Ends sessions; where the tenant can't, refresh tokens.
    pub(super) fn plan_revoke_sessions(&self, draft: &mut Draft<'_>) {
        let Some(ids) = self.begin(draft, "sessions") else { return };
        match ids {
            Some(ids) => {
                let after = lacks(&sessions::list(&self.user), &ids);
                self.end(draft, Kind::RevokeSessions, &sessions::delete_all(&self.user), vec![after]);
                draft.tally.sessions.insert(self.user.clone());
            }
            None => self.fall_back(draft),
        }
    }

    /// Ends refresh tokens.
    pub(super) fn plan_revoke_refresh_tokens(&self, draft: &mut Draft<'_>) {
        if self.is_there(draft, "refresh tokens") {
            self.end_refresh_tokens(draft);
        }
    }

    /// Ends all that a user holds; where the tenant can't, refresh tokens.
    pub(super) fn plan_revoke_access(&self, draft: &mut Draft<'_>) {
        let Some(ids) = self.begin(draft, "access") else { return };
        match ids {
            Some(ids) => {
                let Some(tokens) = self.tokens(draft) else { return };
                let after = vec![
                    lacks(&sessions::list(&self.user), &ids),
                    lacks(&refresh_tokens::list(&self.user), &tokens),
                ];
                self.end(draft, Kind::RevokeAccess, &sessions::revoke_access(&self.user), after);
                draft.tally.sessions.insert(self.user.clone());
                draft.tally.tokens.insert(self.user.clone());
            }
            None => self.fall_back(draft),
        }
    }

    /// The sessions that there are; inside, `None` where the tenant has none of those endpoints.
    fn begin(&self, draft: &mut Draft<'_>, what: &str) -> Option<Option<Vec<String>>> {
        if !self.is_there(draft, what) {
            return None;
        }
        Some(match draft.found(&sessions::list(&self.user), "user")? {
            Found::Document(list) => Some(ids(list)),
            // Why both: the user is there, so that it is the endpoint that is not.
            Found::Absent | Found::Denied => None,
        })
    }

    fn is_there(&self, draft: &mut Draft<'_>, what: &str) -> bool {
        let Some(user) = draft.document(&users::get(&self.user), "user") else { return false };
        if user.get("blocked") == Some(&json!(true)) && !draft.unblocked.contains(&self.user) {
            draft.tally.blocked.insert(self.user.clone());
        }
        draft.touch(format!("{what} {}", self.user), "user")
    }

    fn tokens(&self, draft: &mut Draft<'_>) -> Option<Vec<String>> {
        Some(match draft.found(&refresh_tokens::list(&self.user), "user")? {
            Found::Document(list) => ids(list),
            Found::Absent | Found::Denied => Vec::new(),
        })
    }

    fn fall_back(&self, draft: &mut Draft<'_>) {
        draft.tally.stay.insert(self.user.clone());
        self.end_refresh_tokens(draft);
    }

    fn end_refresh_tokens(&self, draft: &mut Draft<'_>) {
        draft.tally.tokens.insert(self.user.clone());
        if !draft.refreshed.insert(self.user.clone()) {
            return;
        }
        let Some(tokens) = self.tokens(draft) else { return };
        let after = lacks(&refresh_tokens::list(&self.user), &tokens);
        let request = refresh_tokens::delete_all(&self.user);
        self.end(draft, Kind::RevokeRefreshTokens, &request, vec![after]);
    }

    fn end<T>(&self, draft: &mut Draft<'_>, kind: Kind, request: &Request<T>, after: Vec<Look>) {
        let mut write = Write::of(request, vec![look(&self.user, vec![])], after);
        // Why: what was read may be gone by itself while what came since is not.
        write.is_blind = true;
        draft.push(kind, Scope::user(&self.user), write, Back::Irreversible(Forever::SignIn));
    }
}

/// That none of these is there any more, some time after it was asked for.
fn lacks<T>(list: &Request<T>, ids: &[String]) -> Look {
    Look::at(Template::of(list.any()), vec![Claim::lacks("", "/id", ids)]).waiting()
}

fn ids(list: &Value) -> Vec<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    let id = |item: &Value| Some(item.get("id")?.as_str()?.to_owned());
    items.iter().filter_map(id).collect()
}
