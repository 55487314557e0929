//! Asks an operator's own model: `own_model MODEL.json <ROWS`, with one JSON object of inputs by name on each line.
//!
//! Each line of the answer is the model's log-odds and its contribution in millionths, or the fault. A name that no model
//! can read is an error, so that a misspelled row does not pass for one with missing values.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead, Write, stdin, stdout},
};

use countersign_risk::own_model::{Inputs, OwnModel, known_input};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which model's file?")?;
    let model = OwnModel::parse(&std::fs::read(path)?)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let row: BTreeMap<String, Option<f64>> = serde_json::from_str(&line?)?;
        let mut inputs = Inputs::default();
        for (name, value) in row {
            inputs.set(known_input(&name).ok_or_else(|| format!("there is no input `{name}`"))?, value);
        }
        match model.logit(&inputs).and_then(|logit| Ok((logit, model.contribute(&inputs)?))) {
            Ok((logit, micro)) => writeln!(out, "{logit} {micro}")?,
            Err(fault) => writeln!(out, "{fault}")?,
        }
    }
    Ok(())
}
