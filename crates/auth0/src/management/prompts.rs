//! The texts of the pages at which people sign in.

use super::{Endpoint, LanguageTag, Operation, PromptName, Request};
use crate::Dictionary;

static CUSTOM_TEXT: Endpoint<Dictionary, 2> =
    Endpoint::get("prompts.custom_text", "/prompts/{prompt}/custom-text/{language}")
        .scopes(&["read:prompts"]);
static SET_CUSTOM_TEXT: Endpoint<Option<Dictionary>, 2> =
    Endpoint::put("prompts.set_custom_text", "/prompts/{prompt}/custom-text/{language}")
        .scopes(&["update:prompts"]);

pub(super) static OPERATIONS: &[&Operation] = &[&CUSTOM_TEXT.operation, &SET_CUSTOM_TEXT.operation];

/// Reads the texts of a prompt in a language that differ from Auth0's own, by screen and key.
#[must_use]
pub fn custom_text(prompt: &PromptName, language: &LanguageTag) -> Request<Dictionary> {
    Request::new(&CUSTOM_TEXT, [prompt.as_str(), language.as_str()])
}

/// Replaces all texts of a prompt in a language, by screen and key. The answer may say nothing of them.
#[must_use]
pub fn set_custom_text(
    prompt: &PromptName,
    language: &LanguageTag,
    texts: Dictionary,
) -> Request<Option<Dictionary>> {
    Request::new(&SET_CUSTOM_TEXT, [prompt.as_str(), language.as_str()]).fields(texts)
}
