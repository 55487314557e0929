//! A model with what each assessment needs of it and none changes: worked out once, when the model is made or read.

use super::{Model, ModelId};
use crate::login::ReadyLogin;

/// A model that is ready to assess by; it can't be changed.
#[derive(Debug, Clone)]
pub struct ReadyModel {
    constants: Model,
    id: ModelId,
    login: ReadyLogin,
}

impl ReadyModel {
    /// The model's constants.
    #[must_use]
    pub const fn constants(&self) -> &Model {
        &self.constants
    }

    /// The model's tag.
    #[must_use]
    pub const fn id(&self) -> &ModelId {
        &self.id
    }

    /// What a person's sign-in counts.
    pub(crate) const fn login(&self) -> &ReadyLogin {
        &self.login
    }
}

impl From<Model> for ReadyModel {
    fn from(constants: Model) -> Self {
        let (id, login) = (constants.id(), ReadyLogin::new(&constants.login));
        Self { constants, id, login }
    }
}

impl Default for ReadyModel {
    /// The shipped baseline.
    fn default() -> Self {
        Model::default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_model_has_the_tag_of_its_constants() {
        let mut other = Model::default();
        other.login.fresh.bias_micro += 1;
        for model in [Model::default(), other] {
            assert_eq!(ReadyModel::from(model.clone()).id(), &model.id());
        }
    }
}
