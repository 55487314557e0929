//! Which organizations may share people, in a form that state can keep.

use countersign_privacy::Tag;

use crate::{Event, World, told};

/// A tag of the first declared group that the entry's organization is in; `None` where it is in none.
pub(super) fn group_of(event: &Event<'_>, world: &World<'_>) -> Option<Tag> {
    groups_of(event, world).next()
}

/// Tags of the declared groups that the entry's organization is in. A tag is the group's place among the declared ones, from 1:
/// it holds nothing of a name, and tells the groups apart as long as the declaration stands.
pub(super) fn groups_of(event: &Event<'_>, world: &World<'_>) -> impl Iterator<Item = Tag> {
    let organization = told(event.log.fields.organization_id.as_ref());
    let groups = (1..).zip(&world.context.relations);
    groups.filter(move |(_, group)| organization.is_some_and(|id| group.contains(id))).map(|(n, _)| Tag(n))
}
