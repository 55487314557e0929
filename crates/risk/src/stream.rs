//! A stream of events decided one after the other, in memory: what a service does with its database, for benches and for
//! fitting a model.
//!
//! Everything that decides is the service's own: [`Extract`], [`Velocity`], [`Crowd`], [`Profile`], [`learning::weight`]
//! and [`assess_with`]. Here is only what a service has around it: who has which profile, and which sign-in an outcome is about.

use std::collections::{HashMap, VecDeque};

use countersign_auth0::{log::LogEvent, trigger::post_login::PostLogin};
use countersign_core::{Score, Timestamp};

use crate::{
    Assessment, Context, Evidence, Extract, Features, Model, NetworkKind, Profile, ReadyModel, Reference,
    RoadName, Sightings, Velocity, assess_with,
    crowd::{Crowd, Member},
    evidence,
    learning::{self, Earlier, Event, FULL_MILLI, Intervention, Situation},
    road_of,
};

/// After this time without a complaint a sign-in counts as silent, in microseconds; as the service has it.
const SILENCE_MICROS: i64 = 86_400 * 1_000_000;

/// The decision of one sign-in.
pub struct Scored {
    /// What is thought of it.
    pub assessment: Assessment,
    /// What it rests on.
    pub evidence: Evidence,
    /// By which road it came.
    pub road: RoadName,
}

/// The state of one tenant while its events go by.
pub struct Stream<'a> {
    model: ReadyModel,
    reference: Reference,
    kind_of: &'a dyn Fn(u32) -> Option<NetworkKind>,
    trusted_below: Score,
    velocity: Velocity,
    crowd: Crowd,
    people: HashMap<String, Profile>,
    decided: HashMap<String, Decided>,
    /// The latest sign-in of each person.
    latest: HashMap<String, String>,
    open: VecDeque<(Timestamp, String)>,
}

/// A sign-in that outcomes may still be about.
struct Decided {
    user: String,
    features: Features,
    member: Member,
    key: u64,
    is_trusted: bool,
    earlier: Earlier,
    granted: u32,
    blamed: u32,
}

impl<'a> Stream<'a> {
    /// A tenant without a past. Sign-ins that score below `trusted_below` teach fully once they complete.
    #[must_use]
    pub fn new(model: &Model, trusted_below: Score, kind_of: &'a dyn Fn(u32) -> Option<NetworkKind>) -> Self {
        Self {
            model: model.clone().into(),
            reference: Reference::default(),
            kind_of,
            trusted_below,
            velocity: Velocity::default(),
            crowd: Crowd::default(),
            people: HashMap::new(),
            decided: HashMap::new(),
            latest: HashMap::new(),
            open: VecDeque::new(),
        }
    }

    /// Whether a sign-in of this id was decided.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.decided.contains_key(id)
    }

    /// Decides a sign-in, which then completes. An id names one sign-in only: see [`Self::knows`].
    pub fn login(&mut self, id: &str, event: &PostLogin, at: Timestamp) -> Scored {
        self.pass(at);
        let user = event.user.user_id.as_str();
        let organization = event.organization.as_option().and_then(|it| it.id.as_option());
        let member = Member::new(organization.map(countersign_core::OrganizationId::as_str), user);
        let profile = self.people.entry(user.to_owned()).or_default();
        let sightings = event.sightings();
        let context = Context {
            readings: self.velocity.read(&sightings, at),
            is_new: profile.last_seen().is_none(),
            kind_of: self.kind_of,
            ..Context::new(&self.reference)
        };
        let mut features = event.extract(at, &context);
        features.shares = Some(self.crowd.read(&features, member));
        let assessment = assess_with(&features, Some(profile), &self.model, None);
        let evidence = evidence(&features, Some(profile));
        let road = road_of(&features);
        self.velocity.note(&sightings, at);
        let ja4 = event.security_context.as_option().and_then(|it| it.ja4.as_option());
        let success = Sightings::success(&event.request.ip, user, ja4.map(String::as_str), None);
        self.velocity.note(&success, at);
        let decided = Decided {
            user: user.to_owned(),
            features,
            member,
            key: u64::try_from(self.decided.len()).unwrap_or(u64::MAX),
            is_trusted: assessment.score < self.trusted_below,
            earlier: Earlier::Nothing,
            granted: 0,
            blamed: 0,
        };
        self.decided.insert(id.to_owned(), decided);
        self.latest.insert(user.to_owned(), id.to_owned());
        self.open.push_back((at, id.to_owned()));
        self.teach(id, Event::Completed);
        Scored { assessment, evidence, road }
    }

    /// Takes an entry of the tenant's log: failed sign-ins, and what became of challenges.
    ///
    /// Such an entry names no sign-in: it is taken for the person's latest. A factor that was passed counts as one that existed
    /// before, since what was enrolled is not told.
    pub fn log(&mut self, entry: &LogEvent<'_>, at: Timestamp) {
        self.pass(at);
        let fields = &entry.fields;
        let user = fields.user_id.as_deref().unwrap_or_default();
        match &*entry.kind {
            "fp" | "fu" => {
                let name = fields.user_name.as_deref().unwrap_or_default();
                let account = if user.is_empty() { name } else { user };
                let (ip, ja4) =
                    (fields.ip.as_deref().unwrap_or_default(), fields.security_context.ja4.as_deref());
                self.velocity.note(&Sightings::failure(ip, account, ja4, None), entry.date);
                if !user.is_empty() {
                    self.people.entry(user.to_owned()).or_default().failure(entry.date);
                }
            }
            "gd_auth_failed" => self.teach_latest(user, Event::ChallengeFailed),
            "gd_auth_succeed" => {
                self.teach_latest(user, Event::ChallengePassed { factor_existed_before: true });
            }
            _ => {}
        }
    }

    /// Takes a person's word on a sign-in; of one that is not known it changes nothing.
    pub fn verdict(&mut self, id: &str, is_fraudulent: bool, at: Timestamp) {
        self.pass(at);
        if let (true, Some(decided)) = (is_fraudulent, self.decided.get(id))
            && let Some(block) = &decided.features.block
        {
            self.velocity.note(&Sightings::fraud(block, &decided.user), at);
        }
        self.teach(id, if is_fraudulent { Event::Fraudulent } else { Event::Legitimate });
    }

    /// Bytes of each person's profile.
    pub fn profile_bytes(&self) -> impl Iterator<Item = usize> + '_ {
        self.people.values().map(|profile| profile.encode().len())
    }

    /// Counts the silence of sign-ins that are old enough.
    fn pass(&mut self, now: Timestamp) {
        while self.open.front().is_some_and(|(at, _)| now.since(*at) >= SILENCE_MICROS) {
            if let Some((_, id)) = self.open.pop_front() {
                self.teach(&id, Event::Silence);
            }
        }
    }

    fn teach_latest(&mut self, user: &str, event: Event) {
        if let Some(id) = self.latest.get(user).cloned() {
            self.teach(&id, event);
        }
    }

    fn teach(&mut self, id: &str, event: Event) {
        let Some(decided) = self.decided.get_mut(id) else { return };
        let Some(profile) = self.people.get_mut(&decided.user) else { return };
        let features = &decided.features;
        let granted = learning::weight(&Situation {
            below_threshold: decided.is_trusted,
            intervention: Intervention::None,
            event,
            earlier: decided.earlier,
            granted_milli: decided.granted,
            provisional_milli: profile.provisional_milli(features.at),
        });
        let blamed = match event {
            Event::Fraudulent => FULL_MILLI,
            Event::ChallengeFailed if decided.earlier != Earlier::Verdict => FULL_MILLI / 2,
            Event::Legitimate | Event::ChallengePassed { .. } if decided.earlier != Earlier::Verdict => 0,
            _ => decided.blamed,
        };
        profile.regrant(features, decided.key, decided.granted, granted);
        if granted != decided.granted {
            self.crowd.debit(features, decided.member, decided.granted);
            self.crowd.credit(features, decided.member, granted);
        }
        if blamed != decided.blamed {
            self.crowd.pardon(features, decided.blamed);
            self.crowd.blame(features, blamed);
        }
        decided.earlier = match event {
            Event::Fraudulent | Event::Legitimate => Earlier::Verdict,
            Event::ChallengeFailed if decided.earlier == Earlier::Nothing => Earlier::ChallengeFailed,
            Event::ChallengePassed { .. } if decided.earlier == Earlier::ChallengeFailed => Earlier::Nothing,
            _ => decided.earlier,
        };
        (decided.granted, decided.blamed) = (granted, blamed);
    }
}
