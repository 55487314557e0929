//! From what is wanted and what was read to a plan.

use std::collections::{BTreeSet, HashMap};

use countersign_auth0::management::resource_servers;
use countersign_core::{Micros, Timestamp};
use serde_json::Value;

use super::{
    Because, ChangePlan, Evidence, Fault, FaultCode, Found, MAX_EVIDENCE, MAX_EVIDENCE_BYTES, MAX_FAULTS,
    MAX_REASON, MAX_STEPS, MAX_TITLE, MAX_WANTED, Order, Origin, Reads, draft::Draft, text::is_hostile,
};

/// What a plan is made within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it is made.
    pub at: Timestamp,
    /// How long it may wait until it is begun.
    pub good_for: Micros,
    /// The configured receivers, by name.
    pub receivers: BTreeSet<String>,
}

/// Makes the plan that does what is wanted.
///
/// The steps come in the order's order, but that what is wanted of one user's access comes together, the block after what
/// lifts it and before what ends sessions, and that addresses for new passwords come last.
///
/// # Errors
/// What is wrong with the order, up to [`MAX_FAULTS`] faults. Then nothing is planned at all.
pub fn plan_changes(order: &Order, reads: &Reads, frame: &Frame) -> Result<ChangePlan, Vec<Fault>> {
    let faults = check(order, reads);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut draft = Draft::new(order, reads, frame);
    for number in sequence(order) {
        if draft.is_full() {
            break;
        }
        if let Some(wanted) = order.wanted.get(number) {
            draft.turn_to(number);
            wanted.change.plan(&mut draft);
        }
    }
    let notes = draft.tally.notes(lifetime(reads));
    let Draft { mut steps, last, mut faults, .. } = draft;
    steps.extend(last);
    if steps.len() > MAX_STEPS {
        faults.push(too_many(&format!("a plan has {MAX_STEPS} steps at the most")));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let because =
        |wanted: &super::Wanted| Because { reason: wanted.reason.clone(), evidence: wanted.evidence.clone() };
    Ok(ChangePlan {
        v: 1,
        tenant: order.tenant.clone(),
        domain: reads.domain.clone(),
        title: order.title.clone(),
        origin: order.origin.clone(),
        made_at: frame.at,
        begin_by: frame.at.plus(frame.good_for),
        because: order.wanted.iter().map(because).collect(),
        steps,
        left: Vec::new(),
        notes,
    })
}

fn whole(code: FaultCode, place: &str, right: &str) -> Fault {
    Fault { wanted: None, place: place.to_owned(), code, right: right.to_owned() }
}

fn too_many(right: &str) -> Fault {
    whole(FaultCode::TooMany, "wanted", right)
}

/// What can be seen without the changes themselves.
fn check(order: &Order, reads: &Reads) -> Vec<Fault> {
    let mut faults = Vec::new();
    if order.tenant != reads.tenant {
        let right = "what was read has to be of the order's tenant";
        faults.push(whole(FaultCode::OtherTenant, "tenant", right));
    }
    faults.extend(text("title", &order.title, MAX_TITLE));
    faults.extend(origin(&order.origin));
    if order.wanted.is_empty() {
        faults.push(whole(FaultCode::Empty, "wanted", "at least one change is wanted"));
    }
    if order.wanted.len() > MAX_WANTED {
        faults.push(too_many(&format!("an order wants {MAX_WANTED} changes at the most")));
        return faults;
    }
    for (number, wanted) in order.wanted.iter().enumerate() {
        let mut found: Vec<Fault> = text("reason", &wanted.reason, MAX_REASON).into_iter().collect();
        let is_long = |evidence: &Evidence| evidence.longest() > MAX_EVIDENCE_BYTES;
        if wanted.evidence.len() > MAX_EVIDENCE || wanted.evidence.iter().any(is_long) {
            let right =
                format!("evidence has {MAX_EVIDENCE} items of {MAX_EVIDENCE_BYTES} bytes at the most");
            found.push(whole(FaultCode::Length, "evidence", &right));
        }
        faults.extend(found.into_iter().map(|fault| Fault { wanted: Some(number), ..fault }));
        if faults.len() >= MAX_FAULTS {
            faults.truncate(MAX_FAULTS);
            break;
        }
    }
    faults
}

/// What is wrong with the texts of an origin.
pub(super) fn origin(origin: &Origin) -> impl Iterator<Item = Fault> {
    origin_texts(origin).into_iter().filter_map(|(place, of)| text(place, of, MAX_EVIDENCE_BYTES))
}

fn origin_texts(origin: &Origin) -> Vec<(&'static str, &str)> {
    let mut texts = match origin {
        Origin::Person { .. } | Origin::Assistant { .. } => Vec::new(),
        Origin::Incident { incident, playbook } => {
            vec![("origin.incident", incident.as_str()), ("origin.playbook", playbook)]
        }
        Origin::Workflow { workflow, .. } => vec![("origin.workflow", workflow.as_str())],
        Origin::Undo { plan, workflow, .. } => {
            let workflow = workflow.iter().map(|workflow| ("origin.workflow", workflow.as_str()));
            [("origin.plan", plan.as_str())].into_iter().chain(workflow).collect()
        }
    };
    if let Some(person) = origin.proposer() {
        texts.extend([("origin.issuer", person.issuer.as_str()), ("origin.subject", &person.subject)]);
    }
    texts
}

/// What is wrong with a text.
pub(super) fn text(place: &str, text: &str, most: usize) -> Option<Fault> {
    if text.trim().is_empty() || text.chars().count() > most {
        return Some(whole(FaultCode::Length, place, &format!("a text has 1 to {most} characters")));
    }
    let right = "a text has no control characters, and none that hide or turn others";
    is_hostile(text).then(|| whole(FaultCode::Characters, place, right))
}

/// The order in which the wanted changes are planned.
fn sequence(order: &Order) -> Vec<usize> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (number, wanted) in order.wanted.iter().enumerate() {
        if let Some((user, _)) = wanted.change.access() {
            first.entry(user).or_insert(number);
        }
    }
    let mut numbers: Vec<usize> = (0..order.wanted.len()).collect();
    numbers.sort_by_key(|number| {
        let access = order.wanted.get(*number).and_then(|wanted| wanted.change.access());
        match access {
            Some((user, place)) => (first.get(user).copied().unwrap_or(*number), place, *number),
            None => (*number, 0, *number),
        }
    });
    numbers
}

/// The longest that an access token of the tenant's APIs is good, in seconds.
fn lifetime(reads: &Reads) -> Option<u64> {
    let Found::Document(list) = reads.get(resource_servers::list().any())? else { return None };
    let apis = list.as_array()?.iter();
    let lifetimes = apis.flat_map(|api| {
        ["token_lifetime", "token_lifetime_for_web"].map(|name| api.get(name).and_then(Value::as_u64))
    });
    lifetimes.flatten().max()
}
