//! `countersign notify` and `countersign hooks`

use std::time::Duration;

use countersign_app::hooks::{HookError, send_trial};
use countersign_core::{IdKind, IdMaker};

use super::{Verdict, print};
use crate::{
    args::TestHook,
    clock::SystemEntropy,
    compose::{receiver, system_clock},
};

/// Sends a receiver one message from here, by the configuration alone, and says what came of it.
pub async fn test(args: TestHook) -> anyhow::Result<Verdict> {
    let TestHook { name, tenant, folder } = args;
    let config = folder.load()?;
    let clock = system_clock();
    let hook = receiver(&config, (&tenant, &name), &clock)?;
    let now = clock.now();
    let id = IdMaker::new(IdKind::Record).try_make(now, &SystemEntropy)?;
    let began = clock.monotonic();
    let sent = send_trial(&hook, &tenant, &id, now).await;
    let (text, verdict) = told(sent.map(drop), clock.monotonic().saturating_sub(began));
    print(&text);
    Ok(verdict)
}

fn told(sent: Result<(), HookError>, took: Duration) -> (String, Verdict) {
    let took = took.as_millis();
    match sent {
        Ok(()) => (format!("taken, within {took} ms\n"), Verdict::Holds),
        Err(error) => {
            let text = format!("not taken, after {took} ms: {error}. To mend it: {}\n", mend(error));
            (text, Verdict::Fails)
        }
    }
}

/// What to look at.
const fn mend(error: HookError) -> &'static str {
    match error {
        HookError::Late | HookError::Unreachable => {
            "check the address, the port and what stands between, such as a firewall"
        }
        HookError::Status(401 | 403) => "check the secret that both sides know",
        HookError::Status(404 | 410) => "check the address: nobody takes messages there",
        HookError::Status(_) => "look into what the receiver says of it",
        HookError::Busy { .. } | HookError::Resting => "wait, and try again",
        HookError::Refused(_) => "do what is said there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_says_how_long_it_took_and_what_to_mend() {
        let took = Duration::from_millis(12);
        assert_eq!(told(Ok(()), took).0, "taken, within 12 ms\n");
        let (text, verdict) = told(Err(HookError::Status(401)), took);
        assert_eq!(
            text,
            "not taken, after 12 ms: the receiver answered with status 401. To mend it: check the secret that both sides know\n"
        );
        assert!(matches!(verdict, Verdict::Fails));
    }
}
