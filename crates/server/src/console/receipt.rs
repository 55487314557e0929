//! `/decisions/{id}/receipt`: the proof of a decision, checked now by the code that checks it offline.

use super::query::Reader;
use super::query::permitted_within;
use super::segments::Segments;
use crate::authn::Known;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_core::TenantId;
use countersign_ledger::{
    note::Verifier,
    receipt::{Receipt, ReceiptError, VerifiedReceipt},
};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    words,
};
use crate::Server;

/// What the page shows.
pub(super) struct Proof {
    pub(super) tenant: TenantId,
    pub(super) reader: Reader,
    /// The decision's id.
    pub(super) id: String,
    pub(super) receipt: Receipt,
    /// What the receipt proves; the leaf must be the decision's own.
    pub(super) verified: Result<VerifiedReceipt, ReceiptError>,
    /// The key that it was held to.
    pub(super) verifier: String,
}

/// Answers `GET /decisions/{id}/receipt`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted_within(&server, &caller, Action::ReadDecisions, &parameters).await?;
    let id = query::decision_id(&id)?;
    let receipt = server.0.app.receipt(&permit, id.as_str()).await?;
    let proof = Proof::new(
        permit.id().clone(),
        query::reader(&server, &caller),
        id.to_string(),
        receipt,
        &permit.verifier(),
    );
    Ok(proof.render().into_response())
}

impl Proof {
    /// Checks a receipt.
    fn new(tenant: TenantId, reader: Reader, id: String, receipt: Receipt, verifier: &Verifier) -> Self {
        let verified = receipt.verify(verifier);
        Self { tenant, reader, id, receipt, verified, verifier: verifier.to_string() }
    }

    pub(super) fn render(&self) -> Markup {
        let main = html! {
            h1 { "Receipt" }
            p { "Of decision " code.wrap { (self.id) } }
            @match &self.verified {
                Ok(verified) if verified.leaf.id == self.id => (Self::good(verified)),
                Ok(_) => (bad("the receipt proves another record than this decision")),
                Err(error) => (bad(&error.to_string())),
            }
            (self.offline())
            section.card aria-labelledby="checkpoint" {
                h2 #checkpoint { "The signed checkpoint" }
                p.quiet { "Origin, number of leaves, root over them, and the signature (C2SP signed note)." }
                pre tabindex="0" { code { (self.receipt.checkpoint) } }
            }
        };
        let layout = Layout {
            title: "Receipt",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, Some(&self.id)),
            now: None,
            scripts: &[],
        };
        layout.render(&main)
    }

    fn good(verified: &VerifiedReceipt) -> Markup {
        let VerifiedReceipt { leaf, index, size } = verified;
        html! {
            p.banner.good role="status" {
                strong { span aria-hidden="true" { "✓ " } "Verified. " }
                "The leaf of this decision is in the log that the checkpoint heads, and the checkpoint is signed by this tenant's key."
            }
            section.card aria-labelledby="proved" {
                h2 #proved { "What is proved" }
                dl.pairs {
                    div { dt { "Leaf" } dd { (words::count(*index)) } }
                    div { dt { "Leaves under the checkpoint" } dd { (words::count(*size)) } }
                    div { dt { "Recorded" } dd { (words::absolute(leaf.at)) } }
                    div { dt { "Kind" } dd { code { (leaf.kind) } } }
                    @for (name, value) in leaf.facts.iter().chain(&leaf.versions) { div { dt { (name) } dd { code.wrap { (value) } } } }
                    div { dt { "Sealed bodies" } dd { (leaf.commitments.len()) span.quiet { " · the leaf holds a salted hash of each, nothing about a person" } } }
                }
            }
        }
    }

    fn offline(&self) -> Markup {
        let receipt = format!("/v1/decisions/{}/receipt", self.id);
        let verifier = format!("/v1/ledger/{}/verifier", self.tenant);
        let (file, key) = (format!("{}.receipt.json", self.id), format!("{}.verifier.key", self.tenant));
        html! {
            section.card aria-labelledby="offline" {
                h2 #offline { "Check it without this server" }
                ol {
                    li {
                        a.button download=(file) href=(Link::to(&receipt).with("tenant", self.tenant.as_str()).done()) { "Download the receipt" }
                        span.quiet { " JSON, without personal data" }
                    }
                    li {
                        "Take the key line from a source that you trust, such as a copy that was kept when this tenant was set up. "
                        "This server says that it is"
                        pre tabindex="0" { code { (self.verifier) } }
                        a.button download=(key) href=(Link::to(&verifier).done()) { "Download the key" }
                    }
                    li {
                        "On any machine, online or not:"
                        pre tabindex="0" { code { "countersign verify --receipt " (quoted(&file)) " --verifier " (quoted(&key)) } }
                    }
                }
                p.note { "This page ran the same check just now, but with this server's word for the key." }
            }
        }
    }
}

fn bad(why: &str) -> Markup {
    html! {
        p.banner.alarm role="alert" {
            strong { span aria-hidden="true" { "✗ " } "Not verified: " }
            (why) ". "
            "The ledger is not what was signed. Keep a copy of the data directory, and audit the whole log before anything else."
        }
    }
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    impl Proof {
        pub(crate) fn sample() -> Self {
            let (receipt, verifier) = samples::receipt();
            Self::new(samples::tenant(), samples::reader(), samples::DECISION.to_owned(), receipt, &verifier)
        }
    }

    #[test]
    fn a_good_receipt_is_shown_as_verified() {
        let page = Proof::sample().render().into_string();
        samples::check_page(&page);
        for part in
            ["Verified. ", "countersign verify --receipt dec_", "download=", "Leaves under the checkpoint"]
        {
            assert!(page.contains(part), "{part}");
        }
        let path = format!("/v1/decisions/{}/receipt?tenant=acme-sandbox", samples::DECISION);
        assert!(page.contains(&path) && page.contains("/v1/ledger/acme-sandbox/verifier"));
    }

    #[test]
    fn a_damaged_receipt_is_an_alarm() {
        let (mut receipt, verifier) = samples::receipt();
        receipt.leaf.0[10] ^= 1;
        let proof = Proof::new(
            samples::tenant(),
            samples::reader(),
            samples::DECISION.to_owned(),
            receipt,
            &verifier,
        );
        let page = proof.render().into_string();
        assert!(page.contains("Not verified: ") && !page.contains("Verified. "));
    }

    #[test]
    fn a_receipt_of_another_record_proves_nothing_here() {
        let (receipt, verifier) = samples::receipt();
        let proof =
            Proof::new(samples::tenant(), samples::reader(), "dec_other".to_owned(), receipt, &verifier);
        let page = proof.render().into_string();
        assert!(page.contains("another record") && !page.contains("Verified. "));
    }

    #[test]
    fn a_command_line_can_be_pasted() {
        assert_eq!(quoted("log.example/acme+1a2b+Aa=="), "log.example/acme+1a2b+Aa==");
        assert_eq!(quoted("it's $(here)"), r"'it'\''s $(here)'");
    }
}
