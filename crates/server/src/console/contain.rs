//! `/incidents/{id}/contain`: which accounts of an incident are to be contained, and how; it proposes a plan and writes nothing.

use super::segments::Segments;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    acts::{CONTAINMENT, Containment, PlanListed},
    incidents::{EntityKind, EntityTag, Opened},
};
use countersign_core::TenantId;
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::Pairs,
    fault::Fault,
    layout::{Crumb, Layout, trail_through},
    plans::summary,
    query::{self, Link, Parameters, Reader, permitted},
    sent::{Sent, back},
};
use crate::{Server, authn::Known};

/// So many accounts are offered: a form has no room for more.
const ACCOUNTS: usize = 25;

/// So many of the changes are chosen where nobody chose: those that keep somebody out, and can be taken back or do no harm.
const USUAL: usize = 3;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    opened: Opened,
}

/// Answers `GET /incidents/{id}/contain`.
pub(super) async fn ask(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted(&server, &caller, Action::ProposePlans, &parameters).await?;
    let page = Page {
        tenant: permit.id().clone(),
        reader: query::reader(&server, &caller),
        opened: server.0.app.incident_in_short(&permit, &id).await?,
    };
    Ok(page.render().into_response())
}

/// Answers `POST /incidents/{id}/contain`: goes on to the plan.
pub(super) async fn propose(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ProposePlans).await?;
    let accounts = sent.parameters.all("account").map(str::parse::<EntityTag>).collect::<Result<_, _>>();
    let wanted = Containment {
        accounts: accounts.map_err(|_| Fault::query("`account` is one that the form offers"))?,
        changes: sent.parameters.all("change").map(str::to_owned).collect(),
        reason: sent.parameters.text("reason"),
    };
    let head = sent.app().propose_containment(&permit, &sent.id, wanted).await?;
    Ok(back(&format!("/plans/{}", head.id), permit.id(), "proposed"))
}

impl Page {
    fn render(&self) -> Markup {
        let id = &self.opened.row.id;
        let at = |path: &str| Link::to(path).with("tenant", self.tenant.as_str()).done();
        let accounts: Vec<_> =
            self.opened.involved.iter().filter(|shown| shown.entity.kind == EntityKind::User).collect();
        let main = html! {
            h1 { "Contain" }
            p.lead { "What you choose becomes a plan: it says exactly what will be written, and somebody else has to agree to it." }
            div.card {
                form.fields method="post" action=(Link::to(&format!("/incidents/{id}/contain")).done()) {
                    input type="hidden" name="tenant" value=(self.tenant);
                    fieldset {
                        legend { "Which accounts" }
                        @for shown in accounts.iter().take(ACCOUNTS) {
                            label.check { input type="checkbox" name="account" value=(shown.tag) checked[accounts.len() == 1]; code title=[shown.alias.as_deref()] { (shown.entity.name) } }
                        }
                        @if accounts.is_empty() { p.quiet { "The incident is about no account." } }
                        @if accounts.len() > ACCOUNTS { p.note { "And " (accounts.len() - ACCOUNTS) " more: propose those by the API or " code { "countersign plan propose" } "." } }
                    }
                    fieldset {
                        legend { "What" }
                        @for (index, (change, said)) in CONTAINMENT.iter().enumerate() {
                            label.check { input type="checkbox" name="change" value=(change) checked[index < USUAL]; span { (said) } }
                        }
                    }
                    label { "Why" textarea name="reason" rows="3" required maxlength="1000" {} }
                    div.buttons {
                        button.primary type="submit" { "Propose" }
                        a.button href=(at(&format!("/incidents/{id}"))) { "Cancel" }
                    }
                }
            }
        };
        let mut trail = trail_through(&self.tenant, "Incidents", "/incidents");
        trail.push(Crumb { text: "Incident".to_owned(), href: at(&format!("/incidents/{id}")) });
        let layout = Layout {
            title: "Contain",
            tenant: &self.tenant,
            reader: &self.reader,
            trail,
            now: None,
            scripts: &[],
        };
        layout.render(&main)
    }
}

/// The plans about an incident, on its page, and the way to propose one.
pub(super) fn section(tenant: &TenantId, incident: &str, plans: &[PlanListed], may_propose: bool) -> Markup {
    let at = |path: &str| Link::to(path).with("tenant", tenant.as_str()).done();
    html! {
        @if may_propose || !plans.is_empty() {
            section.card aria-labelledby="plans-title" {
                h2 #plans-title { "Plans" }
                @if plans.is_empty() { p.quiet { "Nothing was proposed yet." } }
                ul {
                    @for listed in plans {
                        li {
                            a href=(at(&format!("/plans/{}", listed.plan.id))) { (summary(&listed.kinds, listed.is_erased)) }
                            " " span.tag { (listed.plan.state) }
                        }
                    }
                }
                @if may_propose { p { a.button href=(at(&format!("/incidents/{incident}/contain"))) { "Contain…" } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{incident::tests::opened, plans::tests::head, samples};

    #[test]
    fn accounts_go_by_alias_and_nothing_of_them_is_markup() {
        let page = Page { tenant: samples::tenant(), reader: samples::reader(), opened: opened() };
        let page = page.render().into_string();
        samples::check_page(&page);
        for part in ["ent_0000000000000007", "name=\"change\" value=\"block_user\" checked", "/contain\""] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn an_incident_leads_to_its_plans() {
        let listed = PlanListed { plan: head(), kinds: Vec::new(), is_erased: true };
        let shown = section(&samples::tenant(), "inc_1", &[listed], true).into_string();
        samples::check_fragment(&shown);
        assert!(shown.contains("/plans/pln_1?tenant=") && shown.contains("/incidents/inc_1/contain?tenant="));
        assert!(section(&samples::tenant(), "inc_1", &[], false).into_string().is_empty());
    }
}
