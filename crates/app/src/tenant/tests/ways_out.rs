//! From wherever a run stands there is a way to an installation, and one to nothing of ours.

use countersign_plan::Purpose;
use proptest::prelude::*;

use super::*;

const LOGIN: &str = "post-login";

/// What happens to a tenant.
#[derive(Debug, Clone)]
enum Event {
    /// An installation of this version, cut off after so many calls.
    Apply(u8, u32),
    /// An installation without the Action of the sign-in.
    Drop(u32),
    /// Taking everything out, cut off after so many calls.
    Remove(u32),
    /// Going back, cut off after so many calls.
    RollBack(u32),
    /// Somebody binds an Action of their own.
    Bind(usize),
    /// Somebody unbinds one of theirs.
    Unbind(usize),
    /// Somebody unbinds ours.
    UnbindOurs,
    /// Somebody deletes ours, where it is not bound.
    DeleteOurs,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (1_u8..3, 1_u32..150).prop_map(|(version, fuse)| Event::Apply(version, fuse)),
        (1_u32..150).prop_map(Event::Drop),
        (1_u32..150).prop_map(Event::Remove),
        (1_u32..150).prop_map(Event::RollBack),
        (0_usize..4).prop_map(Event::Bind),
        (0_usize..4).prop_map(Event::Unbind),
        Just(Event::UnbindOurs),
        Just(Event::DeleteOurs),
    ];
    prop::collection::vec(event, 1..9)
}

/// A tenant, its journal, and which foreign Actions are bound to the sign-in.
struct Case {
    fake: Fake,
    journal: Journal,
    foreign: Vec<String>,
    made: usize,
}

impl Case {
    fn new() -> Self {
        Self { fake: with_foreign(), journal: journal(), foreign: vec!["foreign".to_owned()], made: 0 }
    }

    /// The same again, for another way on.
    fn fork(&self) -> Self {
        let fake = Fake::default();
        *fake.world.lock() = self.fake.world.lock().clone();
        Self { fake, journal: self.journal.clone(), foreign: self.foreign.clone(), made: self.made }
    }

    async fn plan(&self, goal: &Goal) -> Plan {
        install::plan(goal, &self.observe(self.journal.fingerprints.clone()).await)
    }

    async fn removal(&self) -> Plan {
        install::remove(&self.journal.tenant, "acme.eu.auth0.com", &self.observe(BTreeMap::new()).await)
    }

    async fn observe(&self, fingerprints: BTreeMap<String, String>) -> install::Observed {
        let observed = observe(&self.fake, Parts::ALL, fingerprints).await.unwrap();
        let owned = self.journal.installed().unwrap_or_default().owned;
        install::Observed { owned, ..observed }
    }

    /// Takes up what was cut off, where it is for this; then carries a plan out. What comes of it is for later.
    async fn begin(&mut self, plan: Plan, fuse: u32) {
        self.burns(fuse);
        let may = match self.journal.unfinished() {
            None => true,
            Some(run) if run.state == State::Applying && run.plan.purpose == plan.purpose => {
                let secrets = secrets();
                installer(&self.fake, &secrets).resume(&mut self.journal).await.is_ok()
            }
            Some(_) => false,
        };
        // Why not the plan that was made before: what was taken up changed the tenant.
        if may && self.journal.newest().is_none_or(|run| run.plan != plan) {
            let _cut_off = apply(&self.fake, &mut self.journal, plan).await;
        }
        self.restart();
    }

    async fn roll_back(&mut self, fuse: u32) {
        self.burns(fuse);
        let secrets = secrets();
        let _cut_off = installer(&self.fake, &secrets).roll_back(&mut self.journal).await;
        self.restart();
    }

    fn burns(&self, fuse: u32) {
        *self.fake.kept.lock() = Some(self.journal.clone());
        *self.fake.fuse.lock() = Some(fuse);
    }

    /// Another process goes by what was kept.
    fn restart(&mut self) {
        self.journal = self.fake.restart();
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Apply(version, fuse) => {
                let plan = self.plan(&goal(version)).await;
                self.begin(plan, fuse).await;
            }
            Event::Drop(fuse) => {
                let mut fewer = goal(1);
                fewer.actions.remove(&Trigger::PostLogin);
                let plan = self.plan(&fewer).await;
                self.begin(plan, fuse).await;
            }
            Event::Remove(fuse) => {
                let plan = self.removal().await;
                self.begin(plan, fuse).await;
            }
            Event::RollBack(fuse) => self.roll_back(fuse).await,
            Event::Bind(at) => self.bind(at),
            Event::Unbind(at) => {
                if !self.foreign.is_empty() {
                    let gone = self.foreign.remove(at % self.foreign.len());
                    self.order(|order| order.retain(|(id, _)| *id != gone));
                }
            }
            Event::UnbindOurs => self.order(|order| order.retain(|(id, _)| is_foreign(id))),
            Event::DeleteOurs => {
                let mut world = self.fake.world.lock();
                let bound: Vec<String> =
                    world.bindings.values().flatten().map(|(id, _)| id.clone()).collect();
                let actions = world.collections.get_mut("actions").unwrap();
                actions.retain(|action| {
                    let id = action["id"].as_str().unwrap();
                    is_foreign(id) || bound.iter().any(|bound| bound == id)
                });
            }
        }
    }

    fn bind(&mut self, at: usize) {
        self.made += 1;
        let id = format!("foreign-{}", self.made);
        let mut world = self.fake.world.lock();
        let mut action = world.find("actions", "foreign").unwrap().clone();
        (action["id"], action["name"]) = (json!(id), json!(id));
        world.collections.get_mut("actions").unwrap().push(action);
        drop(world);
        let mut names = Vec::new();
        self.order(|order| {
            order.insert(at.min(order.len()), (id.clone(), id.clone()));
            names = order.iter().map(|(id, _)| id.clone()).filter(|id| is_foreign(id)).collect();
        });
        self.foreign = names;
    }

    fn order(&self, change: impl FnOnce(&mut Vec<(String, String)>)) {
        let mut world = self.fake.world.lock();
        change(world.bindings.entry(LOGIN.to_owned()).or_default());
        world.bindings.retain(|_, order| !order.is_empty());
    }

    /// The foreign Actions that are bound, in order.
    fn bound(&self) -> Vec<String> {
        let world = self.fake.world.lock();
        let order = world.bindings.get(LOGIN).into_iter().flatten();
        order.map(|(id, _)| id.clone()).filter(|id| is_foreign(id)).collect()
    }

    /// Leads out of a run that was cut off, by the commands that `status` names, in their order.
    async fn lead_out(&mut self, purpose: Purpose) {
        let secrets = secrets();
        let installer = installer(&self.fake, &secrets);
        let Some(run) = self.journal.unfinished() else { return };
        let fits = run.state == State::Applying && run.plan.purpose == purpose;
        if fits && installer.resume(&mut self.journal).await.is_ok() {
            return;
        }
        if installer.roll_back(&mut self.journal).await.is_err() {
            self.journal.abandon().unwrap();
        }
        assert_eq!(self.journal.unfinished(), None);
    }

    async fn ends_installed(mut self) {
        self.lead_out(Purpose::Install).await;
        let plan = self.plan(&goal(2)).await;
        apply(&self.fake, &mut self.journal, plan).await.unwrap();
        assert_eq!(self.plan(&goal(2)).await.steps, []);
        assert_eq!(self.bound(), self.foreign);
        let first = self.fake.world.lock().bindings[LOGIN][0].0.clone();
        assert!(!is_foreign(&first), "ours stands first");
    }

    async fn ends_removed(mut self) {
        self.lead_out(Purpose::Remove).await;
        let plan = self.removal().await;
        apply(&self.fake, &mut self.journal, plan).await.unwrap();
        assert_eq!(self.bound(), self.foreign);
        let world = self.fake.world.lock();
        assert!(world.collections["actions"].iter().all(|action| is_foreign(action["id"].as_str().unwrap())));
        let kinds: Vec<&str> = world.collections.keys().map(String::as_str).collect();
        assert_eq!(kinds.into_iter().filter(|kind| *kind != "versions").collect::<Vec<_>>(), ["actions"]);
    }
}

fn is_foreign(id: &str) -> bool {
    id.starts_with("foreign")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_state_has_a_way_to_an_installation_and_one_to_nothing_of_ours(events in events()) {
        block_on(async {
            let mut case = Case::new();
            for event in events {
                case.happens(event).await;
                assert_eq!(case.bound(), case.foreign, "others keep their order");
            }
            case.fork().ends_installed().await;
            case.ends_removed().await;
        });
    }
}

/// An installation that was taken out again.
async fn taken_out() -> Case {
    let mut case = Case::new();
    let plan = case.plan(&goal(1)).await;
    apply(&case.fake, &mut case.journal, plan).await.unwrap();
    let plan = case.removal().await;
    apply(&case.fake, &mut case.journal, plan).await.unwrap();
    case
}

#[tokio::test]
async fn a_removal_that_is_rolled_back_says_before_what_stays_and_ends() {
    let mut case = taken_out().await;
    let before = state(&case.fake);
    let stays = case.journal.newest().unwrap().stays();
    let secrets = secrets();
    let mut left = installer(&case.fake, &secrets).roll_back(&mut case.journal).await.unwrap();
    assert_eq!(case.journal.newest().unwrap().state, State::RolledBack);
    left.reverse();
    assert_eq!(left, stays, "nothing of it can be undone, as was said before");
    let order = left.iter().find(|left| left.step == "bindings.post-login").unwrap();
    assert!(order.why.contains("`action.post-login.delete`"), "{}", order.why);
    assert_eq!(state(&case.fake), before);
    case.fork().ends_installed().await;
    case.ends_removed().await;
}

#[tokio::test]
async fn a_roll_back_keeps_what_others_bound_meanwhile() {
    let mut case = Case::new();
    let plan = case.plan(&goal(1)).await;
    apply(&case.fake, &mut case.journal, plan).await.unwrap();
    case.bind(0);
    case.bind(9);
    let secrets = secrets();
    assert_eq!(installer(&case.fake, &secrets).roll_back(&mut case.journal).await.unwrap(), []);
    assert_eq!(case.bound(), ["foreign-1", "foreign", "foreign-2"]);
    assert_eq!(case.fake.world.lock().bindings[LOGIN].len(), 3);
}

#[tokio::test]
async fn what_was_made_is_undone_though_it_does_not_look_as_it_was_made() {
    let mut case = Case::new();
    let plan = case.plan(&goal(1)).await;
    // The id is kept, and what is looked for afterwards is not there.
    let create = "action.post-login.create";
    for fuse in 1.. {
        let mut cut = case.fork();
        cut.begin(plan.clone(), fuse).await;
        let Some(run) = cut.journal.newest() else { continue };
        let known = run.answers.contains_key(create);
        if !known || run.entry(create).done != Some(Mark::Intent) {
            assert!(run.state == State::Applying, "the answer is kept before the look");
            continue;
        }
        let mut world = cut.fake.world.lock();
        for action in world.collections.get_mut("actions").unwrap() {
            if action["name"] == "Countersign post-login" {
                action["code"] = json!("changed by hand");
            }
        }
        drop(world);
        case = cut;
        break;
    }
    let secrets = secrets();
    assert!(matches!(
        installer(&case.fake, &secrets).resume(&mut case.journal.clone()).await,
        Err(Error::NotSeen { step, .. }) if step == create
    ));
    let made = creates(&case.fake).iter().filter(|write| *write == "actions.create").count();
    assert_eq!(made, 1, "it is not made again");
    assert_eq!(installer(&case.fake, &secrets).roll_back(&mut case.journal).await.unwrap(), []);
    assert_eq!(state(&case.fake), state(&with_foreign()));
}

#[tokio::test]
async fn an_abandoned_run_names_what_may_be_there_and_lets_others_begin() {
    let mut case = Case::new();
    let plan = case.plan(&goal(1)).await;
    case.begin(plan.clone(), 20).await;
    let done: Vec<String> = case.journal.newest().unwrap().done().map(|step| step.name.clone()).collect();
    let left = case.journal.abandon().unwrap();
    assert!(!done.is_empty());
    for step in done {
        assert!(left.iter().any(|left| left.step == step), "{step}");
    }
    assert_eq!((case.journal.abandon(), case.journal.newest().unwrap().state), (None, State::Abandoned));
    let secrets = secrets();
    assert_eq!(
        installer(&case.fake, &secrets).roll_back(&mut case.journal).await,
        Err(Error::Nothing),
        "nothing goes on with it"
    );
    case.fork().ends_installed().await;
    case.ends_removed().await;
}
