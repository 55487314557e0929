//! Pages that ask before something is changed, and the forms that change it.

use super::query::Reader;
use super::segments::Segments;
use crate::authn::Known;
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{IntoResponse, Redirect, Response},
};
use countersign_app::access::{Caller, Permit, ScopedPermit};
use countersign_app::{
    Error,
    outcomes::{Outcome, PersonVerdict, Taken},
};
use countersign_core::{TenantId, Trigger};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout::{Crumb, Layout, trail_to},
    query::{self, Link, Parameters},
};
use crate::Server;

/// What is asked.
pub(super) struct Question {
    pub(super) tenant: TenantId,
    pub(super) reader: Reader,
    pub(super) trail: Vec<Crumb>,
    pub(super) title: String,
    /// What will follow, one sentence each.
    pub(super) consequences: &'static [&'static str],
    /// Where the form goes.
    pub(super) action: String,
    /// What the form says beside the tenant.
    pub(super) field: (&'static str, &'static str),
    /// The word on the button.
    pub(super) yes: &'static str,
    pub(super) is_dangerous: bool,
    /// Where "no" goes.
    pub(super) back: String,
}

pub(super) type Pairs = Vec<(String, String)>;

/// The fields of a form.
pub(super) fn of_form(form: Result<Form<Pairs>, FormRejection>) -> Result<Parameters, Fault> {
    let Form(pairs) =
        form.map_err(|_| Fault::query("the form's fields are no `name=value` pairs, or too many"))?;
    Parameters::new(pairs)
}

/// Answers `GET /switches/{trigger}`.
pub(super) async fn ask_switch(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(trigger): Segments<String>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = query::permitted(&server, &caller, Action::SetSwitches, &parameters).await?;
    let trigger: Trigger = trigger.parse().map_err(|_| Fault::not_found("trigger"))?;
    let is_off = wanted_state(&parameters)?;
    Ok(Question::switch(tenant.id().clone(), query::reader(&server, &caller), trigger, is_off)
        .render()
        .into_response())
}

/// Answers `POST /switches/{trigger}`.
pub(super) async fn set_switch(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(trigger): Segments<String>,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let tenant = named_tenant(&server, &caller, Action::SetSwitches, &parameters).await?;
    let trigger: Trigger = trigger.parse().map_err(|_| Fault::not_found("trigger"))?;
    server.0.app.switch(&tenant, trigger, wanted_state(&parameters)?).await.map_err(|error| match error {
        Error::Unavailable { .. } => {
            let mut fault = Fault::from(error);
            fault.add("The switch acts on every request from now on, but it could not be recorded and is forgotten when Countersign starts again");
            fault
        }
        error => error.into(),
    })?;
    Ok(Redirect::to(&Link::to("/").with("tenant", tenant.id().as_str()).done()).into_response())
}

fn wanted_state(parameters: &Parameters) -> Result<bool, Fault> {
    match parameters.get("state") {
        Some("off") => Ok(true),
        Some("on") => Ok(false),
        _ => Err(Fault::query("`state` is `on` or `off`")),
    }
}

/// A change names its tenant; there is no default.
pub(super) async fn named_tenant(
    server: &Server,
    caller: &Caller,
    action: Action,
    parameters: &Parameters,
) -> Result<Permit, Fault> {
    check_named(parameters)?;
    query::permitted(server, caller, action, parameters).await
}

/// The same with decisions there, or with those of the organizations that are the caller's.
pub(super) async fn named_within(
    server: &Server,
    caller: &Caller,
    action: Action,
    parameters: &Parameters,
) -> Result<ScopedPermit, Fault> {
    check_named(parameters)?;
    query::permitted_within(server, caller, action, parameters).await
}

fn check_named(parameters: &Parameters) -> Result<(), Fault> {
    parameters.get("tenant").map(drop).ok_or_else(|| Fault::query("`tenant` is missing"))
}

/// Answers `GET /decisions/{id}/verdict`.
pub(super) async fn ask_verdict(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = query::permitted_within(&server, &caller, Action::TellOutcomes, &parameters).await?;
    let id = query::decision_id(&id)?;
    let verdict = wanted_verdict(&parameters)?;
    Ok(Question::verdict(permit.id().clone(), query::reader(&server, &caller), id.as_str(), verdict)
        .render()
        .into_response())
}

/// Answers `POST /decisions/{id}/verdict`.
pub(super) async fn tell_verdict(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let permit = named_within(&server, &caller, Action::TellOutcomes, &parameters).await?;
    let decision_id = query::decision_id(&id)?;
    server.0.app.find_decision(&permit, &decision_id).await?;
    let outcome = Outcome::Verdict { decision_id, verdict: wanted_verdict(&parameters)? };
    let told = match server.0.app.report_within(&permit, &outcome).await? {
        Taken::Recorded => "recorded",
        Taken::Known => "known",
    };
    let link = Link::to(&format!("/decisions/{id}")).with("tenant", permit.id().as_str()).with("told", told);
    Ok(Redirect::to(&link.done()).into_response())
}

fn wanted_verdict(parameters: &Parameters) -> Result<PersonVerdict, Fault> {
    match parameters.get("verdict") {
        Some("legitimate") => Ok(PersonVerdict::Legitimate),
        Some("fraudulent") => Ok(PersonVerdict::Fraudulent),
        _ => Err(Fault::query("`verdict` is `legitimate` or `fraudulent`")),
    }
}

impl Question {
    fn switch(tenant: TenantId, reader: Reader, trigger: Trigger, is_off: bool) -> Self {
        let (state, yes): (_, &[&str]) = if is_off {
            (
                "off",
                &[
                    "Acts on the next request.",
                    "Sign-ins are no longer assessed or recorded, and nothing is done to them.",
                    "The change itself is recorded in the ledger.",
                ],
            )
        } else {
            (
                "on",
                &[
                    "Acts on the next request.",
                    "Sign-ins are assessed and recorded again, under the mode of the policy.",
                    "The change itself is recorded in the ledger.",
                ],
            )
        };
        Self {
            title: format!("Turn Countersign {state} for {trigger}?"),
            consequences: yes,
            action: Link::to(&format!("/switches/{trigger}")).done(),
            field: ("state", state),
            yes: if is_off { "Turn off" } else { "Turn on" },
            is_dangerous: is_off,
            back: Link::to("/").with("tenant", tenant.as_str()).done(),
            trail: trail_to(&tenant, None),
            tenant,
            reader,
        }
    }

    fn verdict(tenant: TenantId, reader: Reader, id: &str, verdict: PersonVerdict) -> Self {
        let (title, field, yes, consequences): (_, _, _, &[&str]) = match verdict {
            PersonVerdict::Legitimate => (
                "Say that it was the user?",
                "legitimate",
                "It was the user",
                &[
                    "The person's profile learns this sign-in in full: its place, network, device and hour become theirs.",
                    "If it was somebody else after all, they will look familiar from now on.",
                    "Your verdict is recorded in the ledger.",
                ],
            ),
            PersonVerdict::Fraudulent => (
                "Say that it was not the user?",
                "fraudulent",
                "It was not the user",
                &[
                    "Whatever the person's profile learned from this sign-in is taken out again.",
                    "The session goes on: end it in Auth0, and have the person change their password.",
                    "Your verdict is recorded in the ledger.",
                ],
            ),
        };
        let path = format!("/decisions/{id}");
        Self {
            title: title.to_owned(),
            consequences,
            action: Link::to(&format!("{path}/verdict")).done(),
            field: ("verdict", field),
            yes,
            is_dangerous: verdict == PersonVerdict::Fraudulent,
            back: Link::to(&path).with("tenant", tenant.as_str()).done(),
            trail: trail_to(&tenant, Some(id)),
            tenant,
            reader,
        }
    }

    /// The page; its form works without a script.
    pub(super) fn render(self) -> Markup {
        let Self {
            tenant,
            reader,
            trail,
            title,
            consequences,
            action,
            field: (name, value),
            yes,
            is_dangerous,
            back,
        } = self;
        let main = html! {
            div.card.message {
                h1 { (title) }
                p.quiet { "Tenant " strong { (tenant) } }
                ul { @for consequence in consequences { li { (consequence) } } }
                form.buttons method="post" action=(action) {
                    input type="hidden" name="tenant" value=(tenant);
                    input type="hidden" name=(name) value=(value);
                    button.primary.danger[is_dangerous] type="submit" { (yes) }
                    a.button href=(back) { "Cancel" }
                }
            }
        };
        Layout { title: &title, tenant: &tenant, reader: &reader, trail, now: None, scripts: &[] }
            .render(&main)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    impl Question {
        pub(crate) fn sample() -> Self {
            Self::switch(samples::tenant(), samples::reader(), Trigger::PostLogin, true)
        }

        pub(crate) fn verdict_sample() -> Self {
            Self::verdict(samples::tenant(), samples::reader(), samples::DECISION, PersonVerdict::Fraudulent)
        }
    }

    fn parameters(name: &str, value: &str) -> Parameters {
        Parameters::new(vec![(name.to_owned(), value.to_owned())]).unwrap()
    }

    #[test]
    fn a_question_changes_nothing_by_itself_and_posts_what_it_says() {
        for (question, action, field) in [
            (Question::sample(), "/switches/post-login", "name=\"state\" value=\"off\""),
            (
                Question::verdict_sample(),
                "/decisions/dec_0199c1f0/verdict",
                "name=\"verdict\" value=\"fraudulent\"",
            ),
        ] {
            let page = question.render().into_string();
            samples::check_page(&page);
            assert!(
                page.contains("method=\"post\"") && page.contains("name=\"tenant\" value=\"acme-sandbox\"")
            );
            assert!(page.contains(&format!("action=\"{action}\"")) && page.contains(field), "{page}");
        }
    }

    #[test]
    fn only_known_words_are_taken() {
        assert_eq!(wanted_state(&parameters("state", "off")), Ok(true));
        assert_eq!(wanted_verdict(&parameters("verdict", "legitimate")), Ok(PersonVerdict::Legitimate));
        assert!(wanted_state(&parameters("state", "OFF")).is_err());
        assert!(wanted_verdict(&parameters("verdict", "")).is_err());
    }

    #[test]
    fn hostile_ids_stay_inside_the_form() {
        let id = samples::HOSTILE_ID;
        let question = Question::verdict(
            samples::HOSTILE_ID.parse().unwrap(),
            samples::reader(),
            id,
            PersonVerdict::Legitimate,
        );
        samples::check_page(&question.render().into_string());
    }
}
