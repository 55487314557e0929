//! A plan while it is made.

use std::collections::{BTreeMap, HashMap, HashSet};

use countersign_auth0::management::{Request, UserId};
use countersign_core::OrganizationId;
use serde_json::Value;

use super::{
    Back, ChangeStep, Evidence, Fault, FaultCode, Found, Frame, Kind, MAX_FAULTS, MAX_STEPS, Order,
    Organization, Reads, Scope, Write, tally::Tally, text::is_hostile,
};
use crate::{Part, Template};

/// An organization of a change, as requests name it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its id; of one that is made by the plan, one that stands for it.
    pub(super) id: OrganizationId,
    /// Its id as requests have it.
    pub(super) part: Part,
    /// Whether the plan makes it, so that nothing can be read of it.
    pub(super) is_made: bool,
    /// What tells it from others.
    pub(super) key: String,
}

impl Place {
    /// A request that has the organization as its first parameter.
    pub(super) fn template<T>(&self, request: &Request<T>) -> Template {
        let mut template = Template::of(request.any());
        if let Some(first) = template.parameters.first_mut() {
            *first = self.part.clone();
        }
        template
    }
}

/// A plan while it is made.
pub(super) struct Draft<'a> {
    pub(super) order: &'a Order,
    pub(super) reads: &'a Reads,
    pub(super) frame: &'a Frame,
    pub(super) faults: Vec<Fault>,
    pub(super) steps: Vec<ChangeStep>,
    /// What comes after all else: whether it was done can't be seen, and nothing waits for it.
    pub(super) last: Vec<ChangeStep>,
    pub(super) tally: Tally,
    /// Organizations that were made so far, by name: the step.
    pub(super) made: BTreeMap<String, String>,
    /// Who is made a member so far: organization and user.
    pub(super) joined: HashSet<(String, UserId)>,
    /// Whose membership ends: organization and user.
    pub(super) parted: HashSet<(String, UserId)>,
    /// Whose roles change: organization and user.
    pub(super) reroled: HashSet<(String, UserId)>,
    /// How many connections organizations are given so far.
    pub(super) connected: HashMap<String, usize>,
    /// Whose block is lifted so far.
    pub(super) unblocked: HashSet<UserId>,
    /// Whose refresh tokens are ended so far.
    pub(super) refreshed: HashSet<UserId>,
    touched: HashMap<String, usize>,
    wanted: usize,
    count: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(order: &'a Order, reads: &'a Reads, frame: &'a Frame) -> Self {
        Self {
            order,
            reads,
            frame,
            faults: Vec::new(),
            steps: Vec::new(),
            last: Vec::new(),
            tally: Tally::default(),
            made: BTreeMap::new(),
            joined: HashSet::new(),
            parted: HashSet::new(),
            reroled: HashSet::new(),
            connected: HashMap::new(),
            unblocked: HashSet::new(),
            refreshed: HashSet::new(),
            touched: HashMap::new(),
            wanted: 0,
            count: 0,
        }
    }

    /// From here on the steps are for that wanted change.
    pub(super) const fn turn_to(&mut self, wanted: usize) {
        self.wanted = wanted;
        self.count = 0;
    }

    /// Whether more would be of no use.
    pub(super) fn is_full(&self) -> bool {
        self.faults.len() >= MAX_FAULTS || self.steps.len() + self.last.len() > MAX_STEPS
    }

    /// Something is wrong with the wanted change.
    pub(super) fn fault(&mut self, place: &str, code: FaultCode, right: &str) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault {
                wanted: Some(self.wanted),
                place: place.to_owned(),
                code,
                right: right.to_owned(),
            });
        }
    }

    /// What the wanted change rests on.
    pub(super) fn evidence(&self) -> &'a [Evidence] {
        self.order.wanted.get(self.wanted).map_or(&[], |wanted| wanted.evidence.as_slice())
    }

    /// What came of a read; `None` is told as a fault.
    pub(super) fn found<T>(&mut self, request: &Request<T>, place: &str) -> Option<&'a Found> {
        let found = self.reads.get(request.any());
        if found.is_none() {
            let name = request.any().operation().name;
            self.fault(place, FaultCode::Unread, &format!("`{name}` has to be read before"));
        }
        found
    }

    /// What was read; absence and refusal are told as faults.
    pub(super) fn document<T>(&mut self, request: &Request<T>, place: &str) -> Option<&'a Value> {
        match self.found(request, place)? {
            Found::Document(value) => Some(value),
            Found::Absent => {
                self.fault(place, FaultCode::Absent, "it has to be one that is at the tenant");
                None
            }
            Found::Denied => {
                let name = request.any().operation().name;
                self.fault(place, FaultCode::Denied, &format!("the tenant has to let `{name}` be read"));
                None
            }
        }
    }

    /// The items of a list that was read; what is no list is told as a fault.
    pub(super) fn list<T>(&mut self, request: &Request<T>, place: &str) -> Option<&'a [Value]> {
        let list = self.document(request, place)?.as_array();
        if list.is_none() {
            self.fault(place, FaultCode::Shape, "the tenant has to answer a list");
        }
        list.map(Vec::as_slice)
    }

    /// Claims a place of the tenant for the wanted change; another one that has it is told as a fault.
    pub(super) fn touch(&mut self, key: String, place: &str) -> bool {
        let wanted = self.wanted;
        match self.touched.get(&key) {
            None => {
                self.touched.insert(key, wanted);
                true
            }
            Some(other) => {
                let right = format!("only one may want it, and wanted change {other} does as well");
                self.fault(place, FaultCode::Twice, &right);
                false
            }
        }
    }

    /// Remembers something of a place of the tenant.
    pub(super) fn mark(&mut self, key: String) {
        self.touched.insert(key, self.wanted);
    }

    /// Whether a place of the tenant was claimed, or something is remembered of it.
    pub(super) fn is_touched(&self, key: &str) -> bool {
        self.touched.contains_key(key)
    }

    /// The organization of the wanted change.
    pub(super) fn place(&mut self, organization: &Organization) -> Option<Place> {
        let key = organization.as_str().to_owned();
        match organization {
            Organization::Id(id) => {
                Some(Place { id: id.clone(), part: Part::text(id.as_str()), is_made: false, key })
            }
            Organization::Made(name) => {
                let Some(step) = self.made.get(name.as_str()) else {
                    let right = "an organization that is made by the order is made before it is used";
                    self.fault("organization", FaultCode::Order, right);
                    return None;
                };
                let part = Part::answer(step, "id");
                // Why: it never reaches a request; the answer takes its place.
                let id = "org_made".parse().ok()?;
                Some(Place { id, part, is_made: true, key: format!("made {key}") })
            }
        }
    }

    /// Whether a text is one that may be kept and shown.
    pub(super) fn text(&mut self, place: &str, text: &str, most: usize) -> bool {
        let count = text.chars().count();
        if count == 0 || count > most || text.trim().is_empty() {
            self.fault(place, FaultCode::Length, &format!("a text has 1 to {most} characters"));
            return false;
        }
        if is_hostile(text) {
            let right = "a text has no control characters, and none that hide or turn others";
            self.fault(place, FaultCode::Characters, right);
            return false;
        }
        true
    }

    /// The next step of the wanted change. Returns its name.
    pub(super) fn push(&mut self, kind: Kind, scope: Scope, write: Write, back: Back) -> String {
        let step = self.step(kind, scope, write, back);
        let name = step.name.clone();
        self.steps.push(step);
        name
    }

    /// A step of the wanted change.
    pub(super) fn step(&mut self, kind: Kind, scope: Scope, write: Write, back: Back) -> ChangeStep {
        self.count += 1;
        let name = format!("{}.{}.{kind}", self.wanted + 1, self.count);
        ChangeStep { name, kind, wanted: self.wanted, scope, write, back }
    }
}
