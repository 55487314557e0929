//! `/access`: who may sign in, what they may, and which browsers are signed in; of one tenant what is granted there.

use std::collections::BTreeMap;

use super::segments::Segments;
use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    Error,
    access::{AccountView, Caller, GrantView, NewGrant, PEOPLE_PAGE, PersonView, SessionView},
};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::{Action, Grant, Place, Role};
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    fault::Fault,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters, Reader},
    sent::back,
    words,
};
use crate::{Server, authn::Known};

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    grants: Vec<GrantView>,
    /// What those are called who have them, where the whole installation is not shown.
    names: BTreeMap<String, String>,
    /// Everything else, which is of no tenant; `None` for who may see access at this one alone.
    installation: Option<Installation>,
    /// Whether the reader may change what is shown.
    is_editor: bool,
    told: Option<&'static str>,
}

/// Who is known to the installation.
struct Installation {
    people: Vec<PersonView>,
    /// After whom the next page of people begins.
    next: Option<String>,
    accounts: Vec<AccountView>,
    sessions: Vec<SessionView>,
    /// The session that reads the page.
    own: Option<String>,
    /// Whether people can sign in at a provider.
    has_provider: bool,
}

/// Answers `GET /access`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let page = if server.0.app.may_here(&caller, Action::ReadAccess) {
        whole(&server, &caller, &parameters).await?
    } else {
        of_tenant(&server, &caller, &parameters).await?
    };
    Ok(page.render().into_response())
}

async fn whole(server: &Server, caller: &Caller, parameters: &Parameters) -> Result<Page, Fault> {
    let app = &server.0.app;
    let permit = app.permit_here(caller, Action::ReadAccess).await?;
    let people = app.people(&permit, parameters.get("after")).await?;
    let is_full = u32::try_from(people.len()) == Ok(PEOPLE_PAGE);
    let reader = query::reader(server, caller);
    let first = reader.tenants.first().cloned();
    let tenant = parameters.get("tenant").and_then(|name| name.parse().ok()).or(first);
    Ok(Page {
        tenant: tenant.ok_or_else(|| Fault::not_found("tenant"))?,
        reader,
        now: app.clock().now(),
        grants: app.grants(&permit).await?,
        names: BTreeMap::new(),
        installation: Some(Installation {
            next: people.last().filter(|_| is_full).map(|person| person.id.clone()),
            people,
            accounts: app.accounts(&permit).await?,
            sessions: app.sessions(&permit).await?,
            own: caller.session().map(str::to_owned),
            has_provider: app.has_provider(),
        }),
        is_editor: app.may_here(caller, Action::ChangeAccess),
        told: told(parameters.get("told")),
    })
}

/// The page of who may see access at one tenant: what is granted there.
async fn of_tenant(server: &Server, caller: &Caller, parameters: &Parameters) -> Result<Page, Fault> {
    let app = &server.0.app;
    let permit = query::permitted(server, caller, Action::ReadAccess, parameters).await?;
    Ok(Page {
        tenant: permit.id().clone(),
        reader: query::reader(server, caller),
        now: app.clock().now(),
        grants: app.grants_at(&permit).await?,
        names: app.names_at(&permit).await?,
        installation: None,
        is_editor: app.may(caller, Action::ChangeAccess, permit.id()),
        told: told(parameters.get("told")),
    })
}

/// Grants a role, or ends a grant, for who may change access at the tenant that the form names alone; where, and what was done.
async fn act_at(
    server: &Server,
    caller: &Caller,
    act: &str,
    parameters: &Parameters,
) -> Result<(TenantId, &'static str), Fault> {
    let app = &server.0.app;
    let permit = named_tenant(server, caller, Action::ChangeAccess, parameters).await?;
    if act == "grant" {
        let new =
            NewGrant { principal: field(parameters, "principal")?.to_owned(), grant: granted(parameters)? };
        app.grant_at(&permit, &new).await?;
        return Ok((permit.id().clone(), "granted"));
    }
    app.end_grant_at(&permit, field(parameters, "id")?).await?;
    Ok((permit.id().clone(), "ended"))
}

fn field<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str, Fault> {
    parameters.get(name).ok_or_else(|| Fault::query(format!("`{name}` is what the form says")))
}

/// Answers `POST /access/{act}`.
pub(super) async fn act(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(act): Segments<String>,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let app = &server.0.app;
    let field = |name: &'static str| field(&parameters, name);
    if matches!(&*act, "grant" | "end-grant") && !app.may_here(&caller, Action::ChangeAccess) {
        let (tenant, done) = act_at(&server, &caller, &act, &parameters).await?;
        return Ok(back("/access", &tenant, done));
    }
    let permit = app.permit_here(&caller, Action::ChangeAccess).await?;
    // Why before anything is done: what was done must not be answered as if it was not.
    let tenant: TenantId = field("tenant")?.parse().map_err(|_| Fault::from(Error::UnknownTenant))?;
    let done = match act.as_str() {
        "person" => {
            app.add_person(&permit, None, field("subject")?, field("name")?).await?;
            "added"
        }
        "disable" => {
            app.disable_person(&permit, field("id")?).await?;
            "disabled"
        }
        "enable" => {
            app.enable_person(&permit, field("id")?).await?;
            "enabled"
        }
        "grant" => {
            let new = NewGrant { principal: field("principal")?.to_owned(), grant: granted(&parameters)? };
            app.grant(&permit, &new).await?;
            "granted"
        }
        "end-grant" => {
            app.end_grant(&permit, field("id")?).await?;
            "ended"
        }
        "end-session" => {
            app.revoke_session(&permit, field("id")?).await?;
            "signed_out"
        }
        _ => return Err(Fault::not_found("page")),
    };
    Ok(back("/access", &tenant, done))
}

fn granted(parameters: &Parameters) -> Result<Grant, Fault> {
    let role: Role = parameters
        .get("role")
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| Fault::query("`role` is one that the form offers"))?;
    let tenant = parameters.get("at").map(str::parse::<TenantId>).transpose();
    let tenant = tenant.map_err(|_| Fault::from(Error::UnknownTenant))?;
    let organization = parameters.get("organization").map(str::parse).transpose();
    let organization = organization.map_err(|_| Fault::query("`organization` is an organization's id"))?;
    let at = match (tenant, organization) {
        (None, None) => Place::Installation,
        (Some(tenant), None) => Place::Tenant(tenant),
        (Some(tenant), Some(organization)) => Place::Organization(tenant, organization),
        (None, Some(_)) => return Err(Fault::query("an organization is one of a tenant: choose which")),
    };
    Grant::new(role, at).map_err(|error| Fault::from(Error::Grant(error)))
}

fn told(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "added" => Some("The person is known now; grant them a role."),
        "disabled" => Some("The person may not sign in any more, and was signed out."),
        "enabled" => Some("The person may sign in again, with the roles that they had."),
        "granted" => Some("The role was granted."),
        "ended" => Some("The role was taken away."),
        "signed_out" => Some("The session was ended."),
        _ => None,
    }
}

impl Page {
    fn render(&self) -> Markup {
        let main = html! {
            div.heading { h1 { "Access" } }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            p.note {
                "Whoever has no role may do nothing. Each change here is a leaf of the ledger. "
                @if self.installation.as_ref().is_some_and(|whole| !whole.has_provider) { "No identity provider is configured, so that people come by one-time links alone: see " code { "[access.oidc]" } " in the documentation." }
            }
            div.columns {
                div {
                    (self.roles())
                    @if let Some(whole) = &self.installation { (self.browsers(whole)) (self.programs(whole)) }
                }
                @if self.is_editor {
                    div.narrow {
                        (self.grant_form())
                        @if let Some(whole) = &self.installation { (self.person_form(whole)) }
                    }
                }
            }
        };
        let layout = Layout {
            title: "Access",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn name(&self, principal: &str) -> String {
        let whole = self.installation.iter();
        let mut known = whole.flat_map(|whole| {
            let people = whole.people.iter().map(|person| (&person.id, &person.name));
            people.chain(whole.accounts.iter().map(|account| (&account.id, &account.name)))
        });
        let known = known.find(|(id, _)| *id == principal).map(|(_, name)| name);
        match known.or_else(|| self.names.get(principal)) {
            Some(name) => name.clone(),
            None if principal == "local" => "one-time link".to_owned(),
            None => principal.to_owned(),
        }
    }

    fn button(&self, act: &str, id: &str, text: &str) -> Markup {
        html! {
            @if self.is_editor {
                form method="post" action=(Link::to(&format!("/access/{act}")).done()) {
                    input type="hidden" name="tenant" value=(self.tenant);
                    input type="hidden" name="id" value=(id);
                    button type="submit" { (text) }
                }
            }
        }
    }

    fn roles(&self) -> Markup {
        html! {
            section.card aria-labelledby="roles-title" {
                h2 #roles-title { "Roles" }
                @if self.grants.is_empty() { p.quiet { "Nobody was granted a role yet." } }
                @else {
                    table.rows role="table" aria-labelledby="roles-title" {
                        thead role="rowgroup" { tr role="row" {
                            @for name in ["Who", "Role", "Where", "Since", "End"] { th scope="col" role="columnheader" { (name) } }
                        } }
                        tbody role="rowgroup" {
                            @for grant in &self.grants {
                                tr role="row" {
                                    td.wrap role="cell" data-label="Who" { (self.name(&grant.principal)) }
                                    td role="cell" data-label="Role" { (grant.role.replace('_', " ")) }
                                    td.wrap role="cell" data-label="Where" { (place(grant)) }
                                    td role="cell" data-label="Since" { (words::absolute(grant.given_at)) }
                                    td role="cell" { (self.button("end-grant", &grant.id, "Take away")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn browsers(&self, whole: &Installation) -> Markup {
        html! {
            section.card aria-labelledby="sessions-title" {
                h2 #sessions-title { "Sessions" }
                table.rows role="table" aria-labelledby="sessions-title" {
                    thead role="rowgroup" { tr role="row" {
                        @for name in ["Who", "How", "Began", "Last used", "Ends", "End"] { th scope="col" role="columnheader" { (name) } }
                    } }
                    tbody role="rowgroup" {
                        @for session in &whole.sessions {
                            tr role="row" {
                                td.wrap role="cell" data-label="Who" {
                                    (self.name(&session.principal))
                                    @if whole.own.as_deref() == Some(session.id.as_str()) { span.quiet { " (this browser)" } }
                                }
                                td role="cell" data-label="How" { (session.how.replace('_', " ")) }
                                td role="cell" data-label="Began" { (words::absolute(session.created_at)) }
                                td role="cell" data-label="Last used" { (words::absolute(session.seen_at)) }
                                td role="cell" data-label="Ends" { (words::absolute(session.ends_at)) }
                                td role="cell" { (self.button("end-session", &session.id, "Sign out")) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn programs(&self, whole: &Installation) -> Markup {
        html! {
            section.card aria-labelledby="programs-title" {
                h2 #programs-title { "Service accounts" }
                @if whole.accounts.is_empty() {
                    p.quiet { "None. " code { "countersign access account" } " makes one." }
                } @else {
                    ul {
                        @for account in &whole.accounts {
                            li {
                                strong { (account.name) } " " code { (account.id) }
                                @if account.disabled_at.is_some() { span.quiet { " disabled" } }
                                @for token in account.tokens.iter().filter(|token| token.revoked_at.is_none()) {
                                    p.quiet {
                                        "Token " code { (token.id) } " for " (token.scopes.join(", ")) ", until " (words::absolute(token.expires_at))
                                        @if token.expires_at <= self.now { " (ended)" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn grant_form(&self) -> Markup {
        html! {
            section.card aria-labelledby="grant-title" {
                h2 #grant-title { "Grant a role" }
                form.fields method="post" action="/access/grant" {
                    input type="hidden" name="tenant" value=(self.tenant);
                    @match &self.installation {
                        Some(whole) => label { "To"
                            select name="principal" required {
                                option value="" { "Choose" }
                                @for person in whole.people.iter().filter(|person| person.disabled_at.is_none()) { option value=(person.id) { (person.name) } }
                                @for account in whole.accounts.iter().filter(|account| account.disabled_at.is_none()) { option value=(account.id) { (account.name) " (service account)" } }
                            }
                        },
                        None => label { "To, by the id of a person or service account" input type="text" name="principal" required maxlength="256" placeholder="per_…" autocomplete="off" spellcheck="false"; },
                    }
                    label { "Role" select name="role" required { @for role in Role::ALL { option value=(role.as_str()) { (role.as_str().replace('_', " ")) } } } }
                    label { "At"
                        select name="at" {
                            @if self.installation.is_some() {
                                @for tenant in &self.reader.tenants { option value=(tenant) { (tenant) } }
                                option value="" { "All tenants" }
                            } @else { option value=(self.tenant) { (self.tenant) } }
                        }
                    }
                    label { "Organization, for a tenant admin" input type="text" name="organization" maxlength="256" placeholder="org_…" autocomplete="off" spellcheck="false"; }
                    div.buttons { button.primary type="submit" { "Grant" } }
                }
            }
        }
    }

    fn person_form(&self, whole: &Installation) -> Markup {
        html! {
            @if whole.has_provider {
                section.card aria-labelledby="person-title" {
                    h2 #person-title { "Add a person" }
                    form.fields method="post" action="/access/person" {
                        input type="hidden" name="tenant" value=(self.tenant);
                        label { "Name" input type="text" name="name" required maxlength="200" autocomplete="off"; }
                        label { "The identity provider's id of them" input type="text" name="subject" required maxlength="256" placeholder="auth0|…" autocomplete="off" spellcheck="false"; }
                        div.buttons { button type="submit" { "Add" } }
                    }
                }
                @if !whole.people.is_empty() {
                    section.card aria-labelledby="people-title" {
                        h2 #people-title { "People" }
                        ul {
                            @for person in &whole.people {
                                li {
                                    (person.name)
                                    @if person.disabled_at.is_some() { span.quiet { " disabled" } (self.button("enable", &person.id, "Enable")) }
                                    @else { (self.button("disable", &person.id, "Disable")) }
                                }
                            }
                        }
                        @if let Some(next) = &whole.next {
                            nav.pages aria-label="Pages of people" {
                                a.button rel="next" href=(Link::to("/access").with("tenant", self.tenant.as_str()).with("after", next).done()) { "More people" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn place(grant: &GrantView) -> String {
    match (&grant.tenant, &grant.organization) {
        (None, _) => "all tenants".to_owned(),
        (Some(tenant), None) => tenant.to_string(),
        (Some(tenant), Some(organization)) => format!("{organization} of {tenant}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    fn page(is_whole: bool, is_editor: bool) -> String {
        let at = samples::now();
        let text = || samples::HOSTILE.to_owned();
        let person = PersonView {
            id: "per_1".to_owned(),
            issuer: text(),
            subject: text(),
            name: text(),
            created_at: at,
            seen_at: at,
            disabled_at: None,
        };
        let grant = GrantView {
            id: "rec_1".to_owned(),
            principal: "per_1".to_owned(),
            role: "analyst".to_owned(),
            tenant: Some(samples::tenant()),
            organization: Some(samples::HOSTILE_ID.parse().unwrap()),
            given_at: at,
            given_by: "local".to_owned(),
        };
        let session = SessionView {
            id: "ses_1".to_owned(),
            principal: "per_1".to_owned(),
            how: "oidc".to_owned(),
            created_at: at,
            seen_at: at,
            ends_at: at,
        };
        let account = AccountView {
            id: "sva_1".to_owned(),
            name: text(),
            created_at: at,
            created_by: "local".to_owned(),
            disabled_at: None,
            tokens: Vec::new(),
        };
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: at,
            grants: vec![grant],
            names: [("per_1".to_owned(), text())].into(),
            installation: is_whole.then(|| Installation {
                people: vec![person],
                next: Some("per_1".to_owned()),
                accounts: vec![account],
                sessions: vec![session],
                own: Some("ses_1".to_owned()),
                has_provider: true,
            }),
            is_editor,
            told: told(Some("granted")),
        };
        let page = page.render().into_string();
        samples::check_page(&page);
        page
    }

    #[test]
    fn who_may_change_access_has_forms_and_who_may_not_has_none() {
        let forms = page(true, true);
        assert!(forms.contains("action=\"/access/grant\"") && forms.contains("(this browser)"));
        let none = page(true, false);
        assert!(!none.contains("action=\"/access/"), "{none}");
        assert!(forms.contains("after=per_1") && forms.contains("action=\"/access/disable\""));
    }

    #[test]
    fn who_may_see_access_at_one_tenant_sees_what_is_granted_there_and_nothing_else() {
        let forms = page(false, true);
        for part in ["action=\"/access/grant\"", "action=\"/access/end-grant\"", "name=\"principal\""] {
            assert!(forms.contains(part), "{part} in {forms}");
        }
        for part in
            ["Sessions", "Service accounts", "All tenants", "/access/person", "/access/disable", "after="]
        {
            assert!(!forms.contains(part), "{part} in {forms}");
        }
        assert!(!page(false, false).contains("action=\"/access/"));
    }
}
