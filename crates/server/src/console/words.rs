//! Codes as people read them: levels, verdicts, reasons, times.

use countersign_app::Standing;
use countersign_core::{Channel, Level, MicroLogit, Mode, SubjectId, Timestamp, Verdict};
use countersign_policy::{Because, ProposalKind};
use countersign_privacy::Aliases;
use maud::{Markup, html};

/// Characters shown of a pseudonym or another long id, prefix included.
const SHORT_CHARS: usize = 10;

/// Characters shown of an id that tells by its end.
const END_CHARS: usize = 12;

/// A level as a shape, a color and its word; never a color alone.
pub(super) fn level(level: Level) -> Markup {
    html! {
        span.level data-level=(level) {
            svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" {
                @match level {
                    Level::Low => circle cx="8" cy="8" r="5.5" {},
                    Level::Medium => path d="M8 1.5 14.5 8 8 14.5 1.5 8z" {},
                    Level::High => path d="M8 1.8 15 14H1z" {},
                    Level::Critical => path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" {},
                }
            }
            (level_word(level))
        }
    }
}

/// The level's word, capitalized.
pub(super) const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Low => "Low",
        Level::Medium => "Medium",
        Level::High => "High",
        Level::Critical => "Critical",
    }
}

/// What a verdict means for the person.
pub(super) const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::SkipMfa => "Skip MFA",
        Verdict::Allow => "Allow",
        Verdict::Annotate => "Allow, marked",
        Verdict::Challenge => "Challenge",
        Verdict::Deny => "Deny",
    }
}

/// Whether the mode kept a verdict from the sign-in; a verdict that changes nothing is never kept.
pub(super) fn is_withheld(mode: Mode, verdict: Verdict) -> bool {
    mode != Mode::Enforce && !matches!(verdict, Verdict::Allow | Verdict::Annotate)
}

/// A verdict, and whether the Action was told.
pub(super) fn verdict(mode: Mode, verdict: Verdict) -> Markup {
    html! {
        span.verdict data-verdict=(verdict) { (verdict_word(verdict)) }
        @if is_withheld(mode, verdict) { " " span.tag { "withheld" } }
    }
}

/// What a mode does.
pub(super) const fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "Nothing is assessed.",
        Mode::Audit => "Sign-ins are assessed and recorded; effects on them are withheld.",
        Mode::Advisory => {
            "Sign-ins are assessed and recorded, and alerts are raised; effects on them are withheld."
        }
        Mode::Enforce => "Verdicts are carried out.",
    }
}

/// How a sign-in came.
pub(super) const fn channel_text(channel: Channel) -> &'static str {
    match channel {
        Channel::Interactive => "a person at a browser",
        Channel::Silent => "a browser that may not ask anyone",
        Channel::Refresh => "a refresh token was exchanged",
        Channel::Password => "credentials in one request",
        Channel::Exchange => "a token exchange",
    }
}

/// Why a verdict or its effects differ from the level's own.
pub(super) const fn because_text(because: Because) -> &'static str {
    match because {
        Because::ModeOff => "Countersign is off here.",
        Because::ModeAudit => "The mode is audit: effects on the sign-in are recorded and withheld.",
        Because::ModeAdvisory => {
            "The mode is advisory: alerts are raised, effects on the sign-in are withheld."
        }
        Because::Rollout => "This person is outside the percentage of people that enforce holds for.",
        Because::Floor => "A floor of the policy raised the verdict.",
        Because::RolesTruncated => {
            "The list of roles was too long to be sent whole, so that floors of single roles hold."
        }
        Because::Ceiling => "A ceiling of the policy lowered the verdict.",
        Because::Federated => "The person signs in at another identity provider, which owns their factors.",
        Because::MfaRecent => "A factor that was passed a short while ago stands for the challenge.",
        Because::NoUsableFactor => "The person has no factor that could be asked for.",
        Because::StepUpRequired => "A challenge is required and nobody can be asked on this channel.",
        Because::NothingToSkip => "MFA can be skipped only where somebody would be asked.",
        Because::Deferred => "A challenge is required and can't be asked for yet: the first sign-in owes it.",
        Because::Owed => "The account's sign-up owes a challenge, and no sign-in was confirmed since.",
        Because::Contained => {
            "A plan contained this account, and the containment was not taken back at the tenant."
        }
        Because::UserRisk => {
            "What was confirmed about this person asks for a challenge; this sign-in alone would not have."
        }
        Because::ScopesReduced => {
            "A machine can't be challenged: scopes that it never had before were taken away instead."
        }
        Because::MessageIsChallenge => {
            "A challenge is required, and the message that was asked about is one."
        }
        Because::ConsoleClient => {
            "This client is the console's own: its sign-ins are never challenged or refused, so that whoever can mend a policy gets in."
        }
        Because::NoEffects => {
            "Auth0 offers nothing to be done here: the verdict is advice, and what should be done is proposed."
        }
    }
}

/// What a plan is asked to do later.
pub(super) const fn proposal_text(proposal: ProposalKind) -> &'static str {
    match proposal {
        ProposalKind::RevokeSessions => "End the account's sessions.",
        ProposalKind::RequireMfa => "Ask the account for a second factor at its next sign-in.",
        ProposalKind::Review => "Have a person look at it.",
        ProposalKind::Notify => "Tell the owner of the account by a way that was known before.",
    }
}

/// What became of a sign-in.
pub(super) const fn standing_text(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "Nothing is known yet.",
        Standing::Completed => "The sign-in completed.",
        Standing::Passed => "A challenge was passed.",
        Standing::Failed => "A challenge was failed or refused.",
        Standing::Silent => "Nothing was heard for 24 hours.",
        Standing::Legitimate => "A person said: it was the user.",
        Standing::Fraudulent => "A person said: it was not the user.",
    }
}

/// Where a question to a person stands.
pub(super) fn inquiry(state: &str) -> &str {
    match state {
        "waiting" => "the mail is not sent yet.",
        "sent" => "mailed, no answer yet.",
        "unreachable" => "no proved address, or no mail could be sent.",
        "yes" => "they say that it was they. That lifts nothing.",
        "no" => "they say that it was not they.",
        "no_answer" => "nobody answered in time. That says neither.",
        "withheld" => "not mailed: the account was contained before.",
        state => state,
    }
}

/// What became of the plan that an answer leads to.
pub(super) fn follow(state: &str) -> &str {
    match state {
        "pending" => "A plan is to be proposed; the tenant is asked again until it answers.",
        "proposed" => "A plan was proposed.",
        "needless" => "No plan was proposed: what it would do is so already.",
        "failed" => "No plan could be proposed, and it is not tried again: propose one by hand.",
        state => state,
    }
}

/// What went missing on the way; the code itself when it is not known here.
pub(super) fn degraded_text(code: &str) -> &str {
    match code {
        "history_unavailable" => "The person's history could not be read.",
        "truncated" => "The Action cut long fields of the event.",
        "challenger_failed" => {
            "The challenger among the models could not be asked. It would have changed nothing."
        }
        "own_model_failed" => "The operator's own model had no answer. The score is as without it.",
        "policy_stale" => "Whether this policy still holds could not be confirmed for five seconds.",
        other => other,
    }
}

/// The beginning of a long id, for a place where the rest is at hand in the title.
pub(super) fn short(id: &str) -> String {
    let end = id.char_indices().nth(SHORT_CHARS).map(|(at, _)| at);
    match end.and_then(|end| id.get(..end)) {
        Some(start) => format!("{start}…"),
        None => id.to_owned(),
    }
}

/// The end of a long id that begins as others do, for a place where the rest is at hand in the title.
pub(super) fn end(id: &str) -> String {
    let count = id.chars().count();
    if count <= END_CHARS + 1 {
        return id.to_owned();
    }
    std::iter::once('\u{2026}').chain(id.chars().skip(count - END_CHARS)).collect()
}

/// The alias of a person, or that there is none any more.
pub(super) fn person(aliases: &Aliases, subject: Option<&SubjectId>) -> Markup {
    html! {
        @match subject {
            Some(subject) => (alias(&aliases.of(subject).to_string())),
            None => span.quiet { "erased" },
        }
    }
}

/// The beginning of an alias, with all of it at hand.
pub(super) fn alias(alias: &str) -> Markup {
    html! { code title=(alias) { (short(alias)) } }
}

/// An instant in UTC to the second, with its zone.
pub(super) fn absolute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..19) {
        Some(second) if text.ends_with('Z') => format!("{} UTC", second.replace('T', " ")),
        _ => text,
    }
}

/// The time of day in UTC, `08:00:00`; the whole instant when it has none.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).map(ToOwned::to_owned).unwrap_or(text)
}

/// How long ago an instant was, in one unit; from 14 days on the instant itself. The script `keys.js` says the same.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    match now.since(at).div_euclid(1_000_000) {
        ..5 => "just now".to_owned(),
        seconds @ ..60 => format!("{seconds} s ago"),
        seconds @ ..3_600 => format!("{} min ago", seconds / 60),
        seconds @ ..172_800 => format!("{} h ago", seconds / 3_600),
        seconds @ ..1_209_600 => format!("{} d ago", seconds / 86_400),
        _ => absolute(at),
    }
}

/// An instant as relative text, with the absolute one for machines and in the title.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(absolute(at)) data-relative { (relative(at, now)) } }
}

/// A contribution in natural-log units with its sign and six decimals, so that a column of them adds up exactly.
pub(super) fn logit(micro: MicroLogit) -> String {
    let sign = if micro < 0 { '−' } else { '+' };
    let amount = micro.unsigned_abs();
    format!("{sign}{}.{:06}", amount / 1_000_000, amount % 1_000_000)
}

/// A whole number with a comma at each thousand.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_told_in_one_unit() {
        let now: Timestamp = "2026-08-20T08:00:00Z".parse().unwrap();
        let ago = |seconds: i64| relative(Timestamp::from_seconds(now.seconds() - seconds), now);
        assert_eq!(
            [ago(-9), ago(4), ago(59), ago(60), ago(7_300)],
            ["just now", "just now", "59 s ago", "1 min ago", "2 h ago"]
        );
        assert_eq!(clock(now), "08:00:00");
        assert_eq!([ago(172_800), ago(1_209_600)], ["2 d ago", "2026-08-06 08:00:00 UTC"]);
    }

    #[test]
    fn only_what_would_have_changed_the_sign_in_is_withheld() {
        assert!(is_withheld(Mode::Audit, Verdict::Deny) && is_withheld(Mode::Advisory, Verdict::SkipMfa));
        assert!(!is_withheld(Mode::Enforce, Verdict::Deny) && !is_withheld(Mode::Audit, Verdict::Annotate));
    }

    #[test]
    fn numbers_are_told_exactly() {
        assert_eq!([logit(-2_200_000), logit(5), logit(1_050_422)], ["−2.200000", "+0.000005", "+1.050422"]);
        assert_eq!(
            [count(0), count(999), count(1_000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    proptest! {
        #[test]
        fn no_id_is_too_odd_to_be_shortened(id in any::<String>()) {
            prop_assert!(short(&id).chars().count() <= SHORT_CHARS + 1);
            let end = end(&id);
            let is_end = id.ends_with(end.trim_start_matches('\u{2026}'));
            prop_assert!(is_end && end.chars().count() <= END_CHARS + 1);
        }

        #[test]
        fn no_instant_is_too_odd_to_be_told(at: i64, now: i64) {
            let at = Timestamp::from_micros(at);
            prop_assert!(!relative(at, Timestamp::from_micros(now)).is_empty());
            prop_assert!(!clock(at).is_empty() && !absolute(at).is_empty());
        }
    }
}
