//! What entries of the log count as in the counters that decisions read.

use countersign_auth0::log::LogEvent;
use countersign_core::{Micros, Timestamp};
use countersign_detect::{detectors::is_wrong_password, told};
use countersign_risk::Sightings;

use super::desk::BREATH;
use crate::{App, Tenant};

/// What is older is counted by nobody, in microseconds.
const OLDEST: Micros = 24 * 3_600 * 1_000_000;

/// How a sign-in of the log is counted, and when it happened.
pub(super) type Counted = (Sightings, Timestamp);

/// What an entry counts as; `None` for one that is no sign-in, or that happened more than a day ago.
///
/// A sign-in that failed since the password, a code in its place or the name was wrong, and one that went through, at its own
/// time. The network is that of the reference data, else the one that decisions saw the block in: the log tells none.
pub(super) fn counted(app: &App, log: &LogEvent<'_>, now: Timestamp) -> Option<Counted> {
    let make = match &*log.kind {
        _ if now.since(log.date) >= OLDEST => return None,
        "s" | "scoa" | "sens" | "sepft" => Sightings::success,
        kind if kind == "fu" || is_wrong_password(log) => Sightings::failure,
        _ => return None,
    };
    let fields = &log.fields;
    let ip = told(fields.ip.as_ref()).unwrap_or_default();
    let account = told(fields.user_id.as_ref()).or_else(|| told(fields.user_name.as_ref()));
    let ja4 = told(fields.security_context.ja4.as_ref());
    let located = ip.parse().ok().and_then(|address| app.located(address));
    let network = located.and_then(|located| located.asn).map(|asn| format!("as{asn}"));
    // Why no later than now: an entry of a clock that runs ahead would count for longer than others.
    let at = log.date.min(now);
    Some((make(ip, account.unwrap_or_default(), ja4, network.as_deref()), at))
}

impl App {
    /// Counts sign-ins, each of which was journaled just now and so is counted once.
    pub(super) async fn count(&self, tenant: &Tenant, counted: Vec<Counted>) {
        for some in counted.chunks(BREATH) {
            {
                let mut velocity = tenant.velocity.lock();
                some.iter().for_each(|(sightings, at)| velocity.note(sightings, *at));
            }
            // Why: decisions read the same counters.
            tokio::task::yield_now().await;
        }
    }
}
