//! Lists of factors that Auth0 accepts.

use serde::{Deserialize, Serialize};

use super::{Factor, FactorType};

/// Factors that can't be asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactorsError {
    /// No factor; Auth0 fails a transaction in which no requested factor remains.
    #[error("at least one factor is needed")]
    Empty,
    /// The same type of factor appears twice.
    #[error("the factor at index {index} is listed before")]
    Repeated {
        /// The index of the second appearance, from 0.
        index: usize,
    },
    /// E-mail can be challenged but not enrolled.
    #[error("the factor at index {index} is `email`, which can't be enrolled")]
    Email {
        /// The index, from 0.
        index: usize,
    },
}

/// Factors to challenge for: at least one, each type once, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Factor>")]
pub struct ChallengeFactors(Vec<Factor>);

impl ChallengeFactors {
    /// Takes the factors in the order given.
    ///
    /// # Errors
    /// [`FactorsError::Empty`] and [`FactorsError::Repeated`].
    pub fn new(factors: Vec<Factor>) -> Result<Self, FactorsError> {
        check(&factors)?;
        Ok(Self(factors))
    }

    /// The factors in order, at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Factor] {
        &self.0
    }
}

impl TryFrom<Vec<Factor>> for ChallengeFactors {
    type Error = FactorsError;

    fn try_from(factors: Vec<Factor>) -> Result<Self, FactorsError> {
        Self::new(factors)
    }
}

/// Factors to enroll: at least one, each type once, no e-mail, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Factor>")]
pub struct EnrollFactors(Vec<Factor>);

impl EnrollFactors {
    /// Takes the factors in the order given.
    ///
    /// # Errors
    /// [`FactorsError::Empty`], [`FactorsError::Repeated`] and [`FactorsError::Email`].
    pub fn new(factors: Vec<Factor>) -> Result<Self, FactorsError> {
        check(&factors)?;
        match factors.iter().position(|factor| matches!(factor, Factor::Email)) {
            Some(index) => Err(FactorsError::Email { index }),
            None => Ok(Self(factors)),
        }
    }

    /// The factors in order, at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Factor] {
        &self.0
    }
}

impl TryFrom<Vec<Factor>> for EnrollFactors {
    type Error = FactorsError;

    fn try_from(factors: Vec<Factor>) -> Result<Self, FactorsError> {
        Self::new(factors)
    }
}

fn check(factors: &[Factor]) -> Result<(), FactorsError> {
    if factors.is_empty() {
        return Err(FactorsError::Empty);
    }
    let mut seen: Vec<FactorType> = Vec::with_capacity(FactorType::WORDS.len());
    for (index, factor) in factors.iter().enumerate() {
        let factor_type = factor.factor_type();
        if seen.contains(&factor_type) {
            return Err(FactorsError::Repeated { index });
        }
        seen.push(factor_type);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factor::PhoneMethod;

    #[test]
    fn an_empty_or_repeated_list_is_refused() {
        let twice = vec![
            Factor::Phone { preferred_method: None },
            Factor::Phone { preferred_method: Some(PhoneMethod::Sms) },
        ];
        assert_eq!(ChallengeFactors::new(vec![]), Err(FactorsError::Empty));
        assert_eq!(EnrollFactors::new(vec![]), Err(FactorsError::Empty));
        assert_eq!(ChallengeFactors::new(twice.clone()), Err(FactorsError::Repeated { index: 1 }));
        assert_eq!(EnrollFactors::new(twice), Err(FactorsError::Repeated { index: 1 }));
    }

    #[test]
    fn e_mail_can_be_challenged_but_not_enrolled() {
        let factors = vec![Factor::Otp, Factor::Email];
        assert!(ChallengeFactors::new(factors.clone()).is_ok());
        assert_eq!(EnrollFactors::new(factors), Err(FactorsError::Email { index: 1 }));
        assert!(serde_json::from_str::<EnrollFactors>(r#"[{"type":"email"}]"#).is_err());
    }
}
