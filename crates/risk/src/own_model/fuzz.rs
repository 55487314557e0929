//! Files of models that anybody may have written: read or refused with places, and what is read stays finite and within its bound.

use countersign_fuzz::Target;
use serde_json::Value;

use super::{
    MAX_BOUND_MICRO, MAX_FAULTS,
    inputs::{Inputs, RAW_INPUTS},
    *,
};

#[test]
fn own_models() {
    let chain = samples::with(samples::trees(), "/trees/0", samples::chain(20));
    let names: Vec<String> = RAW_INPUTS.iter().map(|(name, _)| format!("{{\"name\":\"{name}\"}}")).collect();
    let inputs: Vec<Inputs> = [Some(0.0), None, Some(f64::MAX), Some(-1e-300)]
        .map(|value| RAW_INPUTS.iter().map(|(name, _)| (*name, value)).collect())
        .into();
    Target::new("own_models")
        .examples([samples::logistic(), samples::trees(), chain].map(|file| file.to_string()))
        .examples([serde_json::to_string_pretty(&samples::trees()).unwrap()])
        .words(names)
        .words([
            "\"logistic\"",
            "\"trees\"",
            "\"leaf\":",
            "\"left\":",
            "\"missing\":\"default\"",
            "\"leaves\":\"probability\"",
            "\"triggers\":[\"post-login\"]",
        ])
        .run(|input| {
            let model = match OwnModel::parse(input) {
                Ok(model) => model,
                Err(faults) => {
                    let is_told = (1..=MAX_FAULTS).contains(&faults.len())
                        && faults.iter().all(|fault| !fault.path.is_empty() && !fault.message.is_empty());
                    let said = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    return if is_told { Ok(said) } else { Err(format!("faults without a place: {said}")) };
                }
            };
            // White space is no part of a model.
            let value: Value =
                serde_json::from_slice(input).map_err(|error| format!("read, and no JSON: {error}"))?;
            let again = OwnModel::parse(value.to_string().as_bytes());
            if again.as_ref().map(OwnModel::id) != Ok(model.id()) {
                return Err(format!("it comes back as another one: {again:?}"));
            }
            for inputs in &inputs {
                match model.contribute(inputs) {
                    Ok(micro) if micro.abs() > MAX_BOUND_MICRO => {
                        return Err(format!("{micro} is beyond every bound"));
                    }
                    Ok(_) | Err(OwnModelFault::NotANumber) => {}
                }
            }
            Ok(format!("read {}", model.inputs.len()))
        });
}
