//! Making a question.

use countersign_core::{DecisionId, IdKind, Micros, SubjectId, Trigger};
use countersign_privacy::Token;
use countersign_risk::Device;
use countersign_store::{Commit, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError, Write};
use serde_json::Value;

use super::{Body, InquiryView, code, mail::draft};
use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    decide::record::Record,
};

/// In which questions to one person are counted.
const DAY: Micros = 24 * 60 * 60 * 1_000_000;

/// The longest name of a place.
const MAX_PLACE: usize = 80;

/// Who asks, in records: somebody on the operator's side, or the service itself.
pub(super) const PERSON: &str = "person";
pub(super) const RISK: &str = "risk";

/// A question that is to be made.
pub(super) struct New {
    pub(super) decision: DecisionId,
    pub(super) subject: SubjectId,
    pub(super) body: Body,
    pub(super) origin: &'static str,
}

impl App {
    /// Asks the person of a sign-in whether it was they, by mail; the question that was asked before where there is one.
    ///
    /// # Errors
    /// `NotFound` for a decision that is not there, is no sign-in of a user, or where nobody is asked; `TooMany` where the person was asked
    /// too often; `Erased`, `NotKept`, `Unavailable`.
    pub async fn ask_person(&self, tenant: &Permit, decision: &DecisionId) -> Result<InquiryView, Error> {
        let settings = tenant.inquiry_settings()?;
        if let Some(asked) = self.inquiry_of(tenant, decision).await? {
            return Ok(InquiryView::from(&asked));
        }
        let (row, record) = self.decision(tenant, decision).await?;
        let subject = row.subject.ok_or(Error::Erased)?;
        let body = body(&record).ok_or(Error::NotFound("sign-in of a user"))?;
        let now = self.ports.clock.now();
        let since = InquiryFilter::Subject(subject.clone(), now.plus(-DAY));
        let asked = self.ports.store.list_inquiries(&tenant.id, since, settings.per_day).await?.len();
        if asked >= usize::try_from(settings.per_day).unwrap_or(usize::MAX) {
            return Err(Error::TooMany("questions to this person today", settings.per_day));
        }
        let new = New { decision: decision.clone(), subject, body, origin: PERSON };
        match self.add_inquiry(tenant, new, Some(tenant.caller())).await? {
            Some(row) => Ok(InquiryView::from(&row)),
            // Why: somebody asked at the same time.
            None => {
                let asked = self.inquiry_of(tenant, decision).await?;
                asked.as_ref().map(InquiryView::from).ok_or(Error::Stale)
            }
        }
    }

    /// Makes a question, to be mailed by the job; `None` where there is one about this sign-in.
    pub(super) async fn add_inquiry(
        &self,
        tenant: &Tenant,
        new: New,
        by: Option<&Caller>,
    ) -> Result<Option<InquiryRow>, Error> {
        let row = self.inquiry(tenant, new).await?;
        let record = self.make_id(IdKind::Record)?;
        let told = draft(&record, (&row, row.state), row.made).fact("origin", &row.origin);
        let told = match by {
            Some(caller) => told.by(caller),
            None => told,
        };
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, told)?],
            writes: vec![Write::Inquiry(InquiryWrite::Add(Box::new(row.clone())))],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(Some(row)),
            Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn inquiry(&self, tenant: &Tenant, new: New) -> Result<InquiryRow, Error> {
        let New { decision, subject, body, origin } = new;
        let settings = tenant.inquiry_settings()?;
        let key = self.find_key(tenant, &subject).await?.ok_or(Error::Erased)?;
        let id = self.make_id(IdKind::Record)?;
        let now = self.ports.clock.now();
        let expires = now.plus(settings.wait);
        let code = code(tenant, (&id, decision.as_str()), expires);
        let token = Token::received(&code).ok_or_else(|| Error::internal("a code that is none"))?.digest();
        Ok(InquiryRow {
            sealed: self.seal(tenant, &key, &id, &body)?,
            key_id: key.id.clone(),
            state: InquiryState::Waiting,
            attempts: 0,
            made: now,
            next: now,
            expires,
            answered: None,
            origin: origin.to_owned(),
            follow: None,
            follow_tries: 0,
            plan: None,
            id,
            decision,
            subject,
            token,
        })
    }

    /// What the person of a sign-in was asked, as operators see it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn find_inquiry(
        &self,
        tenant: &Tenant,
        decision: &DecisionId,
    ) -> Result<Option<InquiryView>, Error> {
        Ok(self.inquiry_of(tenant, decision).await?.as_ref().map(InquiryView::from))
    }

    async fn inquiry_of(&self, tenant: &Tenant, decision: &DecisionId) -> Result<Option<InquiryRow>, Error> {
        let filter = InquiryFilter::Decision(decision.clone());
        Ok(self.ports.store.list_inquiries(&tenant.id, filter, 1).await?.pop())
    }
}

/// What is asked of a sign-in, at the level of a city; `None` where it is none of a user.
pub(super) fn body(record: &Record) -> Option<Body> {
    if record.trigger != Trigger::PostLogin {
        return None;
    }
    let event: Value = serde_json::from_str(record.event.get()).ok()?;
    let user = event.pointer("/user/user_id")?.as_str()?.to_owned();
    let named = |name: &str| event.pointer(&format!("/request/geoip/{name}")).and_then(Value::as_str);
    let place: Vec<String> = [named("cityName"), named("countryName")]
        .into_iter()
        .flatten()
        .map(plain)
        .filter(|name| !name.is_empty())
        .collect();
    let place = (!place.is_empty()).then(|| place.join(", "));
    Some(Body { user, at: record.features.at, place, device: record.features.device.as_ref().map(words) })
}

/// Letters and what stands between them in names of places.
fn plain(name: &str) -> String {
    let is_plain = |char: &char| char.is_alphanumeric() || " -'.".contains(*char);
    name.chars().filter(is_plain).take(MAX_PLACE).collect()
}

/// A device in plain words: `Chrome on Windows`.
fn words(device: &Device) -> String {
    let name = |text: &str| {
        let mut letters = text.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
            .unwrap_or_default()
    };
    match (device.browser.as_str(), device.os.as_str()) {
        ("other", "other") => "a device that was not recognized".to_owned(),
        (browser, "other") => name(browser),
        ("other", os) => format!("a program on {}", name(os)),
        (browser, os) => format!("{} on {}", name(browser), name(os)),
    }
}
