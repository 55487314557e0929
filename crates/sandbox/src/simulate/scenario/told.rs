//! A scenario's past for whoever goes on with its people, and what they let happen.

use std::sync::Arc;

use countersign_core::Timestamp;
use serde_json::Value;

use super::{Held, perform};
use crate::{
    SignIn, Traffic,
    scenario::{Deed, What},
    sign_in::Label,
    stream,
    tenant::{Fault, http::Shell},
};

/// Something that happened in a scenario's past.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Who it really was.
    pub label: Label,
    /// The sign-in; `None` for a guess that led to none.
    pub sign_in: Option<SignIn>,
    /// What the tenant's log tells of it, as a log stream sends it.
    pub entries: Vec<Value>,
}

impl Shell {
    /// As `begin_scenario`, and tells what happened, in order, with whoever goes on from there. The scenario itself does not: what is
    /// to come is the caller's, by `guess` and `sign_in`. `None` without a scenario.
    ///
    /// # Errors
    /// What is wrong with an order, which is a mistake of this program.
    pub async fn tell_scenario(&self) -> Result<Option<(Vec<Moment>, Traffic)>, Fault> {
        let Some(cast) = self.cast() else { return Ok(None) };
        let mut cast = cast.lock().await;
        let now = self.now();
        self.fill(&mut cast, now);
        let (mut past, mut last) = (Vec::new(), String::new());
        let Some(mut script) = cast.script.take() else { return Ok(None) };
        while let Some(deed) = script.next(now.plus(-1)) {
            let (at, label) = (deed.at, deed.label);
            let sign_in = match &deed.what {
                What::SignIn(sign_in) => Some(sign_in.as_ref().clone()),
                What::Guess(..) => None,
            };
            perform(self, &mut cast.held, deed).await?;
            past.push(Moment { at, label, sign_in, entries: self.entries_since(&mut last) });
        }
        Ok(Some((past, script.into_traffic())))
    }

    /// Lets the guesses be tried, now, that lead to a sign-in.
    ///
    /// # Errors
    /// What is wrong with an order: the person or the application isn't in the tenant.
    pub async fn guess(&self, sign_in: &SignIn) -> Result<(), Fault> {
        let mut held = Held::new();
        let shared = Arc::new(sign_in.clone());
        for failure in &sign_in.failures {
            let what = What::Guess(failure.user_id.clone(), Arc::clone(&shared));
            perform(self, &mut held, Deed { at: self.now(), label: sign_in.label, what }).await?;
        }
        self.touch();
        Ok(())
    }

    /// Lets somebody sign in now, running the bound Actions, one after the other; tells whether they are in.
    ///
    /// # Errors
    /// As `guess`; also why an Action can't run.
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<bool, Fault> {
        let Some(cast) = self.cast() else { return Ok(false) };
        let mut cast = cast.lock().await;
        let deed = Deed { at: self.now(), label: sign_in.label, what: What::SignIn(Box::new(sign_in)) };
        let done = perform(self, &mut cast.held, deed).await;
        self.touch();
        done
    }

    /// The records after the one that was last, as a log stream sends them; moves it on.
    pub(super) fn entries_since(&self, last: &mut String) -> Vec<Value> {
        let tenant = self.tenant();
        let tenant = tenant.lock();
        let state = tenant.state();
        let entries = state.records.after(Some(last), usize::MAX).map(stream::entry).collect();
        if let Some(newest) = state.records.all().next_back() {
            newest.get("log_id").and_then(Value::as_str).unwrap_or_default().clone_into(last);
        }
        entries
    }
}
