//! Models as operators see them: versions with their cards, which of them hold, and who said so.

use countersign_core::Timestamp;
use countersign_risk::{Card, Model};
use countersign_store::{ModelActRow, ModelKind, ModelRow};
use serde::Serialize;
use serde_json::value::RawValue;

use super::SHIPPED;
use crate::{App, Error, Tenant};

/// Versions, and acts, that are listed.
const LISTED: u32 = 100;

/// A tenant's models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Models {
    /// The number of the newest act; 0: there was none.
    pub act: u64,
    /// The version that decides; 0 is the one that is shipped with the program.
    pub champion: u64,
    /// The version that is compared with it; `None`: none.
    pub challenger: Option<u64>,
    /// The own model that counts beside the one that decides; `None`: none.
    pub own: Option<u64>,
    /// The newest hundred versions, newest first, and the shipped one.
    pub versions: Vec<ModelHead>,
    /// The newest hundred acts, newest first.
    pub acts: Vec<ActView>,
}

/// A version without its constants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelHead {
    /// Its number; 0 for the shipped one.
    pub version: u64,
    /// `constants` or `own`.
    pub kind: &'static str,
    /// Its tag.
    pub tag: String,
    /// When it was taken in; `None` for the shipped one.
    pub imported_at: Option<Timestamp>,
    /// By whom; `None` for the shipped one.
    pub imported_by: Option<String>,
    /// Its card; `None` where this program can't read it, and for an own model, which has none.
    pub card: Option<Card>,
}

/// A version with its constants.
#[derive(Debug, Serialize)]
pub struct ModelShown {
    /// All but the constants.
    #[serde(flatten)]
    pub head: ModelHead,
    /// The constants, or the own model, as they are kept.
    pub model: Box<RawValue>,
}

/// An act that said which models hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActView {
    /// Its number.
    pub number: u64,
    /// `promote`, `challenge`, `withdraw`, `attach`, `detach` or `roll_back`.
    pub act: &'static str,
    /// The version that decides since.
    pub champion: u64,
    /// The version that is compared with it since.
    pub challenger: Option<u64>,
    /// The own model that counts since.
    pub own: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

impl From<ModelActRow> for ActView {
    fn from(row: ModelActRow) -> Self {
        let ModelActRow { number, act, champion, challenger, own, at, by } = row;
        Self { number, act: act.as_str(), champion, challenger, own, at, by }
    }
}

impl ModelHead {
    fn shipped() -> Self {
        Self {
            version: SHIPPED,
            kind: ModelKind::Constants.as_str(),
            tag: Model::default().id().to_string(),
            imported_at: None,
            imported_by: None,
            card: Some(Card::of_baseline()),
        }
    }
}

impl From<ModelRow> for ModelHead {
    fn from(row: ModelRow) -> Self {
        let ModelRow { version, kind, tag, card, at, by } = row;
        let card = serde_json::from_str(&card).ok();
        Self { version, kind: kind.as_str(), tag, imported_at: Some(at), imported_by: Some(by), card }
    }
}

impl App {
    /// A tenant's models as they are on record.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn models(&self, tenant: &Tenant) -> Result<Models, Error> {
        let store = &self.ports.store;
        let acts: Vec<ActView> =
            store.list_model_acts(&tenant.id, LISTED).await?.into_iter().map(ActView::from).collect();
        let kept = store.list_models(&tenant.id, LISTED).await?.into_iter().map(ModelHead::from);
        let versions = kept.chain([ModelHead::shipped()]).collect();
        let newest = acts.first();
        Ok(Models {
            act: newest.map_or(0, |act| act.number),
            champion: newest.map_or(SHIPPED, |act| act.champion),
            challenger: newest.and_then(|act| act.challenger),
            own: newest.and_then(|act| act.own),
            versions,
            acts,
        })
    }

    /// A version with its card and its constants.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn model(&self, tenant: &Tenant, version: u64) -> Result<ModelShown, Error> {
        let (head, document) = if version == SHIPPED {
            let document = serde_json::to_string(&Model::default()).map_err(Error::internal)?;
            (ModelHead::shipped(), document)
        } else {
            let found = self.ports.store.find_model(&tenant.id, version).await?;
            let (row, document) = found.ok_or(Error::NotFound("version of the model"))?;
            (row.into(), document)
        };
        Ok(ModelShown { head, model: RawValue::from_string(document).map_err(Error::internal)? })
    }
}
