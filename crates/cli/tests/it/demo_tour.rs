//! The demo's tour, as a newcomer takes it in one browser: an account is contained by two people, its next sign-in is refused, and it is
//! taken back.

use countersign_sandbox::TENANT;

use crate::{
    browser::{Browser, Page},
    demo::{Demo, SOON},
    world::{countersign, now, pause},
};

/// A newcomer with a browser.
struct Newcomer {
    browser: Browser,
    base: String,
}

impl Newcomer {
    fn open(&mut self, path: &str) -> Page {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = self.browser.open(&format!("{}{path}{mark}tenant={TENANT}", self.base));
        assert_eq!(page.status, 200, "{}", page.text);
        page
    }

    /// Asks for a page again until it has this part.
    fn until(&mut self, path: &str, part: &str) -> Page {
        let began = now();
        loop {
            let page = self.open(path);
            if page.text.contains(part) {
                return page;
            }
            assert!(began.elapsed() < SOON, "`{part}` does not come: {}", page.text);
            pause();
        }
    }

    /// Leaves by the button of the page, and comes back as somebody else.
    fn becomes(&mut self, page: &Page, name: &str) -> Page {
        let out = self.browser.send(page, "action=\"/sign-out\"", &[]);
        assert!(
            out.url.path() == "/sign-in" && out.text.contains("Sign in as somebody else"),
            "{}",
            out.text
        );
        let asked = self.browser.link(&out, "again=yes");
        self.signs_in(&asked, name)
    }

    /// Presses the button of the login page that signs in as somebody.
    fn signs_in(&mut self, asked: &Page, name: &str) -> Page {
        assert!(asked.url.path() == "/authorize", "the tenant asks who it is: {}", asked.url);
        let page = self.browser.send(asked, name, &[]);
        assert!(
            page.status == 200 && page.url.as_str().starts_with(&self.base),
            "{} {}",
            page.url,
            page.text
        );
        assert!(page.text.contains(name), "{}", page.text);
        page
    }
}

/// How the account signed in since, the newest first, by a plan's page.
fn since(page: &Page) -> Vec<&'static str> {
    let (_, told) = page.text.split_once("since-title").unwrap();
    let told = told.split("</section>").next().unwrap();
    let rows = told.split("<tr role=\"row\">").skip(2);
    let ends = ["Refused by the tenant itself", "Refused", "Signed in"];
    rows.map(|row| *ends.iter().find(|end| row.contains(*end)).unwrap_or(&"otherwise")).collect()
}

#[test]
fn a_newcomer_contains_an_account_with_two_people_sees_it_refused_and_takes_it_back() {
    let home = tempfile::tempdir().unwrap();
    let demo = Demo::start(countersign(home.path()), "600");
    let (mut browser, base) = (Browser::new(), format!("http://{}", demo.host));
    let asked = browser.open(&format!("{base}{}", demo.path));
    let mut newcomer = Newcomer { browser, base };
    let paula = newcomer.signs_in(&asked, "Paula Brandt");
    assert!(paula.text.contains("Plans"), "{}", paula.text);

    // The incident is there from the start, and a playbook's plan about it comes by itself.
    let title = ">One family of refresh tokens used from several places</a>";
    let incidents = newcomer.until("/incidents", title);
    let link = incidents.text.split(title).next().unwrap();
    let id = link.rsplit("/incidents/").next().unwrap().split(['?', '"']).next().unwrap().to_owned();
    let incident = newcomer.until(&format!("/incidents/{id}"), "revoke access</a>");
    let contain = newcomer.browser.link(&incident, "/contain?");
    let plan = newcomer.browser.send(&contain, "name=\"account\"", &[("reason", "Nora is at home.")]);
    assert!(
        plan.status == 200 && plan.text.contains("You proposed it: somebody else has to agree."),
        "{}",
        plan.text
    );
    assert!(!plan.text.contains("/approve\""), "nobody approves their own");
    let of_plan = plan.url.path().to_owned();

    let alex = newcomer.becomes(&plan, "Alex Moreau");
    assert!(alex.text.contains("Plans"));
    let waiting = newcomer.open("/plans");
    let (_, waits) = waiting.text.split_once("Waits for you").unwrap();
    assert!(waits.split("</section>").next().unwrap().contains(&of_plan), "{waits}");
    let plan = newcomer.open(&of_plan);
    let agreed = newcomer.browser.send(&plan, "/approve\"", &[]);
    assert_eq!(agreed.status, 200, "{}", agreed.text);
    newcomer.until(&of_plan, "/undo\"");
    let refused = newcomer.until(&of_plan, "Refused by the tenant itself");
    assert_eq!(since(&refused)[0], "Refused by the tenant itself");

    // Whoever proposed it takes it back alone.
    newcomer.becomes(&refused, "Paula Brandt");
    let plan = newcomer.open(&of_plan);
    let back = newcomer.browser.send(&plan, "/undo\"", &[]);
    assert!(back.status == 200 && back.url.path() != of_plan, "{} {}", back.url, back.text);
    let way_back = back.url.path().to_owned();
    let agreed = newcomer.browser.send(&back, "/approve\"", &[]);
    assert_eq!(agreed.status, 200, "{}", agreed.text);
    newcomer.until(&way_back, "/undo\"");
    let began = now();
    while since(&newcomer.open(&of_plan))[0] != "Signed in" {
        assert!(began.elapsed() < SOON, "nobody signs in again");
        pause();
    }
    demo.stop();
}
