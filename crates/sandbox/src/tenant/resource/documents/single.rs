//! One document a path.

use serde_json::{Map, Value};

use super::merge;
use crate::tenant::{Context, Fault, Item, Reply, page, state::Object};

/// The collection: ids are paths below `/api/v2`, without the first slash.
pub const DOCUMENTS: &str = "documents";

/// What a document is.
pub trait Settings {
    /// What is there before anything was written; `None` when there is nothing.
    fn start(context: &Context<'_>) -> Option<Value>;

    /// The refusal when there is nothing.
    fn missing() -> Fault {
        Fault::not_found("Not Found")
    }

    /// Refuses what no rule of form can.
    ///
    /// # Errors
    /// The refusal.
    fn accepts(_: &Object) -> Result<(), Fault> {
        Ok(())
    }

    /// The document as it is shown.
    fn shown(document: Object) -> Object {
        document
    }

    /// The document as writes answer it.
    fn written(document: Object) -> Object {
        Self::shown(document)
    }

    /// The path that it is kept under.
    fn key(context: &Context<'_>) -> String {
        key(context)
    }
}

fn key(context: &Context<'_>) -> String {
    context.call.path.join("/")
}

/// The document that a call names; `None` when there is none.
pub fn find<S: Settings>(context: &Context<'_>) -> Option<Object> {
    let stored = context.state.objects.find(DOCUMENTS, &S::key(context)).map(|item| item.shown.clone());
    stored.or_else(|| S::start(context)?.as_object().cloned())
}

/// Keeps a document.
pub fn store(context: &mut Context<'_>, document: Object) {
    let id = key(context);
    store_at(context, id, document);
}

/// Keeps a document of another path.
pub fn store_at(context: &mut Context<'_>, id: String, document: Object) {
    context.state.objects.insert(DOCUMENTS, Item { id, shown: document, hidden: Map::new() });
}

pub fn read<S: Settings>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let document = find::<S>(context).ok_or_else(S::missing)?;
    Ok(Reply::ok(page::fields(context.call, &S::shown(document))))
}

/// Merges a body into a document and shows the whole.
pub fn change<S: Settings>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut document = find::<S>(context).ok_or_else(S::missing)?;
    merge(&mut document, context.body());
    S::accepts(&document)?;
    store_at(context, S::key(context), document.clone());
    Ok(Reply::ok(S::written(document)))
}

/// Makes a document what the body is.
pub fn put<S: Settings>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let document = context.body();
    S::accepts(&document)?;
    store_at(context, S::key(context), document.clone());
    Ok(Reply::ok(S::written(document)))
}

/// Removes a document, whether it is there or not.
pub fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = key(context);
    context.state.objects.remove(DOCUMENTS, &id);
    Ok(Reply::no_content())
}
