use std::convert::Infallible;

use super::*;
use crate::{leaf::tests::sample, note::Signer, testing::MemoryLog};

/// A log as it lies in storage, to be tampered with.
#[derive(Clone)]
struct Stored {
    leaves: Vec<StoredLeaf>,
    checkpoints: Vec<StoredCheckpoint>,
    head: Frontier,
}

fn signer() -> Signer {
    Signer::from_seed("log.example/acme", &[5; 32]).unwrap()
}

fn signed(frontier: &Frontier) -> StoredCheckpoint {
    let (size, root) = (frontier.size(), frontier.root());
    let checkpoint = Checkpoint { origin: "log.example/acme".to_owned(), size, root };
    StoredCheckpoint { size, note: checkpoint.sign(&signer()).unwrap() }
}

/// A log of these leaves, with a checkpoint after each tenth.
fn stored(numbers: impl Iterator<Item = u64>) -> Stored {
    let mut log = MemoryLog::default();
    let mut checkpoints = vec![signed(log.frontier())];
    for number in numbers {
        log.push(&sample(number).encode().unwrap());
        if log.frontier().size().is_multiple_of(10) {
            checkpoints.push(signed(log.frontier()));
        }
    }
    let leaves = (0..).zip(log.entries()).map(|(index, (leaf, chain))| StoredLeaf {
        index,
        leaf: leaf.to_vec(),
        chain,
    });
    Stored { leaves: leaves.collect(), checkpoints, head: log.frontier().clone() }
}

impl Stored {
    fn audit_by(&self, auditor: Auditor) -> Result<Report, Fault> {
        let report = auditor.run(
            self.leaves.iter().cloned().map(Ok::<_, Infallible>),
            self.checkpoints.iter().cloned().map(Ok),
            &self.head,
        );
        report.map_err(|error| match error {
            AuditError::Fault(fault) => fault,
            AuditError::Source(never) => match never {},
        })
    }

    fn audit(&self) -> Result<Report, Fault> {
        self.audit_by(auditor())
    }

    fn fault(&self) -> Fault {
        self.audit().unwrap_err()
    }

    /// Numbers the leaves anew and computes chain and head over them, as one who owns the database can.
    fn rewrite(&mut self) {
        let (mut link, mut head) = (CHAIN_START, Frontier::default());
        for (index, leaf) in (0..).zip(&mut self.leaves) {
            let hash = leaf_hash(&leaf.leaf);
            link = chain(&link, &hash);
            (leaf.index, leaf.chain) = (index, link);
            head.push(hash, &mut |_| {});
        }
        self.head = head;
    }
}

fn auditor() -> Auditor {
    Auditor::new("acme".parse().unwrap(), vec![signer().verifier()])
}

fn log() -> Stored {
    stored(0..45)
}

#[test]
fn a_sound_log_passes() {
    let log = log();
    let report = Report { size: 45, root: log.head.root(), checkpoints_checked: 5, signed: 40 };
    assert_eq!(log.audit(), Ok(report));
    assert_eq!(stored(0..0).audit().map(|report| (report.size, report.checkpoints_checked)), Ok((0, 1)));
}

#[test]
fn a_flipped_bit_is_named() {
    for index in [0, 7, 44] {
        let mut log = log();
        log.leaves[index].leaf[30] ^= 1;
        assert_eq!(log.fault(), Fault::Altered { index: index as u64 });
        let mut log = self::log();
        let mut chain = *log.leaves[index].chain.as_bytes();
        chain[31] ^= 1;
        log.leaves[index].chain = Hash::new(chain);
        assert_eq!(log.fault(), Fault::Altered { index: index as u64 });
    }
}

#[test]
fn a_dropped_leaf_is_named() {
    let mut log = log();
    log.leaves.remove(7);
    assert_eq!(log.fault(), Fault::Missing { index: 7 });
}

#[test]
fn a_dropped_leaf_is_noticed_though_the_rest_was_renumbered() {
    let mut log = log();
    log.leaves.remove(7);
    (0..).zip(&mut log.leaves).for_each(|(index, leaf)| leaf.index = index);
    assert_eq!(log.fault(), Fault::Altered { index: 7 });
}

#[test]
fn a_leaf_inserted_in_the_middle_is_named() {
    let mut log = log();
    let link = chain(&log.leaves[6].chain, &leaf_hash(&sample(99).encode().unwrap()));
    log.leaves.insert(7, StoredLeaf { index: 7, leaf: sample(99).encode().unwrap(), chain: link });
    assert_eq!(log.fault(), Fault::Extra { index: 7 });
    // Renumbered and rightly chained, it shows in the leaf behind it.
    (0..).zip(&mut log.leaves).for_each(|(index, leaf)| leaf.index = index);
    assert_eq!(log.fault(), Fault::Altered { index: 8 });
}

#[test]
fn a_leaf_inserted_at_the_end_is_named() {
    let mut log = log();
    let link = chain(&log.leaves[44].chain, &leaf_hash(&sample(99).encode().unwrap()));
    log.leaves.push(StoredLeaf { index: 45, leaf: sample(99).encode().unwrap(), chain: link });
    assert_eq!(log.fault(), Fault::Extra { index: 45 });
}

#[test]
fn reordered_leaves_are_noticed() {
    let mut log = log();
    log.leaves.swap(7, 8);
    assert_eq!(log.fault(), Fault::Missing { index: 7 });
    (0..).zip(&mut log.leaves).for_each(|(index, leaf)| leaf.index = index);
    assert_eq!(log.fault(), Fault::Altered { index: 7 });
}

#[test]
fn a_truncated_log_is_noticed() {
    let mut log = log();
    log.leaves.truncate(42);
    assert_eq!(log.fault(), Fault::Missing { index: 42 });
    log.leaves.truncate(35);
    assert_eq!(log.fault(), Fault::Truncated { size: 35, signed: 40 });
    log.rewrite();
    assert_eq!(log.fault(), Fault::Truncated { size: 35, signed: 40 });
}

#[test]
fn an_older_copy_is_noticed_by_a_newer_checkpoint() {
    let older = stored(0..25);
    assert!(older.audit().is_ok());
    let held = |size| auditor().hold_to(&signed(&stored(0..size).head).note).unwrap();
    assert_eq!(older.audit_by(held(33)), Err(Fault::Truncated { size: 25, signed: 33 }));
    // The older copy lives on with other leaves.
    let forked = stored((0..25).chain(1_000..1_020));
    assert_eq!(forked.audit_by(held(33)), Err(Fault::Checkpoint { first: 30, last: 32 }));
    assert_eq!(forked.audit_by(held(30)), Err(Fault::Fork { size: 30 }));
    for size in [0, 20, 23, 25] {
        assert_eq!(older.audit_by(held(size)).map(|report| report.checkpoints_checked), Ok(4), "{size}");
    }
}

#[test]
fn a_fork_is_noticed_by_an_older_checkpoint_though_a_newer_one_fits() {
    // Whoever has the signing key writes another history and signs it; somebody kept a checkpoint of the first.
    let forked = stored(1_000..1_025);
    let kept = signed(&stored(0..7).head).note;
    let beside = signed(&forked.head).note;
    assert!(forked.audit_by(auditor().hold_to(&beside).unwrap()).is_ok());
    for order in [[&kept, &beside], [&beside, &kept]] {
        let held = order.iter().fold(auditor(), |auditor, note| auditor.hold_to(note).unwrap());
        assert_eq!(forked.audit_by(held), Err(Fault::Checkpoint { first: 0, last: 6 }));
    }
}

#[test]
fn a_checkpoint_from_elsewhere_must_be_signed() {
    let forger = Signer::from_seed("log.example/acme", &[6; 32]).unwrap();
    let checkpoint = Checkpoint { origin: "log.example/acme".to_owned(), size: 1, root: CHAIN_START };
    assert!(auditor().hold_to(&checkpoint.sign(&forger).unwrap()).is_err());
}

#[test]
fn a_rewritten_chain_is_placed_between_two_checkpoints() {
    for index in 20..30 {
        let mut log = log();
        log.leaves[index].leaf = sample(99).encode().unwrap();
        log.rewrite();
        assert_eq!(log.fault(), Fault::Checkpoint { first: 20, last: 29 });
    }
    let mut log = log();
    log.leaves.remove(27);
    log.rewrite();
    assert_eq!(log.fault(), Fault::Checkpoint { first: 20, last: 29 });
}

#[test]
fn a_rewritten_tail_without_a_signature_is_told_apart_only_by_the_report() {
    let mut log = log();
    log.leaves[42].leaf = sample(99).encode().unwrap();
    log.rewrite();
    assert_eq!(log.audit().map(|report| report.signed), Ok(40));
}

#[test]
fn a_checkpoint_that_the_key_did_not_sign_is_named() {
    let mut log = log();
    let note = &mut log.checkpoints[2].note;
    *note = note.replacen("20", "21", 1);
    assert_eq!(log.fault(), Fault::BadSignature { size: 20 });
    log.checkpoints[2] = StoredCheckpoint { size: 20, note: self::log().checkpoints[1].note.clone() };
    assert_eq!(log.fault(), Fault::BadSignature { size: 20 });
}

#[test]
fn a_checkpoint_out_of_order_is_named() {
    let mut log = log();
    log.checkpoints.swap(1, 2);
    assert_eq!(log.fault(), Fault::Unordered { size: 10 });
}

#[test]
fn a_leaf_of_another_tenant_or_of_none_is_named() {
    for leaf in [Leaf { tenant: "bcme".parse().unwrap(), ..sample(42) }.encode().unwrap(), b"{}".to_vec()] {
        let mut log = log();
        log.leaves[42].leaf = leaf;
        log.rewrite();
        assert_eq!(log.fault(), Fault::Altered { index: 42 });
    }
}

#[test]
fn a_head_that_is_not_of_the_leaves_is_named() {
    let mut log = log();
    log.head = stored(1..46).head;
    assert_eq!(log.fault(), Fault::Head { size: 45 });
}

#[test]
fn an_unreadable_log_is_no_fault() {
    let leaves = [Ok(log().leaves[0].clone()), Err("disk")];
    let error = auditor().run(leaves, [], &Frontier::default());
    assert_eq!(error, Err(AuditError::Source("disk")));
}

/// A log whose first checkpoints an earlier key signed, and those from size `from` on the key in use.
fn rotated(from: u64) -> (Stored, Verifier) {
    let earlier = Signer::from_seed("log.example/acme", &[6; 32]).unwrap();
    let mut log = log();
    for stored in log.checkpoints.iter_mut().filter(|stored| stored.size < from) {
        let checkpoint = Checkpoint::open(&stored.note, &signer().verifier()).unwrap();
        stored.note = checkpoint.sign(&earlier).unwrap();
    }
    (log, earlier.verifier())
}

#[test]
fn older_checkpoints_may_be_by_a_retired_key_and_the_newest_may_not() {
    let (log, earlier) = rotated(30);
    assert_eq!(log.fault(), Fault::BadSignature { size: 0 }, "the key is not known");
    let knowing = || auditor().accept_retired(vec![earlier.clone()]);
    assert_eq!(log.audit_by(knowing()).map(|report| report.signed), Ok(40));
    let kept = log.checkpoints[1].note.clone();
    assert_eq!(
        log.audit_by(knowing().hold_to(&kept).unwrap()).map(|report| report.checkpoints_checked),
        Ok(6)
    );

    let (log, _) = rotated(50);
    assert_eq!(log.audit_by(knowing()), Err(Fault::BadSignature { size: 40 }), "nothing by the key in use");
    let both = Auditor::new("acme".parse().unwrap(), vec![signer().verifier(), earlier]);
    assert!(log.audit_by(both).is_ok(), "unless both are in use");
}

#[test]
fn a_retired_key_does_not_excuse_a_changed_leaf() {
    let (mut log, earlier) = rotated(30);
    log.leaves[12].leaf = sample(99).encode().unwrap();
    log.rewrite();
    let knowing = auditor().accept_retired(vec![earlier]);
    assert_eq!(log.audit_by(knowing), Err(Fault::Checkpoint { first: 10, last: 19 }));
}
