//! What is counted while a plan is made, for its notes.

use std::collections::HashSet;

use countersign_auth0::management::UserId;

use super::Note;

/// What is counted while a plan is made.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Who can't sign in once it is done.
    pub(super) blocked: HashSet<UserId>,
    /// Whom the plan blocks.
    pub(super) newly_blocked: HashSet<UserId>,
    /// Whose sessions it ends.
    pub(super) sessions: HashSet<UserId>,
    /// Whose refresh tokens it ends.
    pub(super) tokens: HashSet<UserId>,
    /// Whose sessions can't be ended at this tenant.
    pub(super) stay: HashSet<UserId>,
    pub(super) blocked_again: usize,
    pub(super) so_already: usize,
    pub(super) mails: usize,
    pub(super) lists: usize,
    pub(super) secrets: usize,
    pub(super) tickets: usize,
}

impl Tally {
    /// The notes. `lifetime` is the longest of access tokens, in seconds, where it was read.
    pub(super) fn notes(&self, lifetime: Option<u64>) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut note = |count: usize, make: fn(usize) -> Note| {
            if count > 0 {
                notes.push(make(count));
            }
        };
        let is_out = |user: &&UserId| self.tokens.contains(*user) && self.sessions.contains(*user);
        let kept = self.newly_blocked.len() - self.newly_blocked.iter().filter(is_out).count();
        note(kept, |users| Note::BlockKeepsSessions { users });
        let ended = || self.sessions.union(&self.tokens);
        let back = ended().filter(|user| !self.blocked.contains(*user)).count();
        note(back, |users| Note::MaySignInAgain { users });
        note(self.stay.len(), |users| Note::SessionsStay { users });
        note(self.blocked_again, |users| Note::BlockedAgain { users });
        note(self.so_already, |count| Note::SoAlready { count });
        note(self.mails, |count| Note::MailGoesOut { count });
        note(self.lists, |_| Note::FewNetworkLists);
        note(self.secrets, |clients| Note::SecretsToHandOver { clients });
        note(self.tickets, |count| Note::TicketsKept { count });
        if !self.newly_blocked.is_empty() || ended().next().is_some() {
            notes.push(match lifetime {
                Some(seconds) => Note::TokensStayGood { seconds },
                None => Note::TokensStayGoodUntold,
            });
            notes.push(Note::KeysGoOn);
        }
        notes
    }
}
