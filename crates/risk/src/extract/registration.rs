//! `pre-user-registration` and `post-user-registration`.

use countersign_auth0::trigger::{
    post_user_registration::PostUserRegistration, pre_user_registration::PreUserRegistration,
};
use countersign_core::Timestamp;

use super::{Context, Extract, origin, person};
use crate::{Features, Sightings, SignUp};

impl Extract for PreUserRegistration {
    fn sightings(&self) -> Sightings {
        let person = person::of_new_user(&self.user);
        person.sightings(&self.request.ip, self.security_context.as_option(), true)
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let mut features = origin::of_request(&self.request, self.channel(), at, context);
        features.network = features.network.or_else(|| features.block.clone());
        features.ja4 = origin::ja4(self.security_context.as_option());
        features.auth0 = origin::auth0(self.authentication.as_option());
        let from = features.country.as_ref().map(|country| (&self.request, country));
        let network = origin::kind_of_network(&features, &self.request, context);
        let sign_up = person::of_new_user(&self.user).sign_up(from, context);
        features.sign_up = Some(SignUp { network, ..sign_up });
        features.note_missing();
        features
    }
}

impl Extract for PostUserRegistration {
    /// Counts the same account as its `pre-user-registration`, so once.
    fn sightings(&self) -> Sightings {
        let ip = self.request.as_option().map_or("", |request| request.ip.as_str());
        person::of_user(&self.user).sightings(ip, self.security_context.as_option(), true)
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        let request = self.request.as_option();
        let mut features = request.map_or_else(
            || Features::new(at, self.channel()),
            |request| origin::of_request(request, self.channel(), at, context),
        );
        features.network = features.network.or_else(|| features.block.clone());
        features.ja4 = origin::ja4(self.security_context.as_option());
        features.auth0 = origin::auth0(self.authentication.as_option());
        let from = request.zip(features.country.as_ref());
        let network = request.and_then(|request| origin::kind_of_network(&features, request, context));
        let sign_up = person::of_user(&self.user).sign_up(from, context);
        features.sign_up = Some(SignUp { network, ..sign_up });
        features.note_missing();
        features
    }
}
