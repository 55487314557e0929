//! `/`: decisions, newest first, as they are made.

use super::query::Reader;
use super::query::permitted_within;
use crate::authn::Known;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    App, DecisionRow,
    access::{Caller, ScopedPermit},
};
use countersign_core::{Level, Mode, TenantId, Timestamp, Trigger};
use countersign_privacy::Aliases;
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout::Layout,
    overview::{COUNTED, Overview},
    query::{self, Filter, Link, Parameters},
    words,
};
use crate::Server;

/// Decisions on one page; live rows push older ones off its end.
pub(super) const PAGE: u32 = 50;

/// What the page shows.
pub(super) struct Listing {
    pub(super) tenant: TenantId,
    pub(super) reader: Reader,
    pub(super) now: Timestamp,
    pub(super) filter: Filter,
    pub(super) rows: Vec<DecisionRow>,
    /// What people go by.
    pub(super) aliases: Aliases,
    /// Whether older decisions follow.
    pub(super) has_more: bool,
    pub(super) overview: Overview,
    /// What holds for the whole tenant; `None` for a reader who may not know it.
    pub(super) whole: Option<Whole>,
}

/// What holds for a whole tenant, whoever's decisions are looked at.
pub(super) struct Whole {
    /// The mode of the tenant's own layer.
    pub(super) mode: Mode,
    /// Each trigger and whether its kill switch is thrown.
    pub(super) switches: Vec<(Trigger, bool)>,
    /// Whether decisions can be recorded.
    pub(super) is_recording: bool,
    /// Whether the reader may turn a switch.
    pub(super) may_switch: bool,
}

impl Whole {
    fn of(app: &App, caller: &Caller, permit: &ScopedPermit) -> Option<Self> {
        let tenant = permit.whole().filter(|whole| app.may(caller, Action::ReadPolicies, whole.id()))?;
        Some(Self {
            mode: tenant.policy().document().settings(Trigger::PostLogin, None, None).mode,
            switches: Trigger::ALL.iter().map(|trigger| (*trigger, tenant.is_off(*trigger))).collect(),
            is_recording: app.is_recording(),
            may_switch: app.may(caller, Action::SetSwitches, tenant.id()),
        })
    }
}

/// Answers `GET /`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted_within(&server, &caller, Action::ReadDecisions, &parameters).await?;
    let filter = Filter::read(&parameters)?;
    let app = &server.0.app;
    let mut rows = app.decisions(&permit, filter.of_store(), PAGE + 1).await?;
    let shown = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);
    let newest = app.decisions(&permit, Filter::default().of_store(), COUNTED).await?;
    let listing = Listing {
        tenant: permit.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        filter,
        rows,
        aliases: permit.aliases(),
        has_more,
        overview: Overview::of(&newest, permit.thresholds(Trigger::PostLogin, None, None)),
        whole: Whole::of(app, &caller, &permit),
    };
    Ok(listing.render().into_response())
}

impl Whole {
    fn warnings(&self) -> Markup {
        html! {
            @for (trigger, _) in self.switches.iter().filter(|(_, is_off)| *is_off) {
                p.banner.alarm role="status" {
                    strong { "Countersign is off for " (trigger) ". " }
                    "Sign-ins are neither assessed nor recorded, and nothing is done to them."
                }
            }
            @if !self.is_recording {
                p.banner.alarm role="status" {
                    strong { "Decisions can't be recorded. " }
                    "Sign-ins go on without them: the Action falls back. Look at the log and at the free space of the data directory."
                }
            }
        }
    }

    /// The kill switches, folded: there are many, and one that is thrown is told above them.
    fn switches(&self, tenant: &TenantId) -> Markup {
        let off = self.switches.iter().filter(|(_, is_off)| *is_off).count();
        html! {
            details.switches {
                summary {
                    "Kill switches: " strong { (self.switches.len() - off) " triggers answering" }
                    @if off > 0 { ", " strong.alarm { (off) " off" } }
                }
                ul aria-label="Kill switches" { @for (trigger, is_off) in &self.switches { (self.switch(tenant, *trigger, *is_off)) } }
            }
        }
    }

    fn switch(&self, tenant: &TenantId, trigger: Trigger, is_off: bool) -> Markup {
        let link = Link::to(&format!("/switches/{trigger}")).with("tenant", tenant.as_str());
        let wanted = if is_off { "on" } else { "off" };
        html! {
            li {
                span.state data-off=(is_off) {
                    code { (trigger) } " " strong { @if is_off { "off" } @else { "answering" } }
                }
                @if self.may_switch {
                    a.button.danger[!is_off] href=(link.with("state", wanted).done()) {
                        "Turn " (wanted) " " span.hidden { (trigger) } "…"
                    }
                }
            }
        }
    }
}

impl Listing {
    pub(super) fn render(&self) -> Markup {
        let main = html! {
            div.heading {
                h1 { "Decisions" }
                @if let Some(Whole { mode, .. }) = self.whole {
                    p.mode { "Mode " strong { (mode) } span.quiet { " · " (words::mode_text(mode)) } }
                }
                @if let Some(whole) = &self.whole { (whole.switches(&self.tenant)) }
            }
            @if let Some(whole) = &self.whole { (whole.warnings()) }
            section.overview aria-label="The newest decisions in figures" data-overview { (self.overview.render(&self.tenant, self.now)) }
            (self.filter_bar())
            (self.chips())
            section aria-labelledby="rows-title" {
                div.rows-head {
                    h2 #rows-title { @if self.filter.before.is_some() { "Older decisions" } @else { "Newest decisions" } }
                    (self.live_bar())
                }
                (self.table())
                (self.pages())
            }
        };
        let layout = Layout {
            title: "Decisions",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: Vec::new(),
            now: Some(self.now),
            scripts: &["live.js"],
        };
        layout.render(&main)
    }

    fn filter_bar(&self) -> Markup {
        let selected = self.filter.organization.as_ref();
        let missing = selected.filter(|organization| !self.overview.organizations.contains(organization));
        html! {
            form.filter method="get" action="/" role="search" aria-label="Filter the decisions" data-filter {
                input type="hidden" name="tenant" value=(self.tenant);
                fieldset {
                    legend { "Level" }
                    @for level in Level::ALL {
                        label.toggle {
                            input type="checkbox" name="level" value=(level) checked[self.filter.levels.contains(level)];
                            (words::level(*level))
                        }
                    }
                }
                label {
                    "Organization "
                    select name="organization" {
                        option value="" { "Any" }
                        @for organization in self.overview.organizations.iter().chain(missing) {
                            option value=(organization) selected[Some(organization) == selected] { (organization) }
                        }
                    }
                }
                button type="submit" { "Apply" }
            }
        }
    }

    /// What is filtered for, each to be taken away.
    fn chips(&self) -> Markup {
        let link = |filter: Filter| filter.link("/", &self.tenant).done();
        let newest = Filter { before: None, ..self.filter.clone() };
        html! {
            @if self.filter.is_narrow() {
                ul.chips aria-label="Filters in force" {
                    @for level in &newest.levels {
                        @let levels = newest.levels.iter().copied().filter(|other| other != level).collect();
                        li { a href=(link(Filter { levels, ..newest.clone() })) { (words::level_word(*level)) (remove()) } }
                    }
                    @if let Some(organization) = &newest.organization {
                        li { a href=(link(Filter { organization: None, ..newest.clone() })) { (organization) (remove()) } }
                    }
                    li { a.clear href=(link(Filter::default())) { "Clear all" } }
                }
            }
        }
    }

    /// Shown by the script; without one the page is reloaded by hand.
    fn live_bar(&self) -> Markup {
        if self.filter.before.is_some() {
            let newest = Filter { before: None, ..self.filter.clone() };
            return html! { p { a href=(newest.link("/", &self.tenant).done()) { "To the newest" } } };
        }
        let link = self.filter.link("/console/live", &self.tenant);
        let link = match self.rows.first() {
            Some(row) => link.with("after", &row.leaf_index.to_string()),
            None => link,
        };
        html! {
            div.live data-live=(link.done()) data-live-most=(PAGE) hidden {
                span.state data-live-state="waiting" { "Connecting" }
                button type="button" data-live-pause aria-pressed="false" { "Pause" }
            }
            p.hidden role="status" aria-live="polite" data-live-news {}
            noscript { p { a href=(self.filter.link("/", &self.tenant).done()) { "Reload for newer decisions" } } }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table.decisions role="table" data-rows aria-labelledby="rows-title" hidden[self.rows.is_empty()] {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Time (UTC)", "Level"] { th scope="col" role="columnheader" { (name) } }
                        th.number scope="col" role="columnheader" { "Score" }
                        @for name in ["Verdict", "Person", "Organization", "Channel", "Mode", "Decision"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for item in &self.rows { (row(item, &self.tenant, &self.aliases, self.now)) } }
            }
            @if self.rows.is_empty() { (self.empty()) }
        }
    }

    fn empty(&self) -> Markup {
        html! {
            div.card.empty data-empty {
                @if self.filter.is_narrow() || self.filter.before.is_some() {
                    h3 { "No decision fits" }
                    p { "Take a filter away, or " a href=(Filter::default().link("/", &self.tenant).done()) { "look at all decisions" } "." }
                } @else {
                    h3 { "No decision yet" }
                    p { "Decisions appear here as people sign in. Next steps:" }
                    ol {
                        li { "Install the post-login Action in the Auth0 tenant " strong { (self.tenant) } " and put it into the login flow." }
                        li { "Give it this server's address and the tenant's signing key." }
                        li { "Sign in once; the decision appears here within a second." }
                    }
                    @if let Some(Whole { mode, .. }) = self.whole {
                        p.quiet { "Nothing is done to sign-ins unless the policy's mode is " code { "enforce" } "; here it is " code { (mode) } "." }
                    }
                }
            }
        }
    }

    fn pages(&self) -> Markup {
        let older = self.rows.last().filter(|_| self.has_more).map(|row| row.leaf_index);
        html! {
            @if let Some(before) = older {
                nav.pages aria-label="Pages" {
                    @let filter = Filter { before: Some(before), ..self.filter.clone() };
                    a.button rel="next" href=(filter.link("/", &self.tenant).done()) { "Older decisions" }
                }
            }
        }
    }
}

fn remove() -> Markup {
    html! { span aria-hidden="true" { " ×" } span.hidden { ", remove this filter" } }
}

/// One row; live updates send the same.
pub(super) fn row(row: &DecisionRow, tenant: &TenantId, aliases: &Aliases, now: Timestamp) -> Markup {
    let decision = &row.decision;
    let link = Link::to(&format!("/decisions/{}", decision.id)).with("tenant", tenant.as_str()).done();
    html! {
        tr role="row" data-row=(row.leaf_index) data-level=(decision.level) {
            td.at role="cell" { (words::time(decision.at, now)) " " span.quiet { (words::clock(decision.at)) } }
            td.risk role="cell" { (words::level(decision.level)) }
            td.number role="cell" { (decision.score) }
            td.done role="cell" { (words::verdict(decision.mode, decision.verdict)) }
            td.who role="cell" { (words::person(aliases, row.subject.as_ref())) }
            td.where role="cell" {
                @match &decision.organization {
                    Some(organization) => code title=(organization) { (organization) },
                    None => span.quiet { "none" },
                }
            }
            td.channel role="cell" { (decision.trigger) " " span.quiet { (decision.channel) } }
            td.mode role="cell" { (decision.mode) }
            td.open role="cell" {
                a href=(link) data-open aria-label={ "Decision " (decision.id) } { "Explain" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    impl Listing {
        pub(crate) fn sample() -> Self {
            let rows = samples::rows();
            Self {
                tenant: samples::tenant(),
                reader: samples::reader(),
                now: samples::now(),
                filter: Filter::default(),
                overview: Overview::of(&rows, countersign_policy::Settings::default().thresholds),
                rows,
                aliases: samples::aliases(),
                has_more: true,
                whole: Some(Whole {
                    mode: Mode::Audit,
                    switches: vec![(Trigger::PostLogin, false)],
                    is_recording: true,
                    may_switch: true,
                }),
            }
        }
    }

    #[test]
    fn the_page_has_a_row_for_each_decision_and_a_way_on() {
        let listing = Listing::sample();
        let page = listing.render().into_string();
        samples::check_page(&page);
        assert_eq!(page.matches("<tr role=\"row\" data-row=").count(), listing.rows.len());
        let last = listing.rows.last().unwrap().leaf_index;
        assert!(page.contains(&format!("before={last}")));
        let first = listing.rows.first().unwrap().leaf_index;
        assert!(page.contains(&format!("/console/live?tenant=acme-sandbox&amp;after={first}")), "{page}");
        assert!(page.contains("href=\"/switches/post-login?tenant=acme-sandbox&amp;state=off\""));
    }

    #[test]
    fn hostile_names_come_out_as_text() {
        let mut listing = Listing::sample();
        listing.rows[0].decision.organization = Some(samples::HOSTILE_ID.parse().unwrap());
        listing.overview = Overview::of(&listing.rows, countersign_policy::Settings::default().thresholds);
        listing.filter.organization = Some(samples::HOSTILE_ID.parse().unwrap());
        let page = listing.render().into_string();
        samples::check_page(&page);
        assert!(page.contains("org_&quot;&gt;&lt;script&gt;"));
    }

    #[test]
    fn filters_in_force_can_be_taken_away_one_by_one() {
        let mut listing = Listing::sample();
        listing.filter = Filter {
            levels: vec![Level::High, Level::Critical],
            before: Some(9),
            organization: Some("org_1".parse().unwrap()),
        };
        let page = listing.render().into_string();
        for rest in [
            "level=critical&amp;organization=org_1\"",
            "level=high&amp;organization=org_1\"",
            "level=high&amp;level=critical\"",
        ] {
            assert!(page.contains(&format!("href=\"/?tenant=acme-sandbox&amp;{rest}")), "{rest}");
        }
        assert!(page.contains("value=\"critical\" checked") && page.contains("value=\"org_1\" selected"));
        assert!(!page.contains("data-live="), "an older page is not live");
    }

    #[test]
    fn an_empty_page_says_what_to_do_next() {
        let empty = |filter| {
            let listing = Listing {
                rows: vec![],
                has_more: false,
                filter,
                overview: Overview::of(&[], countersign_policy::Settings::default().thresholds),
                ..Listing::sample()
            };
            listing.render().into_string()
        };
        let page = empty(Filter::default());
        samples::check_page(&page);
        assert!(page.contains("Install the post-login Action") && page.contains("data-live="));
        assert!(empty(Filter { before: Some(1), ..Filter::default() }).contains("No decision fits"));
    }

    #[test]
    fn a_thrown_switch_and_lost_decisions_are_told() {
        let whole = |may_switch| Whole {
            mode: Mode::Audit,
            switches: vec![(Trigger::PostLogin, true)],
            is_recording: false,
            may_switch,
        };
        let page = Listing { whole: Some(whole(true)), ..Listing::sample() }.render().into_string();
        assert!(page.contains("Countersign is off for post-login") && page.contains("can't be recorded"));
        assert!(page.contains("state=on"));
        let page = Listing { whole: Some(whole(false)), ..Listing::sample() }.render().into_string();
        assert!(page.contains("Countersign is off for post-login") && !page.contains("/switches/"));
        let page = Listing { whole: None, ..Listing::sample() }.render().into_string();
        samples::check_page(&page);
        assert!(!page.contains("Kill switches") && !page.contains("Mode <strong>"));
    }

    #[test]
    fn an_erased_person_has_no_pseudonym() {
        let mut erased = samples::rows().remove(0);
        erased.subject = None;
        let row = row(&erased, &samples::tenant(), &samples::aliases(), samples::now()).into_string();
        assert!(row.contains("erased") && !row.contains("als_"));
    }
}
