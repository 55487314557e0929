//! Receipts, notes, checkpoints, proofs, leaves and keys that anybody may have written: nothing breaks, and nothing but the truth verifies.

use std::collections::BTreeMap;

use countersign_core::{TenantId, Timestamp};
use countersign_fuzz::{Said, Target};
use countersign_ledger::{
    CHAIN_START, Frontier, Hash,
    audit::{Auditor, StoredCheckpoint, StoredLeaf},
    chain,
    checkpoint::Checkpoint,
    export::lines,
    leaf::{Kind, Leaf, Version, commit},
    leaf_hash,
    note::{Signer, Verifier},
    proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion},
    receipt::{Base64, Format, Opening, Receipt},
    testing::MemoryLog,
};

const ORIGIN: &str = "log.example/acme";
const SIZE: u64 = 11;

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn leaf(number: u64) -> Leaf {
    Leaf {
        v: Version,
        id: format!("dec_{number:032x}"),
        tenant: tenant(),
        at: Timestamp::from_seconds(1_800_000_000 + i64::try_from(number).unwrap()),
        kind: Kind::Decision,
        versions: BTreeMap::from([("engine".to_owned(), "3".to_owned())]),
        hashes: BTreeMap::from([("policy".to_owned(), "9f2c".to_owned())]),
        facts: BTreeMap::from([("count".to_owned(), "2".to_owned())]),
        commitments: vec![commit(&[1; 32], b"body"), commit(&[2; 32], b"other")],
    }
}

/// A log, the roots that it had at each size, and who signs it.
struct World {
    log: MemoryLog,
    roots: Vec<Hash>,
    signer: Signer,
}

impl World {
    fn new() -> Self {
        let mut log = MemoryLog::default();
        let mut roots = vec![log.frontier().root()];
        for number in 0..SIZE {
            log.push(&leaf(number).encode().unwrap());
            roots.push(log.frontier().root());
        }
        Self { log, roots, signer: Signer::from_seed(ORIGIN, &[5; 32]).unwrap() }
    }

    fn leaf(&self, index: u64) -> Option<&[u8]> {
        self.log.entries().nth(usize::try_from(index).ok()?).map(|(leaf, _)| leaf)
    }

    fn root(&self, size: u64) -> Option<Hash> {
        self.roots.get(usize::try_from(size).ok()?).copied()
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size, root: self.root(size).unwrap() }
    }

    fn receipt(&self, index: u64, openings: Vec<Opening>) -> Receipt {
        Receipt {
            format: Format::V1,
            index,
            leaf: Base64(self.leaf(index).unwrap().to_vec()),
            proof: inclusion_proof(&self.log, index, SIZE).unwrap(),
            checkpoint: self.checkpoint(SIZE).sign(&self.signer).unwrap(),
            verifier: self.signer.verifier().to_string(),
            openings,
        }
    }
}

/// A line with two numbers, then hashes, a line each: how the target writes a proof.
fn proof(text: &str) -> Option<(u64, u64, Vec<Hash>)> {
    let (head, hashes) = text.split_once('\n')?;
    let (first, second) = head.split_once(' ')?;
    let hashes = hashes.lines().map(str::parse).collect::<Result<_, _>>().ok()?;
    Some((first.parse().ok()?, second.parse().ok()?, hashes))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, one: &T, other: &T) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what}: {one:?} comes back as {other:?}")) }
}

fn receipts(world: &World, input: &[u8]) -> Said {
    let receipt = match Receipt::from_json(input) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(error.to_string()),
    };
    let again = Receipt::from_json(&serde_json::to_vec(&receipt).unwrap());
    same("a receipt", &Ok(receipt.clone()), &again)?;
    match receipt.verify(&world.signer.verifier()) {
        Ok(verified) if world.leaf(verified.index) == Some(&receipt.leaf.0[..]) => Ok("verified".to_owned()),
        Ok(verified) => Err(format!("a leaf that is not in the log verifies at {}", verified.index)),
        Err(error) => Ok(error.to_string()),
    }
}

fn notes(world: &World, text: &str) -> Said {
    if let Ok(verifier) = text.parse::<Verifier>() {
        same("a verifier", &Ok(verifier.clone()), &verifier.to_string().parse())?;
    }
    if let Ok(read) = Checkpoint::from_text(text) {
        same("a checkpoint", &Ok(read.clone()), &Checkpoint::from_text(&read.to_text()))?;
    }
    match Checkpoint::open(text, &world.signer.verifier()) {
        Ok(opened) if world.root(opened.size) == Some(opened.root) => Ok("signed".to_owned()),
        Ok(opened) => Err(format!("a checkpoint that nobody signed opens: {opened:?}")),
        Err(error) => Ok(error.to_string()),
    }
}

fn proofs(world: &World, text: &str) -> Said {
    let Some((first, second, hashes)) = proof(text) else { return Ok(String::new()) };
    if let (Some(old), Some(new)) = (world.root(first), world.root(second))
        && verify_consistency(first, &old, second, &new, &hashes)
    {
        let right = consistency_proof(&world.log, first, second).map_err(|error| format!("{error:?}"))?;
        same("a proof of consistency", &right, &hashes)?;
        return Ok("consistent".to_owned());
    }
    let (leaf, root) = (world.leaf(first).map(leaf_hash), world.root(second));
    if let (Some(leaf), Some(root)) = (leaf, root)
        && verify_inclusion(&leaf, first, second, &hashes, &root)
    {
        let right = inclusion_proof(&world.log, first, second).map_err(|error| format!("{error:?}"))?;
        same("a proof of inclusion", &right, &hashes)?;
        return Ok("included".to_owned());
    }
    // Whatever the sizes are: a proof among more leaves than there ever were costs no more than its own length.
    let some = Hash::new([7; 32]);
    if verify_inclusion(&some, first, second, &hashes, &some) && second != 1 {
        return Err("a made-up hash is its own root".to_owned());
    }
    Ok(format!("no proof {}", verify_consistency(first, &some, second, &some, &hashes)))
}

/// What an auditor says of a log in which this stands at the place of a leaf, or of a checkpoint.
fn audited(world: &World, input: &[u8], text: &str) -> Said {
    let auditor = || Auditor::new(tenant(), vec![world.signer.verifier()]);
    let hash = leaf_hash(input);
    let stored = StoredLeaf { index: 0, leaf: input.to_vec(), chain: chain(&CHAIN_START, &hash) };
    let mut one = auditor();
    let leaf = one.leaf(&stored);
    let checkpoint = one.checkpoint(&StoredCheckpoint { size: 1, note: text.to_owned() });
    let held = auditor().hold_to(text).map(|_| ());
    let finished = one.finish(&Frontier::default());
    Ok(format!("{leaf:?} {checkpoint:?} {held:?} {}", finished.is_ok()))
}

#[test]
fn proofs_and_receipts() {
    let world = World::new();
    let opening = Opening { salt: Base64(vec![2; 32]), body: Base64(b"other".to_vec()) };
    let receipts_of = [world.receipt(3, Vec::new()), world.receipt(10, vec![opening])];
    let signers =
        [Signer::from_seed(ORIGIN, &[5; 32]).unwrap(), Signer::from_seed(ORIGIN, &[6; 32]).unwrap()];
    let checkpoint = world.checkpoint(SIZE);
    let growth = lines(&consistency_proof(&world.log, 3, SIZE).unwrap());
    let inclusion = lines(&inclusion_proof(&world.log, 3, SIZE).unwrap());
    Target::new("proofs")
        .examples(receipts_of.map(|receipt| serde_json::to_vec(&receipt).unwrap()))
        .examples([
            checkpoint.to_text(),
            checkpoint.sign(&world.signer).unwrap(),
            checkpoint.sign_by_all(&signers).unwrap(),
            world.signer.verifier().to_string(),
            format!("3 {SIZE}\n{growth}"),
            format!("3 {SIZE}\n{inclusion}"),
            format!("0 {SIZE}\n"),
        ])
        .examples([leaf(0).encode().unwrap(), leaf(9).encode().unwrap()])
        .words([
            "\u{2014} ",
            ORIGIN,
            "sub_",
            "\"openings\":[",
            "9223372036854775807",
            "countersign-receipt/v1",
        ])
        .run(|input| {
            let text = String::from_utf8_lossy(input);
            if let Ok(leaf) = Leaf::decode(input) {
                same("a leaf", &input.to_vec(), &leaf.encode().map_err(|error| error.to_string())?)?;
            }
            let said = [
                receipts(&world, input)?,
                notes(&world, &text)?,
                proofs(&world, &text)?,
                audited(&world, input, &text)?,
            ];
            Ok(said.join("; "))
        });
}
