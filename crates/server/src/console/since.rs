//! How people sign in since a plan that touches them was begun: a part of its page.

use countersign_app::acts::{SignInEnd, SignInSince};
use countersign_core::{TenantId, Timestamp};
use maud::{Markup, html};

use super::{query::Link, words};

/// The part; `is_watched`: the page asks for it again by itself.
pub(super) fn section(tenant: &TenantId, since: &[SignInSince], now: Timestamp, is_watched: bool) -> Markup {
    html! {
        section.card aria-labelledby="since-title" {
            h2 #since-title { "Sign-ins since" }
            div data-moving=[is_watched.then_some("since")] {
                @if since.is_empty() {
                    p.quiet { "Nobody whom it touches tried to sign in since the run was begun." }
                } @else {
                    table.rows.plain role="table" {
                        thead role="rowgroup" {
                            tr role="row" {
                                @for name in ["Time", "Who", "What happened", "Decision"] { th scope="col" role="columnheader" { (name) } }
                            }
                        }
                        tbody role="rowgroup" { @for one in since { (row(tenant, one, now)) } }
                    }
                }
                @if is_watched { p.note { "New ones come by themselves." } }
            }
        }
    }
}

fn row(tenant: &TenantId, one: &SignInSince, now: Timestamp) -> Markup {
    html! {
        tr role="row" {
            td.at role="cell" { (words::time(one.at, now)) }
            td role="cell" data-label="Who" { code { (one.name) } }
            td role="cell" {
                @if is_out(one.end) { strong.alarm { (happened(one)) } } @else { (happened(one)) }
            }
            td role="cell" data-label="Decision" {
                @match &one.decision {
                    Some((id, mode, verdict)) => {
                        a href=(Link::to(&format!("/decisions/{id}")).with("tenant", tenant.as_str()).done()) { (words::verdict(*mode, *verdict)) }
                    },
                    None => span.quiet { "none" },
                }
            }
        }
    }
}

const fn is_out(end: SignInEnd) -> bool {
    matches!(end, SignInEnd::Refused | SignInEnd::TokenRefused)
}

fn happened(one: &SignInSince) -> &'static str {
    match (one.end, &one.decision) {
        (SignInEnd::In, _) => "Signed in",
        (SignInEnd::Renewed, _) => "A refresh token was taken",
        (SignInEnd::Refused, Some(_)) => "Refused",
        (SignInEnd::Refused, None) => "Refused by the tenant itself",
        (SignInEnd::WrongPassword, _) => "A wrong password",
        (SignInEnd::TokenRefused, _) => "A refresh token was refused",
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Mode, Verdict};

    use super::*;
    use crate::console::samples;

    #[test]
    fn what_the_tenant_refused_and_what_was_decided_are_told_apart_and_no_name_is_markup() {
        let one = SignInSince {
            at: samples::now(),
            name: samples::HOSTILE.to_owned(),
            end: SignInEnd::Refused,
            decision: None,
        };
        let denied =
            Some(("dec_01a229dc30c476609120032693e177b5".parse().unwrap(), Mode::Enforce, Verdict::Deny));
        let all = [
            one.clone(),
            SignInSince { decision: denied, ..one.clone() },
            SignInSince { end: SignInEnd::In, ..one },
        ];
        let shown = section(&samples::tenant(), &all, samples::now(), true).into_string();
        samples::check_fragment(&shown);
        for part in [
            "Refused by the tenant itself",
            ">Refused<",
            "Signed in",
            "Deny",
            "/decisions/dec_01",
            "data-moving=\"since\"",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        let empty = section(&samples::tenant(), &[], samples::now(), false).into_string();
        assert!(empty.contains("tried to sign in") && !empty.contains("data-moving"));
    }
}
