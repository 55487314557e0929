//! What every page has: head, landmarks, the bar at the top, the list of keys.

use countersign_core::{TenantId, Timestamp};
use maud::{DOCTYPE, Markup, html};

use super::{
    assets,
    query::{Link, Reader},
};

/// One entry of the trail above a page's heading.
pub(super) struct Crumb {
    pub(super) text: String,
    pub(super) href: String,
}

/// A page's frame.
pub(super) struct Layout<'a> {
    /// Title of the window, without the product's name.
    pub(super) title: &'a str,
    /// The tenant that is looked at.
    pub(super) tenant: &'a TenantId,
    /// Who reads it.
    pub(super) reader: &'a Reader,
    /// Pages above this one.
    pub(super) trail: Vec<Crumb>,
    /// When the page was made, for relative times; `None` when it has none.
    pub(super) now: Option<Timestamp>,
    /// Scripts beside those that every page has.
    pub(super) scripts: &'a [&'a str],
}

/// The pages above one decision's own.
pub(super) fn trail_to(tenant: &TenantId, decision: Option<&str>) -> Vec<Crumb> {
    let mut trail = vec![Crumb {
        text: "Decisions".to_owned(),
        href: Link::to("/").with("tenant", tenant.as_str()).done(),
    }];
    if let Some(id) = decision {
        let href = Link::to(&format!("/decisions/{id}")).with("tenant", tenant.as_str()).done();
        trail.push(Crumb { text: "Decision".to_owned(), href });
    }
    trail
}

/// The pages above one thing's own: the list that it is in, at a path.
pub(super) fn trail_through(tenant: &TenantId, list: &str, path: &str) -> Vec<Crumb> {
    let mut trail = trail_to(tenant, None);
    trail.push(Crumb { text: list.to_owned(), href: Link::to(path).with("tenant", tenant.as_str()).done() });
    trail
}

impl Layout<'_> {
    /// The page around its content.
    pub(super) fn render(&self, main: &Markup) -> Markup {
        let home = Link::to("/").with("tenant", self.tenant.as_str()).done();
        html! {
            (DOCTYPE)
            html lang="en" {
                (head(self.title, self.scripts))
                body data-now=[self.now] {
                    a.skip href="#main" { "Skip to the content" }
                    header.bar {
                        a.brand href=(home) { (mark()) span { "Countersign" } }
                        (self.tenants_nav())
                        @for (_, section) in self.reader.sections.iter().filter(|(tenant, _)| tenant == self.tenant) {
                            a.findings-link href=(Link::to(section.path).with("tenant", self.tenant.as_str()).done()) { (section.name) }
                        }
                        form.sign-out method="post" action="/sign-out" {
                            span.quiet { (self.reader.name) " " }
                            button.ghost type="submit" { "Sign out" }
                        }
                        button.ghost.keys-button type="button" data-keys-open hidden aria-haspopup="dialog" {
                            "Keys " kbd { "?" }
                        }
                    }
                    @if self.reader.is_break_glass {
                        p.banner.alarm role="alert" { strong { "Break-glass session. " } "You act as administrator by an emergency link; everybody who is told of incidents was told of it. Sign out when you are done." }
                    }
                    main #main tabindex="-1" {
                        @if !self.trail.is_empty() {
                            nav.trail aria-label="Breadcrumb" {
                                ol { @for crumb in &self.trail { li { a href=(crumb.href) { (crumb.text) } } } }
                            }
                        }
                        (main)
                    }
                    footer {
                        p { "Countersign " (env!("CARGO_PKG_VERSION")) ". People are shown as aliases until somebody opens them. All times are UTC unless they are relative." }
                    }
                    (keys())
                }
            }
        }
    }

    fn tenants_nav(&self) -> Markup {
        html! {
            nav.tenants aria-label="Tenants" {
                @if let [only] = &*self.reader.tenants {
                    span { span.quiet { "Tenant " } strong { (only) } }
                } @else {
                    ul {
                        @for tenant in &self.reader.tenants {
                            li {
                                a href=(Link::to("/").with("tenant", tenant.as_str()).done())
                                    aria-current=[(tenant == self.tenant).then_some("true")] { (tenant) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A page without a tenant: a message and nothing else.
#[expect(clippy::needless_pass_by_value, reason = "callers write the markup in place")]
pub(super) fn bare(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, &[]))
            body.bare {
                main #main {
                    div.card.message {
                        p.brand { (mark()) span { "Countersign" } }
                        h1 { (title) }
                        (content)
                    }
                }
            }
        }
    }
}

fn head(title: &str, scripts: &[&str]) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            // Why: under `no-referrer` browsers send `Origin: null` with forms, which the guard refuses. This still
            // sends nothing to other hosts.
            meta name="referrer" content="same-origin";
            title { (title) " · Countersign" }
            link rel="icon" href=(assets::path("mark.svg")) type="image/svg+xml";
            link rel="stylesheet" href=(assets::path("console.css"));
            @for script in std::iter::once(&"keys.js").chain(scripts) {
                script type="module" src=(assets::path(script)) {}
            }
        }
    }
}

fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M12 1.8 20.5 5v6.6c0 5-3.5 8.7-8.5 10.6-5-1.9-8.5-5.6-8.5-10.6V5z" {}
            path.tick d="m7.6 12 3 3 5.8-6" {}
        }
    }
}

/// The keys, for the script that shows them; they can be switched off (WCAG 2.1.4).
fn keys() -> Markup {
    let rows = [
        ("/", "Go to the filter"),
        ("j", "Next row"),
        ("k", "Previous row"),
        ("Enter", "Open the row"),
        ("p", "Pause or resume live rows"),
        ("?", "Show this list"),
        ("Esc", "Close it"),
    ];
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.pairs { @for (key, text) in rows { div { dt { kbd { (key) } } dd { (text) } } } }
            p { label.check { input type="checkbox" data-keys-on checked; " Single keys act" } }
            form method="dialog" { button type="submit" { "Close" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn a_frame_has_landmarks_and_marks_the_tenant() {
        let tenants: Vec<TenantId> = ["acme", "b&<b>"].iter().map(|name| name.parse().unwrap()).collect();
        let layout = Layout {
            title: "<script>",
            tenant: &tenants[0],
            reader: &Reader { tenants: tenants.clone(), ..samples::reader() },
            trail: trail_to(&tenants[0], Some("dec_1")),
            now: Some(samples::now()),
            scripts: &["live.js"],
        };
        let page = layout.render(&html! { h1 { "Here" } }).into_string();
        samples::check_page(&page);
        for part in ["<header", "<main", "<footer", "<nav", "lang=\"en\"", "aria-current=\"true\">acme"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(
            page.contains("<title>&lt;script&gt; · Countersign</title>") && page.contains("b&amp;&lt;b&gt;")
        );
        assert!(page.contains("/?tenant=b%26%3Cb%3E"), "{page}");
        assert!(
            !page.contains("findings-link\" href=\"/users"),
            "the reader may open no section of this tenant"
        );
    }
}
