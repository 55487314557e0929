//! What somebody causes who never signed in: failed attempts.

use countersign_core::MicroLogit;

use crate::{Contribution, code};

/// The reasons that failed attempts give, which anybody can make.
const FAILURES: [&code::Code; 4] =
    [&code::RECENT_FAILURES, &code::BLOCK_FAILURES, &code::TLS_FAILURES, &code::NETWORK_FAILURES];

/// Log-odds of the challenge threshold of 0.6.
const CHALLENGED_MICRO: MicroLogit = 405_465;

/// Most that failures raise the log-odds of what needs no challenge without them: it then stays below the denial threshold of
/// 0.9 (2.20).
const MOST_MICRO: MicroLogit = 1_750_000;

/// How much more they may, of each unit by which the rest lies above the challenge threshold.
const MORE: MicroLogit = 4;

/// Whether failures raise the risk by this reason.
pub(super) fn is_held(reason: &Contribution) -> bool {
    reason.micro > 0 && FAILURES.contains(&&reason.code)
}

/// Holds what failures raise, so that they deny nobody who is ordinary without them: each gives up the same part of what is too
/// much.
pub(crate) fn hold(bias: MicroLogit, reasons: &mut Vec<Contribution>) {
    let of_failures: MicroLogit =
        reasons.iter().filter(|reason| is_held(reason)).map(|reason| reason.micro).sum();
    let all = bias + reasons.iter().map(|reason| reason.micro).sum::<MicroLogit>();
    // Why: what vouches for a machine would else lower what failures may raise as well, by four times as much.
    let of_machine: MicroLogit = reasons
        .iter()
        .filter(|reason| reason.code == code::COMPLIANT_DEVICE)
        .map(|reason| reason.micro)
        .sum();
    let beyond = (all - of_failures - of_machine - CHALLENGED_MICRO).max(0);
    let most = MOST_MICRO + MORE * beyond;
    if of_failures > most {
        for reason in reasons.iter_mut().filter(|reason| is_held(reason)) {
            reason.micro = reason.micro * most / of_failures;
        }
        reasons.retain(|reason| reason.micro != 0);
    }
}
