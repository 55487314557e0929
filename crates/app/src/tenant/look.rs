//! Looking at a tenant, and waiting for what becomes so by itself.

use std::collections::BTreeMap;

use countersign_auth0::management::Paging;
use countersign_plan::{Answers, Look, Miss};
use serde_json::Value;

use super::{Error, Installer, LOOKS, PAUSE};
use crate::management::{Error as ApiError, Lane};

/// The status of what is not there.
const NOT_FOUND: u16 = 404;

impl Installer<'_> {
    /// Whether it is so; what it is so of. The outer error is that nobody could look.
    pub(super) async fn look(
        &self,
        step: &str,
        look: &Look,
        answers: &Answers,
    ) -> Result<Result<Option<Value>, Miss>, Error> {
        let mut left = if look.waits { LOOKS } else { 1 };
        loop {
            let found = self.look_once(step, look, answers).await?;
            left -= 1;
            match found {
                Err(Miss::Differs(_)) if left > 0 => self.port.wait(PAUSE).await,
                found => return Ok(found),
            }
        }
    }

    /// As `look`, without waiting.
    pub(super) async fn look_once(
        &self,
        step: &str,
        look: &Look,
        answers: &Answers,
    ) -> Result<Result<Option<Value>, Miss>, Error> {
        let fill = |error| Error::Fill { step: step.to_owned(), error };
        let request = look.read.fill(answers, &BTreeMap::new()).map_err(fill)?;
        let told = |error| Error::Api { step: Some(step.to_owned()), error };
        let operation = request.operation();
        let is_list = operation.paging != Paging::Whole || operation.name.ends_with(".list");
        let found = if is_list {
            Some(Value::Array(self.port.list(&request, Lane::Interactive).await.map_err(told)?))
        } else {
            match self.port.api().fetch(&request, Lane::Interactive).await {
                Ok(reply) => {
                    let shape = |shape| told(ApiError::Shape { operation, shape });
                    Some(reply.read::<countersign_auth0::Json>().map_err(shape)?.0)
                }
                Err(ApiError::Refused { refusal, .. }) if refusal.status == NOT_FOUND => None,
                Err(error) => return Err(told(error)),
            }
        };
        Ok(look.check(found.as_ref(), answers).map(Option::<&Value>::cloned))
    }
}
