//! A scenario at work in a tenant: its past, and what goes on as time passes.

mod told;

use std::{collections::BTreeMap, io};

use countersign_core::{Channel, Timestamp};
use serde_json::{Map, Value, json};

pub use self::told::Moment;
use super::{Kind, Order, run_at, text};
use crate::{
    SignIn,
    flow::Visit,
    scenario::{Deed, Scenario, Script, What},
    sign_in::Label,
    tenant::{Fault, Item, State, http::Shell},
};

/// The collection, which no API shows, and the one item in it: what counts as now in the scenario that fills the tenant.
const SCENARIO: &str = "sandbox_scenario";
const START: &str = "start";

/// What a person has from the last sign-in: the session, the refresh token.
type Held = BTreeMap<usize, (Option<String>, Option<String>)>;

/// A scenario, and how far it has come; it has no script where the tenant was emptied, or filled by something else.
pub(crate) struct Cast {
    scenario: Scenario,
    script: Option<Script>,
    held: Held,
}

impl Cast {
    pub(crate) const fn new(scenario: Scenario) -> Self {
        Self { scenario, script: None, held: Held::new() }
    }

    /// Does what is next, if it is due; `None` when nothing is.
    async fn play(&mut self, shell: &Shell, until: Timestamp) -> Option<Result<Label, Fault>> {
        let deed = self.script.as_mut()?.next(until)?;
        let label = deed.label;
        Some(perform(shell, &mut self.held, deed).await.map(|_| label))
    }
}

/// Why a history could not be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The tenant did not take what somebody did, which is a mistake of this program.
    #[error("the history could not be made up: {0:?}")]
    Fault(Fault),
    /// What writes the records failed.
    #[error("the records could not be written")]
    Write(#[from] io::Error),
}

impl Shell {
    /// Puts the scenario's people into the tenant and lets everything happen that lies before the tenant's now; tells how much
    /// that was. The same seed and the same now give the same past. No Action is bound yet, so none runs.
    ///
    /// # Errors
    /// What is wrong with an order, which is a mistake of this program.
    pub async fn begin_scenario(&self) -> Result<usize, Fault> {
        let Some(cast) = self.cast() else { return Ok(0) };
        let mut cast = cast.lock().await;
        let now = self.now();
        self.fill(&mut cast, now);
        let mut count = 0_usize;
        while let Some(played) = cast.play(self, now.plus(-1)).await {
            played?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    /// Populates the tenant, and turns to the first page of the script.
    fn fill(&self, cast: &mut Cast, now: Timestamp) {
        let tenant = self.tenant();
        let mut tenant = tenant.lock();
        let seed = tenant.options().seed;
        tenant.populate(&cast.scenario.population(seed));
        let hidden = json!({"at": now.micros()}).as_object().cloned().unwrap_or_default();
        tenant.state_mut().objects.insert(SCENARIO, Item { id: START.to_owned(), shown: Map::new(), hidden });
        cast.script = Some(Script::new(&cast.scenario, seed, now, cast.scenario.begin(now)));
        cast.held = Held::new();
    }

    /// Goes on with the scenario that filled a tenant which was kept; what would have happened meanwhile did not. False when
    /// no scenario filled it.
    pub async fn resume_scenario(&self) -> bool {
        let Some(cast) = self.cast() else { return false };
        let mut cast = cast.lock().await;
        let (start, seed) = {
            let tenant = self.tenant();
            let tenant = tenant.lock();
            (started(tenant.state()), tenant.options().seed)
        };
        cast.script = start.map(|start| Script::new(&cast.scenario, seed, start, self.now()));
        cast.script.is_some()
    }

    /// Does one thing that has fallen due, running the bound Actions; `None` when nothing has. It changes places with
    /// `reset_to_scenario` between two things.
    pub async fn play_scenario(&self) -> Option<Result<Label, Fault>> {
        self.cast()?.lock().await.play(self, self.now()).await
    }

    /// Empties the tenant; with `again`, puts the scenario into it from the beginning.
    pub(crate) async fn reset(&self, again: bool) -> Result<(), Fault> {
        match self.cast() {
            None if again => {
                return Err(Fault::new(409, "There is no scenario: the sandbox was started without one."));
            }
            None => self.tenant().lock().reset(),
            Some(cast) => {
                let mut cast = cast.lock().await;
                self.tenant().lock().reset();
                cast.script = None;
            }
        }
        if again {
            self.begin_scenario().await?;
        }
        self.touch();
        Ok(())
    }

    /// Makes the history that ends at `now` up in an empty tenant and gives each record as a log stream would, with who it
    /// really was.
    ///
    /// # Errors
    /// `Write` with what `write` says; `Fault` is a mistake of this program.
    pub async fn export_scenario(
        &self,
        now: Timestamp,
        mut write: impl FnMut(&Value, Label) -> io::Result<()>,
    ) -> Result<(), ExportError> {
        let Some(cast) = self.cast() else { return Ok(()) };
        let mut cast = cast.lock().await;
        self.fill(&mut cast, now);
        let mut last = String::new();
        while let Some(played) = cast.play(self, now.plus(-1)).await {
            let label = played.map_err(ExportError::Fault)?;
            for entry in self.entries_since(&mut last) {
                write(&entry, label)?;
            }
        }
        Ok(())
    }
}

/// What counts as now in the scenario that fills the tenant.
fn started(state: &State) -> Option<Timestamp> {
    let item = state.objects.find(SCENARIO, START)?;
    item.hidden.get("at").and_then(Value::as_i64).map(Timestamp::from_micros)
}

/// Does it; tells whether somebody is in by it.
async fn perform(shell: &Shell, held: &mut Held, deed: Deed) -> Result<bool, Fault> {
    let base_url = shell.tenant().lock().options().base_url.clone();
    let sign_in = match deed.what {
        What::SignIn(sign_in) => sign_in,
        What::Guess(user, sign_in) => {
            let password = Some("a guess".to_owned());
            let order = Order { user, password, ..order(&sign_in, &Held::new()) };
            return run_at(shell, &base_url, Kind::Login, order, deed.at).await.map(|_| false);
        }
    };
    let order = order(&sign_in, held);
    let kind = if order.refresh_token.is_some() { Kind::Refresh } else { Kind::Login };
    let outcome = run_at(shell, &base_url, kind, order, deed.at).await?;
    let is_in = outcome.kind == "done";
    let (session, token) = held.entry(sign_in.person).or_default();
    // Why: what an attacker gets is not the person's.
    if sign_in.label == Label::Honest {
        if outcome.session_id.is_some() {
            *session = outcome.session_id;
        }
        if let Some(new) = outcome.tokens.and_then(|tokens| tokens.refresh_token) {
            *token = Some(new);
        }
    }
    Ok(is_in)
}

/// A sign-in as an order. Who has no session or token yet signs in as if anew.
fn order(sign_in: &SignIn, held: &Held) -> Order {
    let event = &sign_in.event;
    let part = |path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let (session, token) = held.get(&sign_in.person).cloned().unwrap_or_default();
    // Why: an attacker is asked for the person's factor, and can't show it.
    let (factor, passes) = match sign_in.label {
        Label::Honest => (sign_in.passes_challenge_with.map(|factor| factor.as_str().to_owned()), None),
        Label::Attack(_) => (part("/user/enrolledFactors/0/type"), Some(false)),
    };
    let mut order = Order {
        user: part("/user/user_id").unwrap_or_default(),
        client_id: part("/client/client_id").unwrap_or_default(),
        organization: part("/organization/id"),
        audience: part("/resource_server/identifier"),
        scope: Some("openid profile email offline_access".to_owned()),
        factor,
        passes,
        visit: visit(event),
        is_unsigned: true,
        risk: event.pointer("/authentication/riskAssessment").cloned().unwrap_or_default(),
        ..Order::default()
    };
    match sign_in.channel {
        Channel::Silent if session.is_some() => {
            order.prompt = Some("none".to_owned());
            order.session_id = session;
        }
        Channel::Refresh => order.refresh_token = token,
        Channel::Password => order.protocol = Some("oauth2-password".to_owned()),
        Channel::Silent | Channel::Interactive | Channel::Exchange => {}
    }
    order
}

fn visit(event: &Value) -> Visit {
    let request = event.get("request").cloned().unwrap_or_default();
    let print = |name: &str| {
        let print = event.pointer(&format!("/security_context/{name}")).and_then(Value::as_str);
        print.map(str::to_owned)
    };
    let own = |name: &str| Some(text(&request, name).to_owned()).filter(|text| !text.is_empty());
    let object = |name: &str| request.get(name).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    Visit {
        ip: text(&request, "ip").to_owned(),
        geoip: object("geoip"),
        asn: own("asn"),
        user_agent: own("user_agent"),
        ja3: print("ja3"),
        ja4: print("ja4"),
        hostname: own("hostname"),
        language: own("language"),
        method: text(&request, "method").to_owned(),
        query: object("query"),
        body: object("body"),
    }
}

#[cfg(test)]
mod tests;
