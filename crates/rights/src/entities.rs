//! Principals, actions and places as entities of Cedar. Ids are built from their parts and never read from text, so that no
//! id can say more than it is.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression, Schema};

use crate::{Action, Place, PolicyFault, Principal, PrincipalKind, Role, files::SCHEMA};

/// Something that could not be put to Cedar; where it came from does not matter to whoever is denied for it.
pub(crate) struct Unaskable;

/// Names of types, and what does not change from one check to the next.
#[derive(Debug)]
pub(crate) struct Names {
    person: EntityTypeName,
    service_account: EntityTypeName,
    application: EntityTypeName,
    local: EntityTypeName,
    job: EntityTypeName,
    role: EntityTypeName,
    action: EntityTypeName,
    tenant: EntityTypeName,
    organization: EntityTypeName,
    installation: EntityUid,
}

impl Names {
    pub(crate) fn new() -> Result<Self, PolicyFault> {
        let name = |name: &str| {
            let parsed = format!("Countersign::{name}").parse::<EntityTypeName>();
            parsed.map_err(|error| PolicyFault::of(SCHEMA, &error))
        };
        Ok(Self {
            person: name("Person")?,
            service_account: name("ServiceAccount")?,
            application: name("Application")?,
            local: name("Local")?,
            job: name("Job")?,
            role: name("Role")?,
            action: name("Action")?,
            tenant: name("Tenant")?,
            organization: name("Organization")?,
            installation: uid(&name("Installation")?, "installation"),
        })
    }

    /// The actions, each with the groups that it is in, by their ids.
    pub(crate) fn actions(&self, schema: &Schema) -> Option<HashMap<Action, Entity>> {
        let entities = schema.action_entities().ok()?;
        let find = |action: &Action| entities.get(&uid(&self.action, action.as_str())).cloned();
        Action::ALL.iter().map(|action| Some((*action, find(action)?))).collect()
    }

    /// Who asks, in the roles that it has at `target`; of an application also the places of its token.
    pub(crate) fn principal(&self, principal: &Principal, target: &Place) -> Result<Vec<Entity>, Unaskable> {
        let kind = match principal.kind {
            PrincipalKind::Person => &self.person,
            PrincipalKind::ServiceAccount => &self.service_account,
            PrincipalKind::Application => &self.application,
            PrincipalKind::Local => &self.local,
            PrincipalKind::Job => &self.job,
        };
        let mut attributes = HashMap::new();
        if matches!(principal.kind, PrincipalKind::ServiceAccount | PrincipalKind::Application) {
            let scopes = principal.scopes.iter().map(|scope| RestrictedExpression::new_string(scope.clone()));
            attributes.insert("scopes".to_owned(), RestrictedExpression::new_set(scopes));
        }
        let mut entities = Vec::new();
        for (attribute, place) in token_places(principal) {
            let place = self.place(&place);
            attributes.insert(attribute.to_owned(), RestrictedExpression::new_entity_uid(place.uid()));
            entities.push(place);
        }
        let roles = principal.roles_at(target).into_iter().map(|role| self.role(role)).collect();
        let asking = Entity::new(uid(kind, &principal.id), attributes, roles).map_err(|_| Unaskable)?;
        entities.insert(0, asking);
        Ok(entities)
    }

    /// A place, in all that it lies in.
    pub(crate) fn place(&self, place: &Place) -> Entity {
        match place {
            Place::Installation => Entity::with_uid(self.installation.clone()),
            Place::Tenant(tenant) => {
                let parents = HashSet::from([self.installation.clone()]);
                Entity::new_no_attrs(uid(&self.tenant, tenant.as_str()), parents)
            }
            Place::Organization(tenant, organization) => {
                let id = format!("{tenant} {organization}");
                let parents = HashSet::from([uid(&self.tenant, tenant.as_str()), self.installation.clone()]);
                Entity::new_no_attrs(uid(&self.organization, &id), parents)
            }
        }
    }

    fn role(&self, role: Role) -> EntityUid {
        uid(&self.role, role.as_str())
    }
}

/// The places of an application's token by the attribute that holds each; none of any other principal.
fn token_places(principal: &Principal) -> Vec<(&'static str, Place)> {
    let Some(tenant) = principal.tenant.as_ref().filter(|_| principal.kind == PrincipalKind::Application)
    else {
        return Vec::new();
    };
    let organization = principal.organization.as_ref();
    let organization =
        organization.map(|id| ("organization", Place::Organization(tenant.clone(), id.clone())));
    [Some(("tenant", Place::Tenant(tenant.clone()))), organization].into_iter().flatten().collect()
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
