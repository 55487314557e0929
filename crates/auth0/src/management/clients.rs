//! Applications, and their credentials.

use countersign_core::ClientId;

use super::{CredentialId, Endpoint, LimitGroup, Nothing, Operation, Page, Paging, Request};
use crate::{Dictionary, Json};

model! {
    /// An application. Its `rest` may hold its secret.
    Client {
        required {
            /// The id.
            client_id: ClientId,
        }
        maybe {
            /// The name.
            name: String,
            /// Its kind, such as `non_interactive`.
            app_type: String,
            /// How it may get tokens.
            grant_types: Vec<String>,
            /// How it authenticates.
            token_endpoint_auth_method: String,
        }
    }
}
item!(Client, "clients", client_id);

model! {
    /// A public key of an application.
    Credential {
        required {
            /// The id.
            id: CredentialId,
        }
        maybe {
            /// The key id that assertions name.
            kid: String,
            /// The name.
            name: String,
            /// The algorithm.
            alg: String,
            /// Until when it is good.
            expires_at: Json,
        }
    }
}

static LIST: Endpoint<Page<Client>, 0> = Endpoint::get("clients.list", "/clients")
    .scopes(&["read:clients", "read:client_keys", "read:client_credentials", "read:client_summary"])
    .group(LimitGroup::Clients)
    .query(&["page", "per_page", "include_totals", "is_global"])
    .paging(Paging::Offset);
static GET: Endpoint<Client, 1> = Endpoint::get("clients.get", "/clients/{id}")
    .scopes(&["read:clients", "read:client_keys", "read:client_credentials", "read:client_summary"])
    .group(LimitGroup::Clients);
static CREATE: Endpoint<Client, 0> = Endpoint::post("clients.create", "/clients")
    .scopes(&["create:clients"])
    .group(LimitGroup::Clients)
    .required(&["name"]);
static UPDATE: Endpoint<Client, 1> = Endpoint::patch("clients.update", "/clients/{id}")
    .scopes(&[
        "update:clients",
        "update:client_keys",
        "update:client_credentials",
        "update:client_token_vault_privileged_access",
    ])
    .group(LimitGroup::Clients);
static DELETE: Endpoint<Nothing, 1> = Endpoint::delete("clients.delete", "/clients/{id}")
    .scopes(&["delete:clients"])
    .group(LimitGroup::Clients);
static CREDENTIALS: Endpoint<Vec<Credential>, 1> =
    Endpoint::get("clients.credentials", "/clients/{client_id}/credentials")
        .scopes(&["read:client_credentials"])
        .group(LimitGroup::Clients);
static CREATE_CREDENTIAL: Endpoint<Credential, 1> =
    Endpoint::post("clients.create_credential", "/clients/{client_id}/credentials")
        .scopes(&["create:client_credentials"])
        .group(LimitGroup::Clients)
        .required(&["credential_type"]);
static DELETE_CREDENTIAL: Endpoint<Nothing, 2> =
    Endpoint::delete("clients.delete_credential", "/clients/{client_id}/credentials/{credential_id}")
        .scopes(&["delete:client_credentials"])
        .group(LimitGroup::Clients);
static ROTATE_SECRET: Endpoint<Client, 1> =
    Endpoint::post("clients.rotate_secret", "/clients/{id}/rotate-secret")
        .scopes(&["update:client_keys"])
        .group(LimitGroup::Clients);

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &GET.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &ROTATE_SECRET.operation,
    &CREDENTIALS.operation,
    &CREATE_CREDENTIAL.operation,
    &DELETE_CREDENTIAL.operation,
];

/// Lists applications, but for the one that stands for the tenant.
#[must_use]
pub fn list() -> Request<Page<Client>> {
    Request::new(&LIST, []).with("is_global", "false")
}

/// Reads an application.
#[must_use]
pub fn get(id: &ClientId) -> Request<Client> {
    Request::new(&GET, [id.as_str()])
}

/// Creates an application.
#[must_use]
pub fn create(fields: Dictionary) -> Request<Client> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of an application.
#[must_use]
pub fn update(id: &ClientId, fields: Dictionary) -> Request<Client> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes an application.
#[must_use]
pub fn delete(id: &ClientId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Gives an application a new secret, which the answer holds; the old one ends at once.
#[must_use]
pub fn rotate_secret(id: &ClientId) -> Request<Client> {
    Request::new(&ROTATE_SECRET, [id.as_str()])
}

/// Lists an application's public keys.
#[must_use]
pub fn credentials(id: &ClientId) -> Request<Vec<Credential>> {
    Request::new(&CREDENTIALS, [id.as_str()])
}

/// Gives an application a public key; it has two at the most.
#[must_use]
pub fn create_credential(id: &ClientId, fields: Dictionary) -> Request<Credential> {
    Request::new(&CREATE_CREDENTIAL, [id.as_str()]).fields(fields)
}

/// Takes a public key from an application.
#[must_use]
pub fn delete_credential(id: &ClientId, credential: &CredentialId) -> Request<Nothing> {
    Request::new(&DELETE_CREDENTIAL, [id.as_str(), credential.as_str()])
}
