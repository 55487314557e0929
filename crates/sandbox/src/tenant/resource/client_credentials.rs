//! What clients prove themselves by instead of a secret: public keys and certificates.

use countersign_core::Timestamp;
use serde_json::{Value, json};

use super::{clients::missing, object};
use crate::tenant::{
    Context, Fault, Group, Item, Operation, Reply,
    certificate::{self, Certificate},
    check::{self, Rule, may, need, text},
    id,
    operations::{delete, get, patch, post},
    state::{Object, State},
    token::{CLIENTS, CREDENTIALS},
};

/// The most credentials of a client ("Configure private key JWT authentication").
const MOST: usize = 2;

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/clients/{client_id}/credentials", "Get client credentials", &["read:client_credentials"], list)
        .group(Group::Clients),
    post(
        "/clients/{client_id}/credentials",
        "Create a client credential",
        &["create:client_credentials"],
        create,
    )
    .body(&CREATE)
    .group(Group::Clients),
    get(
        "/clients/{client_id}/credentials/{credential_id}",
        "Get client credential details",
        &["read:client_credentials"],
        read,
    )
    .group(Group::Clients),
    patch(
        "/clients/{client_id}/credentials/{credential_id}",
        "Update a client credential",
        &["update:client_credentials"],
        update,
    )
    .body(&UPDATE)
    .group(Group::Clients),
    delete(
        "/clients/{client_id}/credentials/{credential_id}",
        "Delete a client credential",
        &["delete:client_credentials"],
        remove,
    )
    .group(Group::Clients),
];

static CREATE: Rule = Rule::Object(&[
    need("credential_type", Rule::OneOf(&["public_key", "x509_cert", "cert_subject_dn"])),
    may("name", text(1, 128)),
    may("subject_dn", text(1, 256)),
    may("pem", text(1, 4_096)),
    may("alg", Rule::OneOf(&["RS256", "RS384", "PS256"])),
    may("kid", text(10, 64)),
    may("parse_expiry_from_cert", Rule::Bool),
    may("expires_at", Rule::Format("date-time", is_time)),
]);

static UPDATE: Rule = Rule::Object(&[may("expires_at", Rule::Nullable(&Rule::Format("date-time", is_time)))]);

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

/// A time in a body as it is shown.
fn shown_time(value: Option<&Value>) -> Option<String> {
    Some(id::iso(value?.as_str()?.parse().ok()?))
}

fn of_client<'a>(context: &'a Context<'_>, client_id: &str) -> impl Iterator<Item = &'a Item> {
    context.state.objects.all(CREDENTIALS).filter(move |key| key.hidden_text("client_id") == client_id)
}

fn client(context: &Context<'_>) -> Result<String, Fault> {
    let id = context.parameter("client_id");
    context.state.objects.find(CLIENTS, id).map(|client| client.id.clone()).ok_or_else(missing)
}

fn found<'a>(context: &'a Context<'_>) -> Result<&'a Item, Fault> {
    let key = context.state.objects.find(CREDENTIALS, context.parameter("credential_id"));
    let key = key.filter(|key| key.hidden_text("client_id") == context.parameter("client_id"));
    key.ok_or_else(|| Fault::not_found("The credential does not exist"))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let client_id = client(context)?;
    let keys: Vec<Value> = of_client(context, &client_id).map(|key| key.shown.clone().into()).collect();
    Ok(Reply::ok(keys))
}

fn create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let client_id = client(context)?;
    let body = context.body();
    Ok(Reply::created(add(context, &client_id, &body)?))
}

/// Keeps a credential of a client.
fn add(context: &mut Context<'_>, client_id: &str, body: &Object) -> Result<Object, Fault> {
    if of_client(context, client_id).count() >= MOST {
        return Err(Fault::invalid_body(format!("A client can't have more than {MOST} credentials")));
    }
    let id = id::long_prefixed("cred", &mut context.state.dice);
    let now = context.iso();
    let mut shown = seen(body)?;
    for (name, value) in [("id", &id), ("created_at", &now), ("updated_at", &now)] {
        shown.insert(name.to_owned(), value.as_str().into());
    }
    for name in ["credential_type", "name"] {
        if let Some(value) = body.get(name) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(at) = shown_time(body.get("expires_at")) {
        shown.insert("expires_at".to_owned(), at.into());
    }
    let hidden = object(json!({"client_id": client_id, "pem": body.get("pem")}));
    context.state.objects.insert(CREDENTIALS, Item { id, shown: shown.clone(), hidden });
    Ok(shown)
}

/// What is shown of the key or certificate itself.
fn seen(body: &Object) -> Result<Object, Fault> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let refused = |what: &str| Fault::invalid_body(what);
    let certificate = text("pem").and_then(Certificate::read);
    let shown = match text("credential_type") {
        Some("public_key") => {
            let kid =
                text("pem").and_then(certificate::key_id).ok_or_else(|| refused("Invalid public key"))?;
            let mut shown =
                object(json!({"kid": text("kid").unwrap_or(&kid), "alg": text("alg").unwrap_or("RS256")}));
            let parse = body.get("parse_expiry_from_cert") == Some(&Value::Bool(true));
            if let (true, Some(certificate)) = (parse, certificate) {
                shown.insert("expires_at".to_owned(), certificate.ends.into());
            }
            shown
        }
        Some("x509_cert") => {
            let certificate = certificate.ok_or_else(|| refused("Invalid certificate"))?;
            object(json!({"thumbprint_sha256": certificate.thumbprint, "expires_at": certificate.ends}))
        }
        _ => {
            let subject = text("subject_dn").map(str::to_owned);
            let subject = subject.or_else(|| certificate.map(|certificate| certificate.subject));
            object(
                json!({"subject_dn": subject.ok_or_else(|| refused("Either pem or subject_dn is needed"))?}),
            )
        }
    };
    Ok(shown)
}

fn read(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::ok(found(context)?.shown.clone()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let id = found(context)?.id.clone();
    let (body, now) = (context.body(), context.iso());
    let key = context.state.objects.find_mut(CREDENTIALS, &id);
    let shown = key.map(|key| {
        match shown_time(body.get("expires_at")) {
            Some(at) => key.shown.insert("expires_at".to_owned(), at.into()),
            None => key.shown.remove("expires_at"),
        };
        key.shown.insert("updated_at".to_owned(), now.into());
        key.shown.clone()
    });
    Ok(Reply::ok(shown.unwrap_or_default()))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    if let Ok(key) = found(context) {
        let id = key.id.clone();
        context.state.objects.remove(CREDENTIALS, &id);
    }
    Ok(Reply::no_content())
}

/// The lists of credentials in a client's `client_authentication_methods` and `signed_request_object`.
fn lists(body: &mut Object) -> Vec<&mut Vec<Value>> {
    let mut holders: Vec<&mut Value> = Vec::new();
    for (name, value) in body.iter_mut() {
        match name.as_str() {
            "client_authentication_methods" => {
                holders.extend(value.as_object_mut().into_iter().flat_map(|methods| methods.values_mut()));
            }
            "signed_request_object" => holders.push(value),
            _ => {}
        }
    }
    let lists = holders.into_iter().filter_map(|holder| holder.get_mut("credentials"));
    lists.filter_map(Value::as_array_mut).collect()
}

/// Removes all credentials of a client.
pub fn forget(state: &mut State, client_id: &str) {
    let keys = state.objects.all(CREDENTIALS).filter(|key| key.hidden_text("client_id") == client_id);
    for key in keys.map(|key| key.id.clone()).collect::<Vec<_>>() {
        state.objects.remove(CREDENTIALS, &key);
    }
}

/// Makes the credentials that the body of a new client holds, and leaves their ids in their place.
///
/// # Errors
/// 400 for a credential that can't be.
pub fn take_in(context: &mut Context<'_>, client_id: &str, body: &mut Object) -> Result<(), Fault> {
    for list in lists(body) {
        for credential in list {
            check::body(&CREATE, Some(credential))?;
            let made = add(context, client_id, &credential.as_object().cloned().unwrap_or_default())?;
            *credential = json!({"id": made.get("id")});
        }
    }
    Ok(())
}

/// Refuses credentials that aren't the client's.
///
/// # Errors
/// 400 for such a one.
pub fn check(context: &Context<'_>, client_id: &str, body: &Object) -> Result<(), Fault> {
    let mut body = body.clone();
    for credential in lists(&mut body).into_iter().flatten() {
        let id = credential.get("id").and_then(Value::as_str).unwrap_or_default();
        if !of_client(context, client_id).any(|key| key.id == id) {
            return Err(Fault::invalid_body(format!("The credential {id} does not exist")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::testing::Api;

    /// A client's path, and a certificate.
    fn client(api: &mut Api) -> (String, String) {
        let made = api.post("/clients", json!({"name": "A"}), 201);
        let pem = made["signing_keys"][0]["cert"].as_str().unwrap().to_owned();
        (format!("/clients/{}", made["client_id"].as_str().unwrap()), pem)
    }

    #[test]
    fn a_key_is_kept_read_changed_and_removed() {
        let mut api = Api::new();
        let (client, pem) = client(&mut api);
        let keys = format!("{client}/credentials");
        let body = json!({"credential_type": "public_key", "pem": pem, "alg": "PS256", "name": "k"});
        let made = api.post(&keys, body, 201);
        let key = format!("{keys}/{}", made["id"].as_str().unwrap());
        assert_eq!((api.get(&key, 200), api.get(&keys, 200)), (made.clone(), json!([made.clone()])));
        let changed = api.patch(&key, json!({"expires_at": "2050-05-13T09:33:13Z"}), 200);
        assert_eq!(changed["expires_at"], "2050-05-13T09:33:13.000Z");
        let methods = json!({"private_key_jwt": {"credentials": [{"id": made["id"]}]}});
        let signing = json!({"client_authentication_methods": methods, "token_endpoint_auth_method": null});
        assert!(api.patch(&client, signing, 200).get("client_secret").is_none());
        api.delete(&key, None, 204);
        api.get(&key, 404);
    }

    #[test]
    fn each_kind_shows_what_it_is_known_by() {
        let mut api = Api::new();
        let (client, pem) = client(&mut api);
        let keys = format!("{client}/credentials");
        let certificate = api.post(&keys, json!({"credential_type": "x509_cert", "pem": pem}), 201);
        assert!(certificate["thumbprint_sha256"].is_string() && certificate["expires_at"].is_string());
        let name = api.post(&keys, json!({"credential_type": "cert_subject_dn", "pem": pem}), 201);
        assert_eq!(name["subject_dn"], "CN=tenant.example.com");
        api.post(&keys, json!({"credential_type": "x509_cert", "pem": pem}), 400);
    }

    #[test]
    fn nonsense_and_keys_of_others_are_refused() {
        let mut api = Api::new();
        let ((one, pem), (other, _)) = (client(&mut api), client(&mut api));
        let keys = format!("{one}/credentials");
        api.post(&keys, json!({"credential_type": "public_key", "pem": "nonsense"}), 400);
        let made = api.post(&keys, json!({"credential_type": "public_key", "pem": pem}), 201);
        let methods = json!({"private_key_jwt": {"credentials": [{"id": made["id"]}]}});
        api.patch(&other, json!({"client_authentication_methods": methods}), 400);
    }

    #[test]
    fn a_new_client_may_bring_its_keys() {
        let mut api = Api::new();
        let (_, pem) = client(&mut api);
        let key = json!({"credential_type": "public_key", "pem": pem, "alg": "RS256"});
        let methods = json!({"private_key_jwt": {"credentials": [key]}});
        let made = api.post("/clients", json!({"name": "B", "client_authentication_methods": methods}), 201);
        let path = format!("/clients/{}/credentials", made["client_id"].as_str().unwrap());
        let kept = &made["client_authentication_methods"]["private_key_jwt"]["credentials"][0]["id"];
        assert_eq!(&api.get(&path, 200)[0]["id"], kept);
    }
}
