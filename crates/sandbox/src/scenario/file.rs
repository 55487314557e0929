//! The file of a scenario, and what must hold between its parts.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Planned, Scenario, ScenarioError,
    habit::HabitsForm,
    time::{Length, Start},
    values::{Asn, FullName, Home, Machine, Share, Slug, Town, Whole},
};
use crate::{
    AttackKind,
    people::{Factor, Strategy},
    stream::Mishaps,
};

/// The most people of a tenant; each has a network of its own.
const MOST_PEOPLE: usize = 2_000;
/// The most organizations.
const MOST_ORGANIZATIONS: usize = 20;
const DAY: i64 = 86_400_000_000;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    history: History,
    #[serde(default)]
    live: Live,
    #[serde(default)]
    stream_mishaps: Mishaps,
    organizations: Spanned<Vec<Spanned<OrganizationForm>>>,
    #[serde(default)]
    attacks: Vec<AttackForm>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct History {
    days: Whole<0, 90>,
}

impl Default for History {
    fn default() -> Self {
        Self { days: Whole(30) }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Live {
    sign_ins: bool,
}

impl Default for Live {
    fn default() -> Self {
        Self { sign_ins: true }
    }
}

/// An organization.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationForm {
    pub(crate) name: Slug,
    pub(crate) display_name: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) city: Town,
    pub(crate) language: Option<Slug>,
    pub(crate) network: Option<Asn>,
    pub(crate) home_networks: Option<[Asn; 2]>,
    pub(crate) mobile_network: Option<Asn>,
    #[serde(default)]
    pub(crate) risk_assessment: bool,
    #[serde(default)]
    pub(crate) habits: HabitsForm,
    pub(crate) people: Vec<Spanned<PeopleForm>>,
}

/// A person with a name, or many without.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleForm {
    pub(crate) name: Option<FullName>,
    pub(crate) count: Option<Whole<1, 500>>,
    pub(crate) roles: Option<Vec<Slug>>,
    #[serde(default)]
    pub(crate) factors: Vec<Factor>,
    pub(crate) enrolled: Option<Share>,
    pub(crate) home: Option<Home>,
    pub(crate) network: Option<Asn>,
    pub(crate) device: Option<Machine>,
    pub(crate) second_device: Option<Machine>,
    pub(crate) connection: Option<Strategy>,
    pub(crate) travels_to: Option<Town>,
    #[serde(default)]
    pub(crate) habits: HabitsForm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttackForm {
    kind: Spanned<AttackKind>,
    organization: Spanned<String>,
    start: Spanned<Start>,
    #[serde(default)]
    lasts: Length,
    times: Option<Whole<1, 1000>>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Result<Scenario, ScenarioError> {
    let file = parse(text)?;
    let check = Check { text };
    check.organizations(&file.organizations)?;
    let attacks = file.attacks.iter().enumerate().map(|(place, form)| check.attack(place, form, &file));
    let attacks = attacks.collect::<Result<Vec<_>, _>>()?;
    let organizations = file.organizations.into_inner().into_iter().map(Spanned::into_inner).collect();
    Ok(Scenario {
        days: file.history.days.0,
        is_live: file.live.sign_ins,
        mishaps: file.stream_mishaps,
        organizations,
        attacks,
    })
}

fn parse(text: &str) -> Result<File, ScenarioError> {
    let located = |error: &toml::de::Error, key: &str| {
        let span = error.span().unwrap_or_default();
        ScenarioError::at(text, &span, key, error.message())
    };
    let parser = toml::Deserializer::parse(text).map_err(|error| located(&error, ""))?;
    serde_path_to_error::deserialize(parser).map_err(|error| {
        let key = error.path().to_string();
        // Why: a value that knows its place stands in two levels of its own.
        let own = key.replace(".$__serde_spanned_private_value", "");
        located(error.inner(), if own == "." { "" } else { &own })
    })
}

/// What must hold between parts.
struct Check<'a> {
    text: &'a str,
}

impl Check<'_> {
    fn refuse<T>(&self, span: &Range<usize>, key: String, what: String) -> Result<T, ScenarioError> {
        Err(ScenarioError::at(self.text, span, key, what))
    }

    fn organizations(&self, list: &Spanned<Vec<Spanned<OrganizationForm>>>) -> Result<(), ScenarioError> {
        let (span, organizations) = (list.span(), list.get_ref());
        if !(1..=MOST_ORGANIZATIONS).contains(&organizations.len()) {
            let what = format!("from 1 to {MOST_ORGANIZATIONS} organizations, not {}", organizations.len());
            return self.refuse(&span, "organizations".to_owned(), what);
        }
        let mut people = 0_usize;
        for (place, organization) in organizations.iter().enumerate() {
            let (at, form) = (format!("organizations[{place}]"), organization.get_ref());
            let name = &form.name;
            if organizations.iter().take(place).any(|other| other.get_ref().name == *name) {
                let what = format!("`{}` is there twice; each name is another", name.0);
                return self.refuse(&organization.span(), format!("{at}.name"), what);
            }
            if form.people.is_empty() {
                let what = "nobody is there; at least one `[[organizations.people]]`".to_owned();
                return self.refuse(&organization.span(), format!("{at}.people"), what);
            }
            for (place, entry) in form.people.iter().enumerate() {
                self.people(entry, &format!("{at}.people[{place}]"))?;
                let count = entry.get_ref().count.map_or(1, |count| usize::from(count.0));
                people = people.saturating_add(count);
                if people > MOST_PEOPLE {
                    let what = format!("that makes {people} people; at most {MOST_PEOPLE}");
                    return self.refuse(&entry.span(), format!("{at}.people[{place}]"), what);
                }
            }
        }
        Ok(())
    }

    fn people(&self, entry: &Spanned<PeopleForm>, key: &str) -> Result<(), ScenarioError> {
        let form = entry.get_ref();
        let is_federated = form.connection.is_some_and(|strategy| strategy != Strategy::Auth0);
        let what = match (&form.name, form.count) {
            (Some(_), Some(_)) => "either a `name` or a `count`, not both",
            (None, None) => "a `name`, such as \"Nora Whitfield\", or a `count`",
            _ if form.device == Some(Machine::Handheld) => {
                "a handheld is a `second_device`, beside a browser"
            }
            (Some(_), None) if form.enrolled.is_some() => {
                "`enrolled` is a share of many, and goes with `count`"
            }
            _ if is_federated && !form.factors.is_empty() => {
                "who comes by `directory` or `saml` has no factors here; leave `factors` out"
            }
            _ => return Ok(()),
        };
        self.refuse(&entry.span(), key.to_owned(), what.to_owned())
    }

    fn attack(&self, place: usize, form: &AttackForm, file: &File) -> Result<Planned, ScenarioError> {
        let key = |name: &str| format!("attacks[{place}].{name}");
        let organizations = file.organizations.get_ref();
        let names = organizations.iter().map(|organization| organization.get_ref().name.0.as_str());
        let wanted = form.organization.get_ref();
        let Some(organization) = names.clone().position(|name| name == wanted) else {
            let known = names.collect::<Vec<_>>().join(", ");
            let what = format!("no organization is called `{wanted}`; one of {known}");
            return self.refuse(&form.organization.span(), key("organization"), what);
        };
        let kind = *form.kind.get_ref();
        let people = organizations.get(organization).map(|found| found.get_ref().people.as_slice());
        let is_database =
            |entry: &Spanned<PeopleForm>| entry.get_ref().connection.is_none_or(|by| by == Strategy::Auth0);
        if kind.needs_password() && !people.is_some_and(|people| people.iter().any(is_database)) {
            let what = format!(
                "nobody of `{wanted}` has a password here; `impossible_travel` and `token_replay` need none"
            );
            return self.refuse(&form.kind.span(), key("kind"), what);
        }
        let length = i64::from(file.history.days.0) * DAY;
        let start = match *form.start.get_ref() {
            Start::Begin(after) => after - length,
            Start::Now(after) => after,
        };
        if start < -length {
            let what = format!("that is before the history, which has {} days", file.history.days.0);
            return self.refuse(&form.start.span(), key("start"), what);
        }
        let times = form.times.map_or(1, |times| times.0);
        Ok(Planned { kind, organization, start, lasts: form.lasts.0, times })
    }
}
