//! Deciding a stored decision again: the same record must come out, byte for byte.

use countersign_auth0::trigger::Event;
use countersign_core::{DecisionId, SubjectId, Trigger};
use countersign_policy::{Circumstances, Snapshot};
use countersign_privacy::TenantKeys;
use countersign_risk::{ENGINE, Model, ModelId, ShortForm};
use serde::Deserialize;

use super::{
    Asked, QuickAsk, circumstances, judge,
    record::{Body, Record},
};
use crate::{App, Error, Tenant, models::challenged, policies};

/// How many versions of the policy are looked through.
const VERSIONS: u32 = 10_000;

/// What came of deciding again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// The same bytes.
    Same,
    /// Other bytes, from this offset on.
    Differs {
        /// The offset of the first other byte.
        at: usize,
    },
    /// It was decided by an engine, a model or a policy that is not at hand.
    NotAtHand {
        /// What is missing, such as `engine 1`.
        what: String,
    },
}

impl App {
    /// Decides a stored decision again and compares the records.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when its person was; `Unavailable`.
    pub async fn replay(&self, tenant: &Tenant, id: &DecisionId) -> Result<Replay, Error> {
        let row = self.ports.store.find_decision(&tenant.id, id).await?.ok_or(Error::NotFound("decision"))?;
        let (_, body) = self.open_body(tenant, row.leaf_index, id.as_str()).await?;
        let record: Record = crate::learn::parse(&body)?;
        let known = self.ports.store.list_policies(&tenant.id, VERSIONS).await?;
        let Some(policy) = known.iter().find(|row| row.etag == record.policy) else {
            return Ok(Replay::NotAtHand { what: format!("policy {}", record.policy) });
        };
        let policy = policies::read(&tenant.id, policy)?;
        let champion = self.model_of_tag(tenant, record.assessment.model.as_str()).await?;
        let challenger = match &record.challenger {
            Some(challenged) => self.model_of_tag(tenant, challenged.model.as_str()).await?,
            None => None,
        };
        let models = AtHand { champion: champion.as_deref(), challenger: challenger.as_deref() };
        again(&record, &policy, &tenant.keys, models, &body)
    }
}

/// The models by the tags of a record, as far as they are known.
#[derive(Clone, Copy)]
struct AtHand<'a> {
    champion: Option<&'a Model>,
    challenger: Option<&'a Model>,
}

/// The model that decided, and the one that was compared with it.
type Both<'a> = (&'a Model, Option<&'a Model>);

/// Decides a record again from its bytes, with nothing but the policy that it names, the tenant's keys and the shipped model.
///
/// # Errors
/// `Internal` when the bytes are no record.
pub fn replay(body: &[u8], policy: &Snapshot, keys: &TenantKeys) -> Result<Replay, Error> {
    let record: Record = crate::learn::parse(body)?;
    if record.policy != policy.etag() {
        return Ok(Replay::NotAtHand { what: format!("policy {}", record.policy) });
    }
    let shipped = Model::default();
    again(&record, policy, keys, AtHand { champion: Some(&shipped), challenger: Some(&shipped) }, body)
}

/// Decides a record again.
fn again(
    record: &Record,
    policy: &Snapshot,
    keys: &TenantKeys,
    models: AtHand<'_>,
    stored: &[u8],
) -> Result<Replay, Error> {
    let missing = |what: String| Ok(Replay::NotAtHand { what });
    if record.assessment.engine != ENGINE {
        return missing(format!("engine {}", record.assessment.engine));
    }
    // Why the tag anew: another version of the program may read a stored model otherwise.
    let is_of = |model: &&Model, tag: &ModelId| model.id() == *tag;
    let Some(model) = models.champion.filter(|model| is_of(model, &record.assessment.model)) else {
        return missing(format!("model {}", record.assessment.model));
    };
    let mut challenger = None;
    if let Some(challenged) = &record.challenger {
        challenger = models.challenger.filter(|model| is_of(model, &challenged.model));
        if challenger.is_none() {
            return missing(format!("model {}", challenged.model));
        }
    }
    let bytes = decide(record, policy, keys, (model, challenger))?;
    if bytes == stored {
        return Ok(Replay::Same);
    }
    let at = bytes.iter().zip(stored).take_while(|(new, old)| new == old).count();
    Ok(Replay::Differs { at })
}

fn decide(record: &Record, policy: &Snapshot, keys: &TenantKeys, models: Both<'_>) -> Result<Vec<u8>, Error> {
    let raw = record.event.get().as_bytes();
    if record.trigger == Trigger::ShortForm {
        let form = ShortForm::deserialize(&*record.event).map_err(Error::internal)?;
        return write(&QuickAsk { tenant: keys.tenant().clone(), form }, record, policy, keys, models);
    }
    let event = Event::decode(record.trigger, raw, "event").map_err(Error::internal)?;
    match &event {
        Event::PostLogin(event) => write(event.as_ref(), record, policy, keys, models),
        Event::PreUserRegistration(event) => write(event.as_ref(), record, policy, keys, models),
        Event::PostUserRegistration(event) => write(event.as_ref(), record, policy, keys, models),
        Event::CredentialsExchange(event) => write(event.as_ref(), record, policy, keys, models),
        Event::PasswordResetPostChallenge(event) => write(event.as_ref(), record, policy, keys, models),
        Event::PostChangePassword(event) => write(event.as_ref(), record, policy, keys, models),
        Event::EventStream(event) => write(event.as_ref(), record, policy, keys, models),
        Event::SendPhoneMessage(event) => write(event.as_ref(), record, policy, keys, models),
        Event::CustomTokenExchange(event) => write(event.as_ref(), record, policy, keys, models),
    }
}

fn write<T: Asked>(
    event: &T,
    record: &Record,
    policy: &Snapshot,
    keys: &TenantKeys,
    (model, challenger): Both<'_>,
) -> Result<Vec<u8>, Error> {
    let subject: SubjectId = event.who().subject(keys);
    let circumstances = Circumstances {
        facts: record.enrichment.clone(),
        ..circumstances(event, keys, &subject, record.features.at, &record.decision_id)
    };
    let (assessment, user_risk, decision) = judge::<T::Effect>(
        policy,
        circumstances,
        &record.features,
        record.profile.as_ref(),
        model,
        &record.truncated,
    );
    let settings = policy.document().settings(T::TRIGGER, event.organization(), event.client());
    let level = |score| settings.thresholds.level(score);
    let challenger =
        challenger.map(|model| challenged(&record.features, record.profile.as_ref(), model, level));
    serde_json::to_vec(&Body {
        decision_id: &record.decision_id,
        trigger: record.trigger,
        event: &record.event,
        action: &record.action,
        truncated: &record.truncated,
        features: &record.features,
        profile: record.profile.as_ref(),
        assessment: &assessment,
        user_risk,
        challenger: challenger.as_ref(),
        decision: &decision,
        degraded: &record.degraded.iter().map(String::as_str).collect::<Vec<_>>(),
        policy: policy.etag(),
        enrichment: &record.enrichment,
    })
    .map_err(Error::internal)
}
