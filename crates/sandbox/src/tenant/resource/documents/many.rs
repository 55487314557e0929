//! Collections of documents with ids.

use serde_json::{Map, Value};

use super::replace;
use crate::{
    dice::Dice,
    tenant::{Context, Fault, Item, Reply, state::Object},
};

/// What the documents of a collection are.
pub trait Kind {
    /// The collection.
    const COLLECTION: &'static str;
    /// The property that is a document's id.
    const ID: &'static str = "id";
    /// Properties that are kept and never shown.
    const HIDDEN: &'static [&'static str] = &[];
    /// The most documents.
    const MOST: usize = 100;
    /// The status of a creation.
    const CREATED: u16 = 201;

    /// An identifier.
    fn new_id(dice: &mut Dice) -> String;

    /// The refusal of an id that no document has.
    fn missing(id: &str) -> Fault;

    /// What a new document has beside what its body says.
    fn start(context: &mut Context<'_>, id: &str) -> Value;

    /// Refuses what no rule of form can; `own` is the document's id.
    ///
    /// # Errors
    /// The refusal.
    fn accepts(_: &Context<'_>, _own: &str, _: &Object) -> Result<(), Fault> {
        Ok(())
    }

    /// Refuses an id of the wrong form.
    ///
    /// # Errors
    /// The refusal.
    fn is_id(_: &str) -> Result<(), Fault> {
        Ok(())
    }

    /// What is done to a document after each change.
    fn touch(context: &Context<'_>, document: &mut Object) {
        document.insert("updated_at".to_owned(), context.iso().into());
    }
}

/// The document that a path names by its first parameter.
///
/// # Errors
/// 400 or 404 as the kind says.
pub fn found<'a, K: Kind>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let id = context.parameters.first().map_or("", |(_, value)| value.as_str());
    K::is_id(id)?;
    context.state.objects.find(K::COLLECTION, id).ok_or_else(|| K::missing(id))
}

/// All documents, oldest first.
pub fn all<'a, K: Kind>(context: &'a Context<'_>) -> Vec<&'a Object> {
    context.state.objects.all(K::COLLECTION).map(|item| &item.shown).collect()
}

pub fn read<K: Kind>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found::<K>(context)?.shown.clone()))
}

pub fn create<K: Kind>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    if context.state.objects.count(K::COLLECTION) >= K::MOST {
        return Err(Fault::new(403, format!("You reached the limit of {} entities of this kind.", K::MOST)));
    }
    let id = K::new_id(&mut context.state.dice);
    let start = K::start(context, &id).as_object().cloned().unwrap_or_default();
    let mut item = Item { id: id.clone(), shown: start, hidden: Map::new() };
    item.shown.insert(K::ID.to_owned(), id.into());
    let body = context.body();
    keep::<K>(context, item, body, K::CREATED)
}

pub fn update<K: Kind>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let item = found::<K>(context)?.clone();
    let body = context.body();
    keep::<K>(context, item, body, 200)
}

/// Makes a document what the body is; what it had from the start stays.
pub fn put<K: Kind>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let mut item = found::<K>(context)?.clone();
    item.shown.retain(|name, _| name == K::ID || name == "created_at");
    let body = context.body();
    keep::<K>(context, item, body, 200)
}

fn keep<K: Kind>(
    context: &mut Context<'_>,
    mut item: Item,
    body: Object,
    status: u16,
) -> Result<Reply, Fault> {
    replace(&mut item.shown, body);
    K::accepts(context, &item.id, &item.shown)?;
    K::touch(context, &mut item.shown);
    for name in K::HIDDEN {
        if let Some(value) = item.shown.remove(*name) {
            item.hidden.insert((*name).to_owned(), value);
        }
    }
    let reply = Reply::new(status, item.shown.clone());
    context.state.objects.insert(K::COLLECTION, item);
    Ok(reply)
}

pub fn remove<K: Kind>(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found::<K>(context)?.id.clone();
    context.state.objects.remove(K::COLLECTION, &id);
    Ok(Reply::no_content())
}
