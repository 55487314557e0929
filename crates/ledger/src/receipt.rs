//! One file that proves one leaf, and what its owner chooses to open of it.

mod encoded;

use serde::{Deserialize, Serialize};

pub use encoded::Base64;

use crate::{
    Hash,
    checkpoint::{Checkpoint, CheckpointError, is_origin_of},
    leaf::{Leaf, LeafError, commit},
    leaf_hash,
    note::Verifier,
    proof::verify_inclusion,
};

/// The longest receipt that is read, in bytes: a leaf, a proof and a note of their greatest length, and bodies.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The format's name and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Format {
    /// The only one.
    #[default]
    #[serde(rename = "countersign-receipt/v1")]
    V1,
}

/// A leaf, its place, and all that is needed to prove it offline but the key to trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The format.
    pub format: Format,
    /// The leaf's place in the log, from 0.
    pub index: u64,
    /// The leaf's bytes.
    pub leaf: Base64,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub proof: Vec<Hash>,
    /// A signed checkpoint over more than `index` leaves.
    pub checkpoint: String,
    /// The key that is said to have signed it, `name+id+key`. Tells a reader which key to ask for; never trusted.
    pub verifier: String,
    /// Bodies laid open, in the order of the leaf's commitments; none by default.
    #[serde(default)]
    pub openings: Vec<Opening>,
}

/// A body laid open, with the salt that ties it to its commitment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The salt, 32 bytes.
    pub salt: Base64,
    /// The canonical body.
    pub body: Base64,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening(***)")
    }
}

/// What a receipt has proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// The leaf.
    pub leaf: Leaf,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The size of the log in the checkpoint.
    pub size: u64,
}

/// A receipt that proves nothing. Names no content of the receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// More than 4 MiB.
    #[error("a receipt has at most {MAX_BYTES} bytes, not `{bytes}`")]
    Size {
        /// How many bytes it has.
        bytes: usize,
    },
    /// Not a receipt of version 1.
    #[error("not a receipt of version 1, from line `{line}`, byte `{column}` on")]
    Malformed {
        /// The line where reading stopped, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
    },
    /// The checkpoint is not to be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf can't be read.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// The leaf is of another tenant than the log.
    #[error("the leaf is not of the tenant whose log the checkpoint heads")]
    Tenant,
    /// The proof does not lead from the leaf to the checkpoint.
    #[error("the proof does not show leaf `{index}` in the tree of `{size}` leaves")]
    Inclusion {
        /// The leaf's place.
        index: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// An opening fits none of the commitments that are left.
    #[error("opening `{position}` fits no commitment of the leaf")]
    Opening {
        /// Which opening, from 0.
        position: usize,
    },
}

impl Receipt {
    /// Reads a receipt's JSON; proves nothing yet.
    ///
    /// # Errors
    /// `Size` or `Malformed`.
    pub fn from_json(json: &[u8]) -> Result<Self, ReceiptError> {
        if json.len() > MAX_BYTES {
            return Err(ReceiptError::Size { bytes: json.len() });
        }
        serde_json::from_slice(json)
            .map_err(|error| ReceiptError::Malformed { line: error.line(), column: error.column() })
    }

    /// Checks that `trusted` signed a log of the leaf's tenant with this leaf in it, and each opening.
    ///
    /// Openings must come in the order of the commitments that they fit; commitments may be passed over, for a body
    /// that is kept back or was erased.
    ///
    /// # Errors
    /// Any variant but `Size` and `Malformed`; the first that applies.
    pub fn verify(&self, trusted: &Verifier) -> Result<VerifiedReceipt, ReceiptError> {
        let Checkpoint { origin, size, root } = Checkpoint::open(&self.checkpoint, trusted)?;
        if !verify_inclusion(&leaf_hash(&self.leaf.0), self.index, size, &self.proof, &root) {
            return Err(ReceiptError::Inclusion { index: self.index, size });
        }
        let leaf = Leaf::decode(&self.leaf.0)?;
        if !is_origin_of(&origin, &leaf.tenant) {
            return Err(ReceiptError::Tenant);
        }
        let mut commitments = leaf.commitments.iter();
        for (position, Opening { salt, body }) in self.openings.iter().enumerate() {
            let salt: &[u8; 32] =
                salt.0.as_slice().try_into().map_err(|_| ReceiptError::Opening { position })?;
            let commitment = commit(salt, &body.0);
            if !commitments.any(|known| *known == commitment) {
                return Err(ReceiptError::Opening { position });
            }
        }
        Ok(VerifiedReceipt { leaf, index: self.index, size })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        leaf::tests::sample,
        note::{NoteError, Signer},
        proof::inclusion_proof,
        testing::MemoryLog,
    };

    pub(crate) fn signer() -> Signer {
        Signer::from_seed("log.example/acme", &[5; 32]).unwrap()
    }

    /// A receipt for leaf `index` of `size`, which commits to three bodies, the second twice.
    pub(crate) fn receipt(index: u64, size: u64, signer: &Signer) -> Receipt {
        let mut log = MemoryLog::default();
        for number in 0..size {
            let mut leaf = sample(number);
            leaf.commitments = [(1, "a"), (2, "b"), (2, "b"), (3, "c")]
                .map(|(salt, body)| commit(&[salt; 32], body.as_bytes()))
                .to_vec();
            log.push(&leaf.encode().unwrap());
        }
        let origin = signer.verifier().name().to_owned();
        let checkpoint = Checkpoint { origin, size, root: log.frontier().root() };
        Receipt {
            format: Format::V1,
            index,
            leaf: Base64(log.entries().nth(usize::try_from(index).unwrap()).unwrap().0.to_vec()),
            proof: inclusion_proof(&log, index, size).unwrap(),
            checkpoint: checkpoint.sign(signer).unwrap(),
            verifier: signer.verifier().to_string(),
            openings: Vec::new(),
        }
    }

    fn opening(salt: u8, body: &str) -> Opening {
        Opening { salt: Base64(vec![salt; 32]), body: Base64(body.as_bytes().to_vec()) }
    }

    #[test]
    fn a_receipt_survives_json_and_verifies() {
        let receipt = receipt(3, 7, &signer());
        let json = serde_json::to_vec(&receipt).unwrap();
        let read = Receipt::from_json(&json).unwrap();
        assert_eq!(read, receipt);
        let verified = read.verify(&signer().verifier()).unwrap();
        assert_eq!((verified.index, verified.size, verified.leaf.id), (3, 7, sample(3).id));
    }

    #[test]
    fn the_key_inside_a_receipt_is_not_trusted() {
        let forger = Signer::from_seed("log.example/acme", &[6; 32]).unwrap();
        let unsigned = ReceiptError::Checkpoint(CheckpointError::Note(NoteError::Unsigned));
        assert_eq!(receipt(3, 7, &forger).verify(&signer().verifier()), Err(unsigned));
    }

    #[test]
    fn a_leaf_in_the_log_of_another_tenant_is_refused() {
        let other = Signer::from_seed("log.example/bcme", &[5; 32]).unwrap();
        assert_eq!(receipt(3, 7, &other).verify(&other.verifier()), Err(ReceiptError::Tenant));
    }

    #[test]
    fn openings_are_checked_in_order() {
        let verify = |openings: &[(u8, &str)]| {
            let openings = openings.iter().map(|(salt, body)| opening(*salt, body)).collect();
            Receipt { openings, ..receipt(3, 7, &signer()) }.verify(&signer().verifier()).map(|_| ())
        };
        assert_eq!(verify(&[(1, "a"), (2, "b"), (2, "b"), (3, "c")]), Ok(()));
        assert_eq!(verify(&[(2, "b"), (3, "c")]), Ok(()));
        assert_eq!(verify(&[(3, "c"), (1, "a")]), Err(ReceiptError::Opening { position: 1 }));
        assert_eq!(verify(&[(2, "b"), (2, "b"), (2, "b")]), Err(ReceiptError::Opening { position: 2 }));
        assert_eq!(verify(&[(1, "b")]), Err(ReceiptError::Opening { position: 0 }));
        assert_eq!(verify(&[(1, "")]), Err(ReceiptError::Opening { position: 0 }));
        let short = Opening { salt: Base64(vec![1; 31]), body: Base64(b"\x01a".to_vec()) };
        let bad = Receipt { openings: vec![short], ..receipt(3, 7, &signer()) };
        assert_eq!(bad.verify(&signer().verifier()), Err(ReceiptError::Opening { position: 0 }));
    }

    #[test]
    fn other_json_is_refused_and_not_quoted() {
        let json = serde_json::to_string(&receipt(0, 1, &signer())).unwrap();
        for bad in [
            json.replace("receipt/v1", "receipt/v2"),
            json.replace("\"index\":0", "\"index\":-1"),
            json.replace("\"index\":0", "\"index\":0,\"alice@example.com\":1"),
            json.replace("\"leaf\":\"", "\"leaf\":\"alice@example.com"),
            String::new(),
        ] {
            let error = Receipt::from_json(bad.as_bytes()).unwrap_err();
            assert!(matches!(error, ReceiptError::Malformed { .. }), "{bad}");
            assert!(!error.to_string().contains("alice"));
        }
        assert!(matches!(Receipt::from_json(&vec![b' '; MAX_BYTES + 1]), Err(ReceiptError::Size { .. })));
    }

    #[test]
    fn an_opening_does_not_print() {
        assert_eq!(format!("{:?}", opening(1, "alice")), "Opening(***)");
    }

    proptest! {
        #[test]
        fn any_flipped_bit_in_a_receipt_fails(
            size in 2_u64..300, pick: u64, part in 0..4, at: prop::sample::Index, bit in 0_u32..64,
        ) {
            let index = pick % size;
            let mut receipt = receipt(index, size, &signer());
            prop_assert!(receipt.verify(&signer().verifier()).is_ok());
            match part {
                0 => receipt.index ^= 1 << bit,
                1 => {
                    let at = at.index(receipt.leaf.0.len());
                    receipt.leaf.0[at] ^= 1 << (bit % 8);
                }
                2 => {
                    let at = at.index(receipt.proof.len());
                    let mut bytes = *receipt.proof[at].as_bytes();
                    bytes[usize::try_from(bit / 2).unwrap()] ^= 1 << (bit % 8);
                    receipt.proof[at] = Hash::new(bytes);
                }
                // The size and the root among them.
                _ => {
                    let mut bytes = receipt.checkpoint.into_bytes();
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << (bit % 8);
                    receipt.checkpoint = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
            prop_assert!(receipt.verify(&signer().verifier()).is_err());
        }
    }
}
