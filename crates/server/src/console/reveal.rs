//! The form by which somebody opens what is masked, and what a page says of it. What was opened is in that one answer.

use countersign_app::reveal::{MAX_REASON_CHARS, MIN_REASON_CHARS, Reason};
use countersign_core::TenantId;
use maud::{Markup, html};

use super::{
    fault::Fault,
    filter::actor,
    query::{Parameters, Reader},
};

/// A field that a form offers.
pub(super) struct Choice<'a> {
    /// Its name on the wire.
    pub(super) field: &'a str,
    /// What it is.
    pub(super) text: &'a str,
    /// What stands in its place, or what it is, once it was opened.
    pub(super) shown: Option<&'a str>,
    /// Whether it is chosen before anybody chooses.
    pub(super) is_chosen: bool,
}

/// What a form sends besides fields and reason.
pub(super) type Hidden<'a> = &'a [(&'a str, &'a str)];

/// The fields that a form asks for.
pub(super) fn fields(parameters: &Parameters) -> Vec<String> {
    parameters.all("field").map(str::to_owned).collect()
}

/// Why, and who where several people may stand behind a session.
pub(super) fn reason(parameters: &Parameters) -> Result<Reason<'_>, Fault> {
    let text = parameters.get("reason").unwrap_or_default();
    Ok(Reason { actor: parameters.get("actor"), text })
}

/// The form; folded until it is wanted.
pub(super) fn form(
    (tenant, reader): (&TenantId, &Reader),
    action: &str,
    choices: &[Choice<'_>],
    hidden: Hidden<'_>,
) -> Markup {
    html! {
        details.reveal {
            summary { "Reveal…" }
            form.fields method="post" action=(action) {
                input type="hidden" name="tenant" value=(tenant);
                @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
                fieldset {
                    legend { "What" }
                    @for Choice { field, text, shown, is_chosen } in choices {
                        label.check {
                            input type="checkbox" name="field" value=(field) checked[*is_chosen];
                            span { (text) @if let Some(shown) = shown { " " code.quiet.wrap { (shown) } } }
                        }
                    }
                }
                label {
                    "Why"
                    textarea name="reason" rows="2" required minlength=(MIN_REASON_CHARS) maxlength=(MAX_REASON_CHARS) {}
                }
                (actor(reader))
                p.note { "Who opened what, and when, is recorded in the ledger for all to check; why is sealed beside it." }
                div.buttons { button.primary type="submit" { "Reveal" } }
            }
        }
    }
}

/// What a page says once something was opened.
pub(super) fn banner(record: &str) -> Markup {
    html! {
        p.banner role="status" {
            strong { "Personal data is shown here. " }
            "That you opened it is on record as " code { (record) } ". It is gone when you leave this page."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn a_form_asks_for_fields_and_a_reason_and_nothing_of_it_is_markup() {
        let choice = Choice {
            field: samples::HOSTILE,
            text: samples::HOSTILE,
            shown: Some(samples::HOSTILE),
            is_chosen: true,
        };
        let hidden = [("at_least", samples::HOSTILE)];
        let form =
            form((&samples::tenant(), &samples::reader()), "/users/reveal", &[choice], &hidden).into_string();
        samples::check_fragment(&form);
        for part in ["minlength=\"3\" maxlength=\"500\"", "name=\"actor\"", "method=\"post\"", "checked"] {
            assert!(form.contains(part), "{part} in {form}");
        }
        samples::check_fragment(&banner(samples::HOSTILE).into_string());
    }
}
