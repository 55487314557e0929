//! Whether a model's constants lie within what an assessment can be made with.

use serde_json::Value;

use super::Model;
use crate::number::LIMIT_MICRO;

/// The greatest factor or share, in thousandths.
const MAX_MILLI: i64 = 1_000_000;

/// The greatest frequency, in millionths; the least is one, since its logarithm is taken.
const MAX_PPM: i64 = 1_000_000;

/// What is wrong with a model or its card: where, and what would be right. It repeats no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct ModelFault {
    /// Dotted path of the field, such as `model.country.hi_micro`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl ModelFault {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl Model {
    /// Checks the name and every constant.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), ModelFault> {
        let name = self.name.as_str();
        let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(is_plain) || name.starts_with("sub_") {
            let message = "has 1 to 64 letters, digits, `-`, `_` and `.`, and does not begin with `sub_`";
            return Err(ModelFault::new("model.name", message));
        }
        if let Some((path, message)) = self.login.fault() {
            return Err(ModelFault::new(format!("model.{path}"), message));
        }
        if let Some((path, message)) = self.device_posture.fault() {
            return Err(ModelFault::new(format!("model.{path}"), message));
        }
        if let Some((path, message)) = self.sign_up.network.fault() {
            return Err(ModelFault::new(format!("model.{path}"), message));
        }
        let document =
            serde_json::to_value(self).map_err(|error| ModelFault::new("model", error.to_string()))?;
        check_value("model", "", &document)
    }
}

/// Checks what stands below `path`, whose last part is `name`.
fn check_value(path: &str, name: &str, value: &Value) -> Result<(), ModelFault> {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                check_value(&format!("{path}.{name}"), name, value)?;
            }
            let bound = |name| fields.get(name).and_then(Value::as_i64);
            if let (Some(lo), Some(hi)) = (bound("lo_micro"), bound("hi_micro"))
                && lo > hi
            {
                return Err(ModelFault::new(
                    format!("{path}.lo_micro"),
                    "must not be greater than `hi_micro`",
                ));
            }
            Ok(())
        }
        Value::Array(values) => {
            values.iter().try_for_each(|value| check_value(&format!("{path}[]"), name, value))
        }
        Value::Number(number) => {
            let bounds = match name.rsplit('_').next() {
                Some("micro") => -LIMIT_MICRO..=LIMIT_MICRO,
                Some("milli") => 0..=MAX_MILLI,
                Some("ppm") => 1..=MAX_PPM,
                _ => return Ok(()),
            };
            if number.as_i64().is_some_and(|number| bounds.contains(&number)) {
                return Ok(());
            }
            let message = format!("is a whole number from {} to {}", bounds.start(), bounds.end());
            Err(ModelFault::new(path, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    #[test]
    fn the_baseline_holds() {
        assert_eq!(Model::default().check(), Ok(()));
    }

    #[test]
    fn a_constant_out_of_bounds_is_named() {
        let change = |change: fn(&mut Model)| {
            let mut model = Model::default();
            change(&mut model);
            model.check().unwrap_err().path
        };
        assert_eq!(change(|model| model.country.hi_micro = 1 << 40), "model.country.hi_micro");
        assert_eq!(change(|model| model.bias_micro = i64::MIN), "model.bias_micro");
        assert_eq!(change(|model| model.country.lo_micro = 90_000_000), "model.country.lo_micro");
        assert_eq!(change(|model| model.country.ordinary_ppm = 0), "model.country.ordinary_ppm");
        assert_eq!(change(|model| model.travel.weight_milli = u32::MAX), "model.travel.weight_milli");
        let shaped = |points: &[(i32, i64)]| {
            let mut model = Model::default();
            model.login.refresh.shapes.insert("country".to_owned(), Shape(points.to_vec()));
            model.check().map_err(|fault| fault.path)
        };
        let place = Err("model.login.refresh.shapes.country".to_owned());
        assert_eq!(shaped(&[(-1_000, -5), (0, 0), (1_000, 5)]), Ok(()));
        for (points, why) in [
            (&[(0, 5), (1_000, 4)][..], "it falls"),
            (&[(1_000, 0), (0, 5)], "out of order"),
            (&[(0, 0), (0, 5)], "twice the same"),
            (&[(i32::MIN, 0), (i32::MAX, 5)], "beyond the evidence"),
            (&[(0, 0), (1_000, i64::MAX)], "beyond what counts"),
            (&[(0, 0); 65], "too many"),
        ] {
            assert_eq!(shaped(points), place, "{why}");
        }
        let mut unknown = Model::default();
        unknown.login.fresh.shapes.insert("hue".to_owned(), Shape(Vec::new()));
        assert_eq!(unknown.check().unwrap_err().path, "model.login.fresh.shapes.hue");
        for name in ["", "a b", "sub_1", "\u{1b}[31m"] {
            let model = Model { name: name.into(), ..Model::default() };
            assert_eq!(model.check().unwrap_err().path, "model.name", "{name:?}");
        }
    }
}
