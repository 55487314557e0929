//! Constants of the terms that belong to a sign-up, a reset or a machine alone.

use countersign_core::MicroLogit;
use serde::{Deserialize, Serialize};

use super::{Familiarity, SignUpNetworks};

/// What many of a kind count: `clip(weight · ln(1 + n))` with n what goes beyond the free number, within the hour or the
/// day, whichever gives more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// Others in an hour that count nothing.
    pub free_hour: u16,
    /// Others in 24 hours that count nothing.
    pub free_day: u16,
    /// Factor on the logarithm, in thousandths.
    pub weight_milli: u32,
    /// Greatest contribution.
    pub hi_micro: MicroLogit,
}

/// What a sign-up's features count, each: one classic sign of fraud alone reaches 0.3, the most deceptive 0.6, and an odd
/// but honest name stays under 0.6. Source: judgement, moved about half of the way to what a logistic fit on the first half of
/// the generated sequences asked for, each kind weighing alike (docs/flows.md); bursts of patterns, domains and names,
/// disguised addresses and unrelated names went up, a name that fits no longer speaks for a made-up domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUpWeights {
    /// An address that lasts for minutes.
    pub disposable_micro: MicroLogit,
    /// Free mail where it is unusual.
    pub free_mail_micro: MicroLogit,
    /// A known organization's domain. Why so little: anyone can type it, and it is not yet proved.
    pub organization_micro: MicroLogit,
    /// A domain of letters that look like a known organization's.
    pub confusable_micro: MicroLogit,
    /// A known organization's name below a foreign domain.
    pub sub_domain_micro: MicroLogit,
    /// A domain one edit away from a known organization's.
    pub one_edit_micro: MicroLogit,
    /// A known organization's name joined to other words.
    pub embedded_micro: MicroLogit,
    /// A known organization's name under another suffix.
    pub other_suffix_micro: MicroLogit,
    /// A domain two edits away from a known organization's.
    pub two_edits_micro: MicroLogit,
    /// An office's address.
    pub role_micro: MicroLogit,
    /// A tag behind a plus sign.
    pub tag_micro: MicroLogit,
    /// Dots that vary one mailbox.
    pub dots_micro: MicroLogit,
    /// Randomness of the local part up to which it counts nothing, in thousandths.
    pub gibberish_free_milli: u16,
    /// A wholly random local part; less in proportion, and half when the name fits it: names are odd in other languages.
    pub gibberish_micro: MicroLogit,
    /// A name that fits the local part.
    pub name_matches_micro: MicroLogit,
    /// A name that does not. Why so little: people call themselves what they like.
    pub name_unrelated_micro: MicroLogit,
    /// A browser's language that is unusual in the country. Why so little: people move.
    pub language_micro: MicroLogit,
    /// Letters that are hidden or of another alphabet.
    pub disguised_micro: MicroLogit,
    /// A link in the name.
    pub link_micro: MicroLogit,
    /// Sign-ups with the same full name.
    pub name: Burst,
    /// Sign-ups from the same range around the block; counts only beside another sign of a program, since a whole
    /// city may share one.
    pub range: Burst,
    /// Sign-ups from the same block.
    pub block: Burst,
    /// Share of it in thousandths that remains for a colleague: who bears the name that the address says, where most others
    /// from the block came with the same domain.
    pub colleague_milli: u32,
    /// Sign-ups at the same e-mail domain, unless it is free mail's or a known organization's.
    pub domain: Burst,
    /// Sign-ups with the same TLS fingerprint; counts only beside another burst, since browsers share theirs.
    pub ja4: Burst,
    /// Sign-ups with the same pattern of the local part.
    pub skeleton: Burst,
    /// Share in thousandths of a sign-up's log-odds above the bias that the first login takes over.
    pub carried_milli: u32,
    /// Greatest contribution of them.
    pub carried_hi_micro: MicroLogit,
    /// Least confidence where an address was read, in thousandths, before signals that are missing: a new account has no
    /// history that it could rest on.
    pub confidence_milli: u32,
    /// The kind of the network, where a list names it.
    #[serde(default, skip_serializing_if = "SignUpNetworks::is_default")]
    pub network: SignUpNetworks,
}

/// What a reset's features count, each; and failures and fraud from the same block, at a sign-up too. Source: as
/// [`SignUpWeights`]; rows of resets, repeated ones, sleeping accounts and a missing factor went up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetWeights {
    /// Hours within which another reset counts as repeated.
    pub repeated_hours: u32,
    /// A repeated reset.
    pub repeated_micro: MicroLogit,
    /// Other accounts reset from the same block.
    pub block: Burst,
    /// Accounts at which sign-ins failed from the same block. Why a low cap: whole towns share a block.
    pub failures: Burst,
    /// Accounts of which something from the same block was called fraudulent.
    pub frauds: Burst,
    /// A second factor is enrolled, which guards the account after the reset.
    pub second_factor_micro: MicroLogit,
    /// No second factor is enrolled.
    pub no_second_factor_micro: MicroLogit,
    /// Days without a confirmed sign-in after which an account sleeps.
    pub dormant_days: u32,
    /// A sleeping account is reset.
    pub dormant_micro: MicroLogit,
    /// Days for which it counts that the password was found in a breach; 0, as in models of before: it never does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub leaked_days: u32,
    /// The password that is reset was found in a breach. Why so little: its owner is told to reset it, too.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub leaked_micro: MicroLogit,
}

/// What a machine's features count, beside the terms that it shares with people. Source: as [`SignUpWeights`]; the fit took
/// nearly all from what reassures, since a thief with the secret at home has it too, and gave to scopes, APIs and rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineWeights {
    /// Network in the client's history, in place of the people's constants; divided by the number of networks known,
    /// since only a client that stays in one place surprises elsewhere.
    pub network: Familiarity,
    /// Share in thousandths that remains of what is reassuring in a machine's history.
    pub familiar_milli: u32,
    /// API in the client's history.
    pub audience: Familiarity,
    /// The scope in the client's history that it asked for least.
    pub scopes: Familiarity,
    /// What each new scope beyond the first adds, in thousandths of what one counts; at most four add.
    pub more_scope_milli: u32,
    /// Kind of token in the history of a client that exchanges them.
    pub token_kinds: Familiarity,
    /// A client asks from a new block while another one of its blocks does; divided as the network is.
    pub parallel_micro: MicroLogit,
    /// Requests in an hour that count nothing, however seldom the client asks.
    pub rate_free: u16,
    /// Factor on ln(requests in an hour / requests in a usual day), in thousandths.
    pub rate_milli: u32,
    /// Greatest contribution of it.
    pub rate_hi_micro: MicroLogit,
    /// Hours within which an actor's account counts as new, or its password as just reset.
    pub actor_hours: u32,
    /// An actor whose account is new.
    pub actor_new_micro: MicroLogit,
    /// An actor whose password was just reset.
    pub actor_reset_micro: MicroLogit,
    /// Days without a confirmed request after which a client sleeps.
    pub dormant_days: u32,
    /// A sleeping client wakes.
    pub dormant_micro: MicroLogit,
}

impl Burst {
    const fn baseline(free: (u16, u16), weight_milli: u32, hi_micro: MicroLogit) -> Self {
        Self { free_hour: free.0, free_day: free.1, weight_milli, hi_micro }
    }
}

impl Default for SignUpWeights {
    fn default() -> Self {
        Self {
            disposable_micro: 2_900_000,
            free_mail_micro: 1_400_000,
            organization_micro: -300_000,
            confusable_micro: 3_300_000,
            sub_domain_micro: 2_400_000,
            one_edit_micro: 2_700_000,
            embedded_micro: 1_800_000,
            other_suffix_micro: 1_500_000,
            two_edits_micro: 1_400_000,
            role_micro: 400_000,
            tag_micro: 500_000,
            dots_micro: 600_000,
            gibberish_free_milli: 300,
            gibberish_micro: 1_900_000,
            name_matches_micro: -300_000,
            name_unrelated_micro: 500_000,
            language_micro: 250_000,
            disguised_micro: 2_700_000,
            link_micro: 2_700_000,
            name: Burst::baseline((1, 2), 1_200, 2_600_000),
            range: Burst::baseline((10, 24), 400, 800_000),
            block: Burst::baseline((3, 12), 600, 1_600_000),
            colleague_milli: 350,
            domain: Burst::baseline((4, 15), 750, 1_700_000),
            ja4: Burst::baseline((8, 24), 300, 500_000),
            skeleton: Burst::baseline((0, 3), 1_250, 3_000_000),
            carried_milli: 700,
            carried_hi_micro: 2_500_000,
            confidence_milli: 500,
            network: SignUpNetworks::default(),
        }
    }
}

impl Default for ResetWeights {
    fn default() -> Self {
        Self {
            repeated_hours: 24,
            repeated_micro: 1_000_000,
            block: Burst::baseline((2, 2), 1_100, 2_800_000),
            failures: Burst::baseline((5, 5), 500, 1_300_000),
            frauds: Burst::baseline((0, 0), 1_500, 2_300_000),
            second_factor_micro: -400_000,
            no_second_factor_micro: 300_000,
            dormant_days: 90,
            dormant_micro: 1_200_000,
            leaked_days: 30,
            leaked_micro: 600_000,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(days: &u32) -> bool {
    *days == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_nothing(micro: &MicroLogit) -> bool {
    *micro == 0
}

impl Default for MachineWeights {
    fn default() -> Self {
        Self {
            network: Familiarity::baseline(850, 50_000, -600_000, 4_000_000),
            familiar_milli: 500,
            audience: Familiarity::baseline(650, 100_000, -300_000, 2_200_000),
            scopes: Familiarity::baseline(450, 100_000, -300_000, 1_700_000),
            more_scope_milli: 600,
            token_kinds: Familiarity::baseline(600, 50_000, -200_000, 2_000_000),
            parallel_micro: 1_000_000,
            rate_free: 5,
            rate_milli: 2_800,
            rate_hi_micro: 5_000_000,
            actor_hours: 24,
            actor_new_micro: 1_400_000,
            actor_reset_micro: 700_000,
            dormant_days: 30,
            dormant_micro: 1_200_000,
        }
    }
}
