//! Runs sequences as the service does: read the counters, extract, assess, count, and let the outcome teach.

use std::collections::BTreeMap;

use countersign_auth0::trigger::{
    credentials_exchange::CredentialsExchange, custom_token_exchange::CustomTokenExchange,
    password_reset_post_challenge::PasswordResetPostChallenge, post_change_password::PostChangePassword,
    post_login::PostLogin, pre_user_registration::PreUserRegistration,
};
use countersign_core::{Score, Timestamp};
use countersign_risk::{
    Assessment, Context, Extract, Features, Model, Profile, Reference, ReferenceLists, Short, Sightings,
    Velocity, assess,
    learning::{self, Earlier, Event as Outcome, Intervention, Situation},
};

/// What a step is in truth; what only prepares is not measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Truth {
    Preparation,
    Honest,
    Attack,
}

/// What happens in one step.
pub(super) enum Happening {
    SignUp(Box<PreUserRegistration>),
    Login(Box<PostLogin>),
    Reset(Box<PasswordResetPostChallenge>),
    Change(Box<PostChangePassword>),
    Machine(Box<CredentialsExchange>),
    Exchange(Box<CustomTokenExchange>),
    /// A sign-in at the step's subject failed from this address.
    Failure(String),
    /// A person called a transaction from this block fraudulent.
    Fraud(Short),
    /// A person called the subject's latest transaction honest.
    Vouched,
}

/// One step of a sequence.
pub(super) struct Step {
    pub(super) at: Timestamp,
    /// Number of the sequence that it belongs to.
    pub(super) sequence: usize,
    pub(super) kind: &'static str,
    pub(super) truth: Truth,
    /// Whose profile it reads and teaches; empty for nobody's.
    pub(super) subject: String,
    pub(super) happening: Happening,
}

/// A measured step.
pub(super) struct Measured {
    pub(super) sequence: usize,
    pub(super) kind: &'static str,
    pub(super) truth: Truth,
    pub(super) is_change: bool,
    pub(super) assessment: Assessment,
}

/// Domains of the organizations that the world's tenants serve.
pub(super) const ORGANIZATIONS: &[&str] = &[
    "acme-corp.com",
    "northwind-traders.com",
    "brightwater.io",
    "kessler-und-partner.de",
    "meridian-bank.com",
];

struct World {
    reference: Reference,
    velocity: Velocity,
    profiles: BTreeMap<String, Profile>,
    latest: BTreeMap<String, (Features, u64, u32)>,
    model: Model,
    decisions: u64,
}

/// Runs the steps in the order of time; the tenant is one where free mail is unusual if `is_business`.
pub(super) fn run(mut steps: Vec<Step>, is_business: bool, model: &Model) -> Vec<Measured> {
    steps.sort_by_key(|step| step.at);
    let lists = ReferenceLists {
        organization_domains: ORGANIZATIONS.iter().map(|domain| (*domain).to_owned()).collect(),
        is_business,
        ..ReferenceLists::default()
    };
    let mut world = World {
        reference: Reference::new(&lists),
        velocity: Velocity::default(),
        profiles: BTreeMap::new(),
        latest: BTreeMap::new(),
        model: model.clone(),
        decisions: 0,
    };
    steps.iter().filter_map(|step| world.take(step)).collect()
}

impl World {
    fn take(&mut self, step: &Step) -> Option<Measured> {
        let assessment = match &step.happening {
            Happening::SignUp(event) => self.decide(step, event.as_ref(), false),
            Happening::Reset(event) => self.decide(step, event.as_ref(), false),
            Happening::Change(event) => self.decide(step, event.as_ref(), false),
            Happening::Login(event) => self.decide(step, event.as_ref(), true),
            Happening::Machine(event) => self.decide(step, event.as_ref(), true),
            Happening::Exchange(event) => self.decide(step, event.as_ref(), true),
            Happening::Failure(ip) => {
                self.velocity.note(&Sightings::failure(ip, &step.subject, None, None), step.at);
                self.profiles.entry(step.subject.clone()).or_default().failure(step.at);
                return None;
            }
            Happening::Fraud(block) => {
                self.velocity.note(&Sightings::fraud(block, &step.subject), step.at);
                return None;
            }
            Happening::Vouched => {
                let (features, key, granted) = self.latest.remove(&step.subject).unwrap();
                let profile = self.profiles.get_mut(&step.subject).unwrap();
                profile.regrant(&features, key, granted, learning::FULL_MILLI);
                return None;
            }
        };
        let is_change = matches!(step.happening, Happening::Change(_));
        (step.truth != Truth::Preparation).then_some(Measured {
            sequence: step.sequence,
            kind: step.kind,
            truth: step.truth,
            is_change,
            assessment,
        })
    }

    fn decide(&mut self, step: &Step, event: &impl Extract, teaches: bool) -> Assessment {
        let sightings = event.sightings();
        let readings = self.velocity.read(&sightings, step.at);
        let profile = self.profiles.get(&step.subject);
        let is_new = profile.is_none_or(|profile| profile.last_seen().is_none());
        let context = Context { readings, is_new, ..Context::new(&self.reference) };
        let features = event.extract(step.at, &context);
        let assessment = assess(&features, profile, &self.model);
        self.velocity.note(&sightings, step.at);
        if teaches {
            self.learn(step, features, assessment.score);
        }
        assessment
    }

    /// In audit mode everything completes, an attack too: nothing stands between it and the history but the rules of
    /// learning.
    fn learn(&mut self, step: &Step, features: Features, score: Score) {
        self.decisions += 1;
        let profile = self.profiles.entry(step.subject.clone()).or_default();
        let granted = learning::weight(&Situation {
            below_threshold: score < Score::from_percent(60),
            intervention: Intervention::None,
            event: Outcome::Completed,
            earlier: Earlier::Nothing,
            granted_milli: 0,
            provisional_milli: profile.provisional_milli(features.at),
        });
        profile.credit(&features, self.decisions, granted);
        self.latest.insert(step.subject.clone(), (features, self.decisions, granted));
    }
}
