//! What holds of any tenant and any goal.

use countersign_core::Trigger;
use countersign_plan::{
    Phase,
    install::{self, Autonomy, Capability, Goal, Place, TRIGGERS},
};
use proptest::prelude::*;

use crate::support::{DOMAIN, Run, add_foreign, code, everything, state};

#[derive(Debug, Clone)]
struct Case {
    /// Foreign Actions, by trigger.
    foreign: Vec<usize>,
    /// Where a pasted Action of ours is bound already.
    pasted: Option<usize>,
    /// Which parts are wanted, a bit each.
    parts: u16,
    places: Vec<bool>,
    autonomy: Vec<u8>,
}

prop_compose! {
    fn cases()(
        foreign in prop::collection::vec(0_usize..6, 0..8),
        pasted in prop::option::of(0_usize..6),
        parts in any::<u16>(),
        places in prop::collection::vec(any::<bool>(), 6),
        autonomy in prop::collection::vec(0_u8..3, 12),
    ) -> Case {
        Case { foreign, pasted, parts, places, autonomy }
    }
}

fn autonomy(of: u8) -> Autonomy {
    Autonomy::ALL[usize::from(of)]
}

impl Case {
    fn goal(&self, version: u8) -> Goal {
        let has = |bit: u32| self.parts & (1 << bit) != 0;
        let mut goal = everything(version);
        for (index, trigger) in TRIGGERS.iter().enumerate() {
            if !has(u32::try_from(index).unwrap()) {
                goal.actions.remove(trigger);
            } else if self.places[index] {
                goal.actions.get_mut(trigger).unwrap().place = Place::Last;
            }
        }
        goal.log_stream = goal.log_stream.filter(|_| has(6));
        goal.event_stream = goal.event_stream.filter(|_| has(7));
        goal.api = goal.api.filter(|_| has(8));
        goal.client = goal.client.filter(|_| has(9));
        let pasted = self.pasted.map(|trigger| TRIGGERS[trigger]);
        goal.adopt = pasted
            .filter(|trigger| goal.actions.contains_key(trigger))
            .map(|_| "foreign-pasted".to_owned())
            .into_iter()
            .collect();
        for (capability, of) in goal.capabilities.values_mut().zip(&self.autonomy) {
            *capability = autonomy(*of);
        }
        goal
    }

    fn run(&self) -> Run {
        let mut run = Run::default();
        for (index, trigger) in self.foreign.iter().enumerate() {
            add_foreign(&mut run.world, TRIGGERS[*trigger], &format!("foreign {index}"), "exports.x = 1");
        }
        if let Some(trigger) = self.pasted {
            add_foreign(&mut run.world, TRIGGERS[trigger], "pasted", &code(TRIGGERS[trigger], 0));
        }
        run
    }
}

fn foreign(run: &Run, trigger: Trigger) -> Vec<String> {
    let order = run.world.bindings.get(trigger.as_str()).into_iter().flatten();
    order
        .filter(|(id, _)| id.starts_with("foreign-foreign"))
        .map(|(id, name)| format!("{id} {name}"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_plan_on_the_result_of_a_plan_is_empty(case in cases()) {
        let (mut run, goal) = (case.run(), case.goal(1));
        run.apply(&install::plan(&goal, &run.observe()));
        let again = install::plan(&goal, &run.observe());
        prop_assert_eq!(&again.steps, &[]);
        prop_assert_eq!(again.id(), install::plan(&goal, &run.observe()).id());
    }

    #[test]
    fn removing_leaves_what_was_there_before(case in cases()) {
        let case = Case { pasted: None, ..case };
        let (mut run, goal) = (case.run(), case.goal(1));
        let before = state(&run.world);
        run.apply(&install::plan(&goal, &run.observe()));
        run.apply(&install::remove(&goal.tenant, DOMAIN, &run.observe()));
        prop_assert_eq!(state(&run.world), before);
        prop_assert_eq!(install::remove(&goal.tenant, DOMAIN, &run.observe()).steps, []);
    }

    #[test]
    fn rolling_back_an_installation_leaves_what_was_there_before(case in cases()) {
        let case = Case { pasted: None, ..case };
        let (mut run, goal) = (case.run(), case.goal(1));
        let before = state(&run.world);
        let plan = install::plan(&goal, &run.observe());
        run.apply(&plan);
        run.roll_back(&plan);
        prop_assert_eq!(state(&run.world), before);
    }

    #[test]
    fn foreign_bindings_never_change_their_order_or_vanish(case in cases()) {
        let mut run = case.run();
        let before = TRIGGERS.map(|trigger| foreign(&run, trigger));
        run.apply(&install::plan(&case.goal(1), &run.observe()));
        prop_assert_eq!(&TRIGGERS.map(|trigger| foreign(&run, trigger)), &before);
        run.apply(&install::plan(&case.goal(2), &run.observe()));
        prop_assert_eq!(&TRIGGERS.map(|trigger| foreign(&run, trigger)), &before);
        run.apply(&install::remove(&case.goal(1).tenant, DOMAIN, &run.observe()));
        prop_assert_eq!(&TRIGGERS.map(|trigger| foreign(&run, trigger)), &before);
    }

    #[test]
    fn report_mode_needs_no_scope_that_writes_after_installation(case in cases()) {
        let mut goal = case.goal(1);
        for autonomy in goal.capabilities.values_mut() {
            *autonomy = Autonomy::Report;
        }
        let plan = install::plan(&goal, &case.run().observe());
        prop_assert!(plan.scopes(Phase::Serve).iter().all(|scope| install::is_read(scope)));
    }

    #[test]
    fn a_plan_needs_no_operation_beyond_its_scopes(case in cases(), wanted in any::<u16>()) {
        let mut run = case.run();
        let adopt = case.pasted.map(|_| "foreign-pasted".to_owned()).into_iter().collect();
        run.apply(&install::plan(&Goal { adopt, ..everything(1) }, &run.observe()));
        let mut goal = case.goal(2);
        let mut bits = (0..16).map(|bit| wanted & (1 << bit) != 0);
        goal.capabilities.retain(|_, _| bits.next().unwrap_or_default());
        for plan in [install::plan(&goal, &run.observe()), install::remove(&goal.tenant, DOMAIN, &run.observe())] {
            let scopes: Vec<&str> = plan.scopes(Phase::Install);
            for step in &plan.steps {
                for request in [&step.act.request, &step.act.before.read, &step.act.after.read] {
                    let operation = request.operation().unwrap();
                    prop_assert!(
                        operation.scopes.iter().any(|scope| scopes.contains(scope)),
                        "{} needs one of {:?}", operation.name, operation.scopes
                    );
                }
            }
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_went(case in cases()) {
        let plan = install::plan(&case.goal(1), &case.run().observe());
        let back: countersign_plan::Plan = serde_json::from_slice(&plan.canonical()).unwrap();
        prop_assert_eq!(&back, &plan);
        prop_assert_eq!(back.id(), plan.id());
    }
}

#[test]
fn every_capability_can_be_wanted_at_every_autonomy() {
    for capability in Capability::ALL {
        for autonomy in Autonomy::ALL {
            assert!(!install::needs(*capability, *autonomy).is_empty() || *capability == Capability::Api);
        }
    }
}
