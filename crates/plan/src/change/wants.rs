//! What has to be read, collected.

use std::collections::HashSet;

use countersign_auth0::management::{AnyRequest, Request};

/// Requests that read, each once, in the order in which they were first wanted.
#[derive(Debug, Default)]
pub(super) struct Wants {
    requests: Vec<AnyRequest>,
    seen: HashSet<AnyRequest>,
}

impl Wants {
    /// One more.
    pub(super) fn read<T>(&mut self, request: Request<T>) {
        let request = request.into_any();
        if self.seen.insert(request.clone()) {
            self.requests.push(request);
        }
    }

    pub(super) fn into_requests(self) -> Vec<AnyRequest> {
        self.requests
    }
}
