//! Deciding a stored decision again: the same record must come out, byte for byte.

use std::sync::Arc;

use countersign_auth0::trigger::Event;
use countersign_core::{DecisionId, SubjectId, Trigger};
use countersign_policy::{Circumstances, Snapshot};
use countersign_privacy::TenantKeys;
use countersign_risk::{
    ENGINE, ModelId, ReadyModel, ShortForm,
    own_model::{OwnModel, OwnModelId},
};
use countersign_store::Scope;
use serde::Deserialize;

use super::{
    Asked, QuickAsk, circumstances, judge,
    record::{Body, Record},
};
use crate::{
    App, Error, Tenant,
    models::{Kept, Scorer, challenged},
    policies,
};

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
        let row = self
            .ports
            .store
            .find_decision(Scope::Tenant(&tenant.id), id)
            .await?
            .ok_or(Error::NotFound("decision"))?;
        let (_, body, _) = self.open_body(tenant, row.leaf_index, id.as_str()).await?;
        let record: Record = crate::learn::parse(&body)?;
        let known = self.ports.store.list_policies(&tenant.id, VERSIONS).await?;
        let Some(policy) = known.iter().find(|row| row.etag == record.policy) else {
            return Ok(Replay::NotAtHand { what: format!("policy {}", record.policy) });
        };
        let policy = policies::read(&tenant.id, policy)?;
        let mut kept = Vec::new();
        for tag in tags(&record) {
            kept.extend(self.model_of_tag(tenant, tag).await?);
        }
        again(&record, &policy, &tenant.keys, &kept, &body)
    }
}

/// The tags of all models that a record names.
fn tags(record: &Record) -> impl Iterator<Item = &str> {
    let own = record.assessment.own_model.as_ref().map(|asked| asked.model.as_str());
    let challenger = record.challenger.iter().flat_map(|challenged| {
        [Some(challenged.model.as_str()), challenged.own_model.as_ref().map(OwnModelId::as_str)]
    });
    [Some(record.assessment.model.as_str()), own].into_iter().chain(challenger).flatten()
}

/// What decided, and what was compared with it.
type Both<'a> = (Scorer<'a>, Option<Scorer<'a>>);

/// What scores by these tags; the first that is missing, where one is.
///
/// Why the tags anew: another version of the program may read a stored model otherwise.
fn scorer<'a>(kept: &'a [Kept], model: &ModelId, own: Option<&OwnModelId>) -> Result<Scorer<'a>, String> {
    let constants = kept.iter().find_map(|kept| match kept {
        Kept::Constants(known) if known.id() == model => Some(&**known),
        _ => None,
    });
    let found = |tag: &OwnModelId| {
        let found = kept.iter().find_map(|kept| match kept {
            Kept::Own(known) if known.id() == tag => Some(&**known),
            _ => None,
        });
        found.ok_or_else(|| format!("own model {tag}"))
    };
    let own: Option<&OwnModel> = own.map(found).transpose()?;
    Ok(Scorer { model: constants.ok_or_else(|| format!("model {model}"))?, own })
}

/// Decides a record again from its bytes, with nothing but the policy that it names, the tenant's keys and the shipped model.
///
/// # Errors
/// `Internal` when the bytes are no record.
pub fn replay(body: &[u8], policy: &Snapshot, keys: &TenantKeys) -> Result<Replay, Error> {
    let record: Record = crate::learn::parse(body)?;
    if record.policy != policy.etag() {
        return Ok(Replay::NotAtHand { what: format!("policy {}", record.policy) });
    }
    again(&record, policy, keys, &[Kept::Constants(Arc::new(ReadyModel::default()))], body)
}

/// Decides a record again.
fn again(
    record: &Record,
    policy: &Snapshot,
    keys: &TenantKeys,
    kept: &[Kept],
    stored: &[u8],
) -> Result<Replay, Error> {
    let missing = |what: String| Ok(Replay::NotAtHand { what });
    if record.assessment.engine != ENGINE {
        return missing(format!("engine {}", record.assessment.engine));
    }
    let own = record.assessment.own_model.as_ref().map(|asked| &asked.model);
    let champion = match scorer(kept, &record.assessment.model, own) {
        Ok(champion) => champion,
        Err(what) => return missing(what),
    };
    let compared = record.challenger.as_ref();
    let challenger = compared.map(|compared| scorer(kept, &compared.model, compared.own_model.as_ref()));
    let challenger = match challenger.transpose() {
        Ok(challenger) => challenger,
        Err(what) => return missing(what),
    };
    let bytes = decide(record, policy, keys, (champion, challenger))?;
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
    (champion, challenger): Both<'_>,
) -> Result<Vec<u8>, Error> {
    let subject: SubjectId = event.who().subject(keys);
    let circumstances = Circumstances {
        facts: record.enrichment.clone(),
        is_console_client: record.console_client,
        ..circumstances(event, keys, &subject, record.features.at, &record.decision_id)
    };
    let (assessment, user_risk, decision) = judge::<T::Effect>(
        policy,
        circumstances,
        &record.features,
        record.profile.as_ref(),
        champion,
        &record.truncated,
    );
    let settings = policy.document().settings(T::TRIGGER, event.organization(), event.client());
    let level = |score| settings.thresholds.level(score);
    let challenger = challenger.and_then(|challenger| {
        challenged(challenger, T::TRIGGER, &record.features, record.profile.as_ref(), level).ok()
    });
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
        console_client: record.console_client,
    })
    .map_err(Error::internal)
}
