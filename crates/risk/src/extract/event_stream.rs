//! `event-stream`: a new account of a social or enterprise connection is seen here first.

use countersign_auth0::trigger::event_stream::EventStream;
use countersign_core::Timestamp;

use super::{Context, Extract, person};
use crate::{Features, Sightings};

impl Extract for EventStream {
    fn sightings(&self) -> Sightings {
        let user = self.user().filter(|_| self.is_new_user());
        user.map_or_else(Sightings::default, |user| person::of_user(&user).sightings("", None, true))
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = Features::new(at, self.channel());
        let user = self.user().filter(|_| self.is_new_user());
        features.sign_up = user.map(|user| person::of_user(&user).sign_up(None, context));
        features.note_missing();
        features
    }
}
