//! Cost of an operator's own model: reading its file, and asking it.

use std::{fmt::Write, hint::black_box};

use countersign_core::{Channel, Timestamp};
use countersign_risk::{
    CODES, Features, Profile, ReadyModel, assess_with,
    own_model::{Inputs, OwnModel},
};

fn main() {
    divan::main();
}

/// The inputs that the trees split by.
const INPUTS: usize = 40;

/// A stream of numbers that look like chance and are the same in each run.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
}

/// A file of full trees: each splits as often as it may, by an input and at a threshold that differ everywhere.
fn file(trees: usize, depth: u32) -> String {
    let mut numbers = Numbers(7);
    let inner = (1_usize << depth) - 1;
    let inputs: Vec<String> =
        CODES.iter().take(INPUTS).map(|(code, _)| format!(r#"{{"name":"{code}"}}"#)).collect();
    let tree = |_| {
        let mut nodes = String::new();
        for at in 0..=2 * inner {
            let separator = if at == 0 { "" } else { "," };
            let number = f64::from(numbers.next() % 4_000) / 1_000.0 - 2.0;
            let _ = if at < inner {
                let (input, left, right) = (numbers.next() as usize % INPUTS, 2 * at + 1, 2 * at + 2);
                write!(
                    nodes,
                    r#"{separator}{{"input":{input},"threshold":{number},"left":{left},"right":{right},"missing":"left"}}"#
                )
            } else {
                write!(nodes, r#"{separator}{{"leaf":{}}}"#, number / 50.0)
            };
        }
        format!(r#"{{"nodes":[{nodes}]}}"#)
    };
    let trees: Vec<String> = (0..trees).map(tree).collect();
    format!(
        r#"{{"format":"countersign-own-model/1","name":"bench","version":1,"kind":"trees","inputs":[{}],"base_score":0.1,"trees":[{}],"weight_milli":500,"bound_micro":1000000}}"#,
        inputs.join(","),
        trees.join(",")
    )
}

fn model(trees: usize, depth: u32) -> OwnModel {
    OwnModel::parse(file(trees, depth).as_bytes()).unwrap_or_else(|faults| {
        // A model that is not read makes this figure meaningless.
        unreachable!("{faults:?}")
    })
}

/// A transaction's inputs, one in four missing.
fn inputs(numbers: &mut Numbers) -> Inputs {
    let value =
        |_| (!numbers.next().is_multiple_of(4)).then(|| f64::from(numbers.next() % 4_000) / 1_000.0 - 2.0);
    CODES.iter().map(|(code, _)| *code).zip((0..CODES.len()).map(value)).collect()
}

/// A transaction that is not the one before, so that the processor can't learn the branches by heart.
#[divan::bench(args = [(100, 6), (256, 5), (10, 3)])]
fn contribute(bencher: divan::Bencher<'_, '_>, (trees, depth): (usize, u32)) {
    let model = model(trees, depth);
    let mut numbers = Numbers(11);
    let transactions: Vec<Inputs> = (0..1_024).map(|_| inputs(&mut numbers)).collect();
    let mut turn = transactions.iter().cycle();
    bencher.bench_local(|| turn.next().map(|inputs| model.contribute(black_box(inputs))));
}

/// An assessment without a model and with ever greater ones, the last as great as is taken in: what one adds to a decision.
#[divan::bench(args = [(0, 0), (10, 3), (100, 6), (256, 5)])]
fn assess(bencher: divan::Bencher<'_, '_>, (trees, depth): (usize, u32)) {
    let own = (trees > 0).then(|| model(trees, depth));
    let at = Timestamp::from_seconds(1_787_212_800);
    let mut features = Features::new(at, Channel::Interactive);
    features.is_login = true;
    let (profile, model) = (Profile::default(), ReadyModel::default());
    bencher.bench_local(|| assess_with(black_box(&features), Some(&profile), &model, own.as_ref()));
}

#[divan::bench(args = [(100, 6), (10, 3)])]
fn parse(bencher: divan::Bencher<'_, '_>, (trees, depth): (usize, u32)) {
    let file = file(trees, depth);
    bencher.bench_local(|| OwnModel::parse(black_box(file.as_bytes())));
}
