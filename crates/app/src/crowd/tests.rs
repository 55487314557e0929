//! What a crowd that is being built counts of what happens meanwhile.

use countersign_core::{Channel, Timestamp};
use countersign_risk::Shares;

use super::*;

/// The leaf of the decision that outcomes are told of.
const LEAF: u64 = 7;

fn features() -> Features {
    let mut features = Features::new(Timestamp::from_seconds(1_787_212_800), Channel::Interactive);
    features.is_login = true;
    features.country = Some("DE".into());
    features.network = Some("as64500".into());
    features.block = Some("203.0.113.0/24".into());
    features
}

/// A decision whose weight and standing become others.
fn lesson(leaf: u64, from: (u32, Standing), to: (u32, Standing)) -> Lesson {
    let counted = |(granted, standing)| Counted { standing, granted };
    let weights = |told| Weights::of(counted(told), counted(told));
    let (from, to) = (weights(from), weights(to));
    let who = if leaf == LEAF { "anna" } else { "carl" };
    Lesson { leaf, features: features(), member: Member::new(Some("org_a"), who), from, to }
}

/// As a record is counted whose row says this.
fn count(crowds: &Crowds, leaf: u64, row: (u32, Standing)) {
    let lesson = lesson(leaf, (0, Standing::Open), row);
    let mut state = crowds.state.lock();
    let building = state.building.as_mut().unwrap();
    if !building.counted.contains_key(&leaf) {
        building.set(&lesson);
    }
}

fn read(crowds: &Crowds) -> Shares {
    crowds.read(&features(), Member::new(Some("org_a"), "ben"))
}

/// A crowd that learned these outcomes, one after the other, and nothing else.
fn learned(lessons: &[Lesson]) -> Shares {
    let crowds = Crowds::default();
    crowds.teach(lessons);
    read(&crowds)
}

const OPEN: (u32, Standing) = (0, Standing::Open);
const DONE: (u32, Standing) = (1_000, Standing::Completed);
const THEFT: (u32, Standing) = (0, Standing::Fraudulent);

#[tokio::test]
async fn what_is_being_built_while_it_is_emptied_is_not_put_in_force() {
    let crowds = Crowds::default();
    crowds.begin();
    assert!(crowds.is_building());
    crowds.empty();
    assert!(!crowds.is_building() && !crowds.end().await);
    crowds.begin();
    assert!(crowds.end().await, "the next one is");
}

#[tokio::test]
async fn an_outcome_that_comes_while_a_crowd_is_built_counts_once_whichever_is_read_first() {
    for (before, after) in [(OPEN, DONE), (DONE, THEFT), (OPEN, THEFT)] {
        let expected =
            learned(&[lesson(1, OPEN, DONE), lesson(LEAF, OPEN, before), lesson(LEAF, before, after)]);
        // What the record says when it is read, and whether that is after the outcome was learned.
        for (row, is_late) in [(before, false), (after, false), (before, true), (after, true)] {
            let crowds = Crowds::default();
            crowds.teach(&[lesson(1, OPEN, DONE), lesson(LEAF, OPEN, before)]);
            crowds.begin();
            count(&crowds, 1, DONE);
            if is_late {
                crowds.teach(&[lesson(LEAF, before, after)]);
                count(&crowds, LEAF, row);
            } else {
                count(&crowds, LEAF, row);
                crowds.teach(&[lesson(LEAF, before, after)]);
            }
            assert_eq!(read(&crowds), expected, "the one in force: {before:?} {after:?} {row:?} {is_late}");
            assert!(crowds.end().await);
            assert_eq!(read(&crowds), expected, "the one built: {before:?} {after:?} {row:?} {is_late}");
        }
    }
}

#[tokio::test]
async fn a_crowd_is_not_put_in_force_between_an_outcome_s_commit_and_its_learning() {
    let crowds = Crowds::default();
    crowds.begin();
    let committing = crowds.learning().await;
    // It is on disk, is read from there, and is learned a moment later.
    count(&crowds, LEAF, DONE);
    let mut ended = std::pin::pin!(crowds.end());
    let waits = tokio::time::timeout(std::time::Duration::from_millis(20), ended.as_mut()).await;
    assert!(waits.is_err(), "it waits");
    crowds.teach(&[lesson(LEAF, OPEN, DONE)]);
    drop(committing);
    assert!(ended.await);
    assert_eq!(read(&crowds), learned(&[lesson(LEAF, OPEN, DONE)]));
}
