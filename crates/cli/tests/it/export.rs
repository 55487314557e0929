//! What is exported, checked with nothing of ours: hashes and signatures by RFC 6962 and C2SP signed-note alone.

use std::{fs, path::Path};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, UnparsedPublicKey},
};

use crate::world::{Service, TENANT, run, sign_in, told};

type Hash = [u8; 32];

fn sha256(parts: &[&[u8]]) -> Hash {
    digest(&SHA256, &parts.concat()).as_ref().try_into().unwrap()
}

/// RFC 6962, section 2.1.
fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

/// RFC 6962, section 2.1: split at the greatest power of two below the number of leaves.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

/// RFC 9162, section 2.1.3.2: from a leaf and its path to the root.
fn climb(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Hash {
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if node % 2 == 1 || node == last {
            hash = sha256(&[&[1], sibling, &hash]);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            hash = sha256(&[&[1], &hash, sibling]);
        }
        (node, last) = (node / 2, last / 2);
    }
    assert_eq!(last, 0, "the path has the length that the size demands");
    hash
}

/// Base64 (RFC 4648, section 4).
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter(|byte| *byte != b'=');
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits {
        let value = ALPHABET.iter().position(|known| *known == digit).unwrap();
        (bits, held) = ((bits << 6) | u32::try_from(value).unwrap(), held + 6);
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    out
}

/// Checks the note's signature; size and root of the checkpoint in it.
fn open(note: &str, verifier: &str) -> (u64, Hash) {
    let (name, rest) = verifier.trim().split_once('+').unwrap();
    let typed = base64(rest.split_once('+').unwrap().1);
    assert_eq!(typed[0], 1, "an Ed25519 key");
    let id = &sha256(&[name.as_bytes(), b"\n", &typed])[..4];
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let signed = base64(signatures.trim().strip_prefix(&format!("— {name} ")).unwrap());
    assert_eq!(&signed[..4], id);
    UnparsedPublicKey::new(&ED25519, &typed[1..])
        .verify(format!("{text}\n").as_bytes(), &signed[4..])
        .unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], name);
    (lines[1].parse().unwrap(), base64(lines[2]).try_into().unwrap())
}

/// The leaves of an entry bundle (C2SP tlog-tiles, "Log entries").
fn entries(mut bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    while let [high, low, rest @ ..] = bundle {
        let (leaf, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        leaves.push(leaf.to_vec());
        bundle = rest;
    }
    leaves
}

#[test]
fn an_export_verifies_by_the_public_formats_alone() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let mut client = service.client();
    let decided: Vec<String> = (0..300)
        .map(|number| client.decide(&format!("msg_{number}"), &sign_in(&format!("auth0|{}", number % 7))))
        .collect();
    let last = decided.last().unwrap();
    assert_eq!(client.get(&format!("/v1/decisions/{last}/receipt?tenant={TENANT}"), &[]).status, 200);
    drop(client);
    service.stop();

    for index in [0, 1, 150, 254, 255, 299] {
        let output = run(
            home.path(),
            &["ledger", "export", "--data", "data", "--out", "out", "--record", &decided[index]],
        );
        assert!(output.status.success(), "{}", told(&output));
        assert_record(&home.path().join("out"), &decided[index]);
    }
}

fn assert_record(out: &Path, id: &str) {
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let (size, signed_root) = open(&read("checkpoint"), &read("verifier.key"));
    assert_eq!(size, 302, "the policy, the policies of access and 300 decisions");

    let full = fs::read(out.join("tile/entries/000")).unwrap();
    let partial = fs::read(out.join("tile/entries/001.p/46")).unwrap();
    let leaves: Vec<Vec<u8>> = entries(&full).into_iter().chain(entries(&partial)).collect();
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!((hashes.len() as u64, root(&hashes)), (size, signed_root), "all leaves under the signed root");

    let leaf = fs::read(out.join("leaf")).unwrap();
    assert!(String::from_utf8(leaf.clone()).unwrap().contains(id));
    let index: u64 = read("index").trim().parse().unwrap();
    let path: Vec<Hash> = read("proof").lines().map(|line| base64(line).try_into().unwrap()).collect();
    assert_eq!(climb(leaf_hash(&leaf), index, size, &path), signed_root, "the leaf under the signed root");
    assert_ne!(climb(leaf_hash(b"another leaf"), index, size, &path), signed_root);
}
