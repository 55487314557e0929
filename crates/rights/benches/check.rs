//! How long one check takes, with the shipped policies and with fifty more; beside it what any request by token costs
//! anyway: hashing the token and comparing the hash.

use std::collections::BTreeSet;

use aws_lc_rs::{constant_time, digest};
use countersign_rights::{Action, Grant, How, Place, Principal, PrincipalKind, Rights, Role};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn rights(more: usize) -> Option<Rights> {
    let own = |i| {
        format!(
            "@id(\"own_{i}\") forbid (principal is Countersign::Person, action in Countersign::Action::\"reveal\",\n\
             resource == Countersign::Tenant::\"tenant-{i}\") unless {{ context.how == \"oidc\" }};\n"
        )
    };
    Rights::with(&[("own.cedar".to_owned(), (0..more).map(own).collect())]).ok()
}

fn analyst(target: &Place) -> Principal {
    Principal {
        kind: PrincipalKind::Person,
        id: "per_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".to_owned(),
        grants: vec![Grant { role: Role::Analyst, at: target.clone() }],
        scopes: BTreeSet::new(),
        how: How::Oidc,
        tenant: None,
        organization: None,
    }
}

#[divan::bench(args = [0, 50])]
fn check(bencher: Bencher<'_, '_>, more: usize) {
    let target = "tenant-7".parse().map_or(Place::Installation, Place::Tenant);
    let (rights, asking) = (rights(more), analyst(&target));
    bencher.bench_local(|| {
        rights
            .as_ref()
            .map(|rights| rights.check(black_box(&asking), Action::RevealDecisions, black_box(&target)))
    });
}

#[divan::bench]
fn hash_and_compare_a_token(bencher: Bencher<'_, '_>) {
    let token = "csa_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let kept = digest::digest(&digest::SHA256, token.as_bytes());
    bencher.bench_local(|| {
        let hash = digest::digest(&digest::SHA256, black_box(token.as_bytes()));
        constant_time::verify_slices_are_equal(hash.as_ref(), kept.as_ref())
    });
}
