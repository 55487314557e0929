//! `[tenants.<name>.was_this_you]`: people are asked whether a sign-in was theirs.

use std::collections::BTreeSet;

use countersign_app::inquiries::{OnNo, Settings};
use countersign_core::Level;
use serde::Deserialize;

/// An hour in microseconds.
const HOUR: i64 = 60 * 60 * 1_000_000;

/// The longest time for an answer, in hours.
const MAX_HOURS: u32 = 168;

/// The longest pause, in hours.
const MAX_PAUSE_HOURS: u32 = 720;

/// The most questions to one person in a day.
const MAX_PER_DAY: u32 = 20;

/// `[tenants.<name>.was_this_you]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WasThisYou {
    /// The receiver of `mail` that writes to them.
    pub mail: String,
    /// For how long an answer is taken.
    #[serde(default = "day")]
    pub wait_hours: u32,
    /// The most questions to one person in a day.
    #[serde(default = "three")]
    pub per_day: u32,
    /// What a "no" proposes.
    #[serde(default)]
    pub on_no: BTreeSet<OnNo>,
    /// What is proposed where nobody answered in time.
    #[serde(default)]
    pub on_no_answer: BTreeSet<OnNo>,
    /// From which level of a sign-in on people are asked by the service itself.
    #[serde(default)]
    pub ask_from: Option<Level>,
    /// Between two such questions to one person.
    #[serde(default = "day")]
    pub pause_hours: u32,
}

const fn day() -> u32 {
    24
}

const fn three() -> u32 {
    3
}

impl WasThisYou {
    /// Everything that is wrong, a line each, without the tenant's path.
    pub(super) fn faults(&self, has_mail: bool, has_acting: bool) -> Vec<String> {
        let mut faults = Vec::new();
        if !has_acting {
            faults.push(
                "was_this_you`: comes with `acting`, whose client reads where to write to, and by which a \"no\" is answered"
                    .to_owned(),
            );
        }
        if !has_mail {
            faults.push("was_this_you.mail`: the name of a section of `mail`".to_owned());
        }
        if !(1..=MAX_HOURS).contains(&self.wait_hours) {
            faults.push(format!("was_this_you.wait_hours`: from 1 to {MAX_HOURS}"));
        }
        if !(1..=MAX_PAUSE_HOURS).contains(&self.pause_hours) {
            faults.push(format!("was_this_you.pause_hours`: from 1 to {MAX_PAUSE_HOURS}"));
        }
        if self.ask_from == Some(Level::Low) {
            faults.push(
                "was_this_you.ask_from`: `medium`, `high` or `critical`; nobody is asked of every sign-in"
                    .to_owned(),
            );
        }
        if !(1..=MAX_PER_DAY).contains(&self.per_day) {
            faults.push(format!("was_this_you.per_day`: from 1 to {MAX_PER_DAY}"));
        }
        faults
    }

    /// How people are asked.
    pub fn settings(&self) -> Settings {
        Settings {
            mail: self.mail.clone(),
            wait: HOUR * i64::from(self.wait_hours),
            per_day: self.per_day,
            on_no: self.on_no.clone(),
            on_no_answer: self.on_no_answer.clone(),
            ask_from: self.ask_from,
            pause: HOUR * i64::from(self.pause_hours),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn nobody_can_be_asked_whose_address_nobody_can_read() {
        let mail = "[tenants.acme.mail.people]\nserver = \"smtp.example.com\"\nfrom = \"cs@example.com\"\n";
        let text = format!("{mail}[tenants.acme.was_this_you]\nmail = \"people\"\n");
        let told = parse(&text, vec![]).unwrap_err().to_string();
        assert!(told.starts_with("`tenants.acme.was_this_you`: comes with `acting`"), "{told}");
    }

    #[test]
    fn it_needs_a_mail_section_and_bounds() {
        let parsed = |lines: &str| {
            let mail =
                "[tenants.acme.mail.people]\nserver = \"smtp.example.com\"\nfrom = \"cs@example.com\"\n";
            let acting = "[tenants.acme.management]\ndomain = \"acme.eu.auth0.com\"\nclient_id = \"reads\"\nclient_secret = \"env:A\"\n\
                [tenants.acme.acting.tenant]\nall_at_most = \"report\"\n";
            parse(&format!("{acting}{mail}[tenants.acme.was_this_you]\n{lines}\n"), vec![]).map(drop)
        };
        assert!(parsed("mail = \"people\"\non_no = [\"block_user\"]").is_ok());
        assert!(
            parsed(
                "mail = \"people\"\nask_from = \"high\"\npause_hours = 72\non_no_answer = [\"revoke_access\"]"
            )
            .is_ok()
        );
        for (lines, told) in [
            ("mail = \"nobody\"", "`tenants.acme.was_this_you.mail`: the name of a section"),
            ("mail = \"people\"\nwait_hours = 0", "`tenants.acme.was_this_you.wait_hours`: from 1"),
            ("mail = \"people\"\npause_hours = 0", "`tenants.acme.was_this_you.pause_hours`: from 1"),
            ("mail = \"people\"\nask_from = \"low\"", "`tenants.acme.was_this_you.ask_from`: `medium`"),
            ("mail = \"people\"\nper_day = 21", "`tenants.acme.was_this_you.per_day`: from 1"),
            ("mail = \"people\"\non_no = [\"unblock_user\"]", "`tenants.acme.was_this_you.on_no"),
        ] {
            let error = parsed(lines).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
