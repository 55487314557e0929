//! Groups, which the API can't fill.

use countersign_auth0::management::{GroupId, UserId};
use serde::{Deserialize, Serialize};

use super::{FaultCode, draft::Draft};

/// Users who are wanted in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillGroup {
    /// The group.
    pub group: GroupId,
    /// The users.
    pub users: Vec<UserId>,
}

impl FillGroup {
    /// Tells what can be wanted in its place: groups come from directories, and the API only reads and deletes them.
    pub(super) fn plan(draft: &mut Draft<'_>) {
        let right = "groups are filled by their directory alone: assign roles, add members to an organization, or set \
                     app_metadata";
        draft.fault("group", FaultCode::Impossible, right);
    }
}
