//! Texts of the pages at which people sign in. The API replaces all of a prompt's in a language at once.

use std::collections::BTreeMap;

use countersign_auth0::{
    Dictionary,
    management::{LanguageTag, PromptName, prompts},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Back, FaultCode, Kind, Reverse, Scope, Write, draft::Draft, wants::Wants};
use crate::{Claim, Look, Part, Template};

/// The most texts that one change sets, and the longest one, in characters; bounds of our own.
const TEXTS: usize = 500;
const LONGEST: usize = 2_000;

/// Texts of a prompt that are to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPromptText {
    /// The prompt, such as `login-id`.
    pub prompt: PromptName,
    /// The language, such as `en`.
    pub language: LanguageTag,
    /// The texts, by screen and key; `None`: Auth0's own again. All others stay.
    pub texts: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

/// Whether it can be the name of a prompt, screen, key or language.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl SetPromptText {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(prompts::custom_text(&self.prompt, &self.language));
    }

    fn is_right(&self, draft: &mut Draft<'_>) -> bool {
        let names = [self.prompt.as_str(), self.language.as_str()];
        let screens = self.texts.iter().flat_map(|(screen, texts)| {
            std::iter::once(screen.as_str()).chain(texts.keys().map(String::as_str))
        });
        if !names.into_iter().chain(screens).all(is_word) {
            let right = "prompts, screens, keys and languages are words such as `login-id`";
            draft.fault("texts", FaultCode::Shape, right);
            return false;
        }
        let count = self.texts.values().map(BTreeMap::len).sum::<usize>();
        if !(1..=TEXTS).contains(&count) {
            draft.fault("texts", FaultCode::Length, "1 to 500 texts are set at once");
            return false;
        }
        let mut is_right = true;
        for (screen, texts) in &self.texts {
            for (key, text) in texts.iter().filter_map(|(key, text)| Some((key, text.as_ref()?))) {
                is_right &= draft.text(&format!("texts.{screen}.{key}"), text, LONGEST);
            }
        }
        is_right
    }

    /// All that was read with these set in it.
    fn onto(&self, read: &Map<String, Value>) -> Map<String, Value> {
        let mut whole = read.clone();
        for (screen, texts) in &self.texts {
            let mut there = whole.get(screen).and_then(Value::as_object).cloned().unwrap_or_default();
            for (key, text) in texts {
                match text {
                    Some(text) => drop(there.insert(key.clone(), Value::String(text.clone()))),
                    None => drop(there.remove(key)),
                }
            }
            if there.is_empty() {
                whole.remove(screen);
            } else {
                whole.insert(screen.clone(), Value::Object(there));
            }
        }
        whole
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        if !self.is_right(draft) {
            return;
        }
        let read = prompts::custom_text(&self.prompt, &self.language);
        let Some(found) = draft.document(&read, "prompt") else { return };
        let Some(old) = found.as_object() else {
            return draft.fault("prompt", FaultCode::Shape, "the tenant has to answer an object");
        };
        if !draft.touch(format!("prompt {} {}", self.prompt, self.language), "prompt") {
            return;
        }
        let new = self.onto(old);
        if *old == new {
            draft.tally.so_already += 1;
            return;
        }
        let write = |from: &Map<String, Value>, to: &Map<String, Value>| {
            let look = |all: &Map<String, Value>| {
                let claim = Claim::is("", Part::Value(Value::Object(all.clone())));
                Look::at(Template::of(read.any()), vec![claim])
            };
            let texts = Dictionary::from(to.clone());
            let request = prompts::set_custom_text(&self.prompt, &self.language, texts);
            Write::of(&request, vec![look(from)], vec![look(to)])
        };
        let kind = Kind::SetPromptText;
        let back = Reverse { kind, scope: Scope::everybody(), write: write(&new, old) };
        draft.push(kind, Scope::everybody(), write(old, &new), Back::By(vec![back]));
    }
}
