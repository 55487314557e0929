//! The table of field classes is complete: it has a row for whatever the types read that take something in, and no other row.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where its frame can't be built, and says what it skips"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

use countersign_app::enrich::Facts;
use countersign_auth0::{
    log::{Fields, Location, SecurityContext},
    management::{
        actions, authentication_methods, blocks, client_grants, clients, connections, discovery_domains,
        enabled_connections, event_streams, guardian, hooks, invitations, jobs, log_streams, logs, members,
        network_acls, organizations, permissions, refresh_tokens, resource_servers, roles, rules, sessions,
        tenant, tickets, users,
    },
    object::{StreamMessage, User},
    trigger::{
        Event, credentials_exchange::CredentialsExchange, custom_token_exchange::CustomTokenExchange,
        event_stream::EventStream, password_reset_post_challenge::PasswordResetPostChallenge,
        post_change_password::PostChangePassword, post_login::PostLogin,
        post_user_registration::PostUserRegistration, pre_user_registration::PreUserRegistration,
        send_phone_message::SendPhoneMessage,
    },
};
use countersign_core::Trigger;
use countersign_privacy::fields::{FieldClass, Row, Source, classed, rows};
use countersign_testkit::fields::{names_in, paths};
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn sources(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, names);
        } else {
            names.extend(names_in(&fs::read_to_string(path).unwrap()));
        }
    }
}

/// Every word of Auth0's vocabulary crate that may name a field.
static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names = BTreeSet::new();
    sources(&Path::new(ROOT).join("crates/auth0/src/object"), &mut names);
    sources(&Path::new(ROOT).join("crates/auth0/src/trigger"), &mut names);
    sources(&Path::new(ROOT).join("crates/auth0/src/management"), &mut names);
    names.into_iter().map(|name| &*name.leak()).collect()
});

fn below(prefix: &str, paths: BTreeSet<String>) -> BTreeSet<String> {
    paths.into_iter().map(|path| format!("{prefix}.{path}")).collect()
}

/// Fields of a message that stand beside what we read: extension attributes that Auth0 sends.
const OF_STREAMS: [&str; 2] = ["a0stream", "a0tenant"];

/// The fields of a message of an event stream; its data is anything, of which we read users.
fn message() -> BTreeSet<String> {
    let mut found = paths::<StreamMessage>(&WORDS);
    found.extend(below("data.object", paths::<User>(&WORDS)));
    found.extend(OF_STREAMS.map(str::to_owned));
    found
}

fn event(trigger: Trigger) -> BTreeSet<String> {
    let words = &WORDS;
    match trigger {
        Trigger::PostLogin => paths::<PostLogin>(words),
        Trigger::PreUserRegistration => paths::<PreUserRegistration>(words),
        Trigger::PostUserRegistration => paths::<PostUserRegistration>(words),
        Trigger::CredentialsExchange => paths::<CredentialsExchange>(words),
        Trigger::PasswordResetPostChallenge => paths::<PasswordResetPostChallenge>(words),
        Trigger::PostChangePassword => paths::<PostChangePassword>(words),
        Trigger::EventStream => {
            let mut found = paths::<EventStream>(words);
            found.extend(below("message", message()));
            found
        }
        Trigger::SendPhoneMessage => paths::<SendPhoneMessage>(words),
        Trigger::CustomTokenExchange => paths::<CustomTokenExchange>(words),
        Trigger::ShortForm => BTreeSet::new(),
    }
}

/// Fields of the log schemas of Auth0's documentation, and of its examples, that no detector reads by itself.
const OF_LOGS: [&str; 22] = [
    "$event_schema.version",
    "agent_id",
    "auth0_client.**",
    "body.**",
    "connection_id",
    "description",
    "email",
    "environment_name",
    "external_agent_id",
    "identity_user_id",
    "isMobile",
    "is_mobile",
    "mtls_thumbprint_sha256",
    "organization_name",
    "query.**",
    "references.**",
    "scope.**",
    "session_connection",
    "strategy",
    "strategy_type",
    "title",
    "tracking_id",
];

/// Without the mark of what may be anything: an entry's texts are read whatever their type is.
fn plain(paths: BTreeSet<String>) -> BTreeSet<String> {
    paths.into_iter().map(|path| path.trim_end_matches(".**").to_owned()).collect()
}

fn log() -> BTreeSet<String> {
    let mut found = plain(paths::<Fields<'_>>(&[]));
    for object in ["details", "location_info", "security_context"] {
        assert!(found.remove(object), "{object}");
    }
    found.insert("details.**".to_owned());
    found.extend(below("security_context", plain(paths::<SecurityContext<'_>>(&[]))));
    found.extend(below("location_info", plain(paths::<Location<'_>>(&[]))));
    found.extend(OF_LOGS.map(str::to_owned));
    found
}

/// The fields of each type of the Management API, by what the table calls it.
macro_rules! models {
    ($($kind:ident: $module:ident::$name:ident,)+) => {
        [$((concat!(stringify!($module), "::", stringify!($name)), below(stringify!($kind), paths::<$module::$name>(&WORDS)))),+]
    };
}

/// The fields of whatever the Management API answers, by the name of its type.
fn models() -> BTreeMap<&'static str, BTreeSet<String>> {
    models! {
        action: actions::Action,
        action_trigger: actions::ActionTrigger,
        action_version: actions::ActionVersion,
        authentication_method: authentication_methods::AuthenticationMethod,
        binding: actions::Binding,
        block: blocks::Block,
        blocks: blocks::Blocks,
        client: clients::Client,
        client_grant: client_grants::ClientGrant,
        connection: connections::Connection,
        credential: clients::Credential,
        discovery_domain: discovery_domains::DiscoveryDomain,
        enabled_client: connections::EnabledClient,
        enabled_connection: enabled_connections::EnabledConnection,
        enrollment_ticket: guardian::EnrollmentTicket,
        event_stream: event_streams::EventStream,
        execution: actions::Execution,
        factor: guardian::Factor,
        hook: hooks::Hook,
        identity: users::Identity,
        invitation: invitations::Invitation,
        job: jobs::Job,
        log: logs::Log,
        log_stream: log_streams::LogStream,
        member: members::Member,
        member_role: members::MemberRole,
        network_acl: network_acls::NetworkAcl,
        organization: organizations::Organization,
        permission: permissions::Permission,
        refresh_token: refresh_tokens::RefreshToken,
        resource_server: resource_servers::ResourceServer,
        role: roles::Role,
        rule: rules::Rule,
        session: sessions::Session,
        tenant_settings: tenant::Settings,
        ticket: tickets::Ticket,
        user: users::User,
    }
    .into()
}

fn management() -> BTreeSet<String> {
    models().into_values().flatten().collect()
}

/// Every type that the vocabulary reads of the Management API's answers, as its files define them.
fn defined() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(Path::new(ROOT).join("crates/auth0/src/management")).unwrap() {
        let path = entry.unwrap().path();
        let (text, module) =
            (fs::read_to_string(&path).unwrap(), path.file_stem().unwrap().to_str().unwrap().to_owned());
        for body in text.split("\nmodel! {\n").skip(1) {
            let name = body.lines().find_map(|line| line.trim().strip_suffix(" {")).unwrap();
            found.insert(format!("{module}::{name}"));
        }
    }
    found
}

/// Texts between quotes after any of these calls, in what stands before a file's tests.
fn named_in(file: &str, calls: &[&str]) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let of_call =
        |call: &&str| code.split(*call).skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>();
    calls.iter().flat_map(of_call).map(str::to_owned).collect()
}

/// The claims that are read of tokens.
fn claims() -> BTreeSet<String> {
    let calls = [".text(\"", ".texts(\"", ".time(\"", ".get(\""];
    let files = ["claims", "identity", "jws", "tenant"];
    files.iter().flat_map(|file| named_in(&format!("crates/adapters/src/oidc/{file}.rs"), &calls)).collect()
}

/// Whether a row is the one for a path.
fn is_for(row: &Row, path: &str) -> bool {
    match row.path.strip_suffix("**") {
        Some("") => true,
        Some(start) => path.starts_with(start) || path == start.trim_end_matches('.'),
        None => path == row.path,
    }
}

/// What is wrong between the table's rows of `names` and what is read.
fn differences(source: Source, names: &[&str], read: &BTreeSet<String>) -> Vec<String> {
    let known: Vec<Row> = rows().filter(|row| names.contains(&row.source)).collect();
    let missing = read.iter().filter(|path| {
        // What is open needs a row that says so.
        let path = path.replace("**", "any");
        classed(source, &path).is_none()
    });
    let mut wrong: Vec<String> = missing.map(|path| format!("{source:?}: `{path}` has no row")).collect();
    let own = known.iter().filter(|row| Some(row.source) == names.first().copied());
    let stale = own.filter(|row| !read.iter().any(|path| is_for(row, path)));
    wrong.extend(stale.map(|row| format!("{source:?}: nothing reads `{}`", row.path)));
    wrong
}

#[test]
fn whatever_is_taken_in_has_a_class_and_no_row_is_stale() {
    let mut wrong = Vec::new();
    let mut of_all = BTreeSet::new();
    for trigger in Trigger::ALL.iter().copied().filter(|trigger| *trigger != Trigger::ShortForm) {
        let read = event(trigger);
        assert!(read.len() > 8, "{trigger}: {read:?}");
        wrong.extend(differences(Source::Event(trigger), &[&format!("event.{trigger}")], &read));
        of_all.extend(read);
    }
    let shared = rows().filter(|row| row.source == "event.*");
    let stale = shared.filter(|row| !of_all.iter().any(|path| is_for(row, path)));
    wrong.extend(stale.map(|row| format!("no event has `{}`", row.path)));
    wrong.extend(differences(Source::Log, &["log"], &log()));
    wrong.extend(differences(Source::Stream, &["stream"], &message()));
    wrong.extend(differences(Source::Enrichment, &["enrichment"], &paths::<Facts>(&[])));
    wrong.extend(differences(Source::Management, &["management"], &management()));
    wrong.extend(differences(Source::Identity, &["identity"], &claims()));
    assert!(wrong.is_empty(), "crates/privacy/data/fields.tsv:\n{}", wrong.join("\n"));
}

#[test]
fn every_type_of_the_management_api_is_held_to_the_table() {
    let known: BTreeSet<String> = models().into_keys().map(str::to_owned).collect();
    assert!(known.len() > 30);
    assert_eq!(known, defined());
    assert!(claims().contains("sub") && claims().contains("iss"), "{:?}", claims());
}

#[test]
fn a_type_tells_all_that_it_reads() {
    let login = event(Trigger::PostLogin);
    for path in [
        "user.email",
        "user.user_metadata.**",
        "user.identities[].isSocial",
        "authentication.riskAssessment.assessments.UntrustedIP.code",
        "transaction.actor.act.act.sub",
        "session.clients[].client_id",
        "request.geoip.latitude",
        "secrets.**",
    ] {
        assert!(login.contains(path), "{path}: {login:#?}");
    }
    assert!(!login.contains("user.recipient") && !login.contains("ip"));
    assert!(
        event(Trigger::SendPhoneMessage).contains("message_options.code"),
        "what is refused is told, too"
    );
}

/// The paths of the scalars and the empty containers of a value, and of what the table has as a whole.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(value, &path, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|item| leaves(item, &format!("{path}[]"), found));
        }
        Value::Object(_) | Value::Array(_) => {}
        _ => {
            found.insert(path.to_owned());
        }
    }
}

fn unclassed(source: Source, value: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    leaves(value, "", &mut found);
    found.into_iter().filter(|path| classed(source, path).is_none()).collect()
}

#[test]
fn every_value_of_the_examples_has_a_class() {
    let mut count = 0;
    for entry in fs::read_dir(Path::new(ROOT).join("fixtures/events")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
        let value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let trigger: Trigger = name.parse().unwrap();
        assert_eq!(unclassed(Source::Event(trigger), &value), Vec::<String>::new(), "{name}");
        count += 1;
    }
    assert_eq!(count, 14);
}

#[test]
fn what_must_stay_in_the_action_is_never_public() {
    for entry in fs::read_dir(Path::new(ROOT).join("fixtures/events")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        for trigger in Trigger::ALL.iter().copied() {
            let Err(error) = Event::decode(trigger, text.as_bytes(), "event") else { continue };
            let path = error.path.trim_start_matches("event.").to_owned();
            let is_kept_back = error.message.starts_with("must stay") && value.is_object();
            let class = classed(Source::Event(trigger), &path);
            assert!(
                !is_kept_back || matches!(class, Some(FieldClass::Secret | FieldClass::Personal)),
                "{trigger} {path}"
            );
        }
    }
}

/// The outside examples of logs and messages; `None`, said aloud, where there are none.
fn outside(name: &str) -> Option<BTreeMap<String, String>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the examples lie outside the repository; their place is named here"
    )]
    let (folder, is_ci) = (std::env::var("COUNTERSIGN_CONFORMANCE_DATA"), std::env::var("CI").is_ok());
    let Ok(folder) = folder else {
        assert!(!is_ci, "`COUNTERSIGN_CONFORMANCE_DATA` must be set where `CI` is");
        eprintln!("skipped: `COUNTERSIGN_CONFORMANCE_DATA` is not set");
        return None;
    };
    let files = fs::read_dir(Path::new(&folder).join("auth0/fixtures").join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = files.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
    Some(named.collect())
}

#[test]
fn every_value_of_the_published_logs_and_messages_has_a_class() {
    let (Some(logs), Some(messages)) = (outside("logs"), outside("cloudevents")) else { return };
    for (name, text) in &logs {
        for entry in countersign_auth0::log::entries(text).unwrap() {
            let entry: Value = serde_json::from_str(entry.unwrap_or_else(|_| panic!("{name}")).raw).unwrap();
            assert_eq!(unclassed(Source::Log, &entry), Vec::<String>::new(), "{name}");
        }
    }
    for (name, text) in &messages {
        let message = serde_json::from_str(text).unwrap();
        assert_eq!(unclassed(Source::Stream, &message), Vec::<String>::new(), "{name}");
    }
    assert!(logs.len() > 20 && messages.len() > 2);
}

/// Every property at the top of an entry that the schemas name.
fn documented(schema: &Value, found: &mut BTreeSet<String>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    found.extend(properties.into_iter().flatten().map(|(name, _)| name.clone()));
    for part in ["allOf", "anyOf", "oneOf"] {
        schema
            .get(part)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .for_each(|part| documented(part, found));
    }
}

#[test]
fn every_field_of_the_published_log_schemas_has_a_class() {
    let Some(_) = outside("logs") else { return };
    #[expect(
        clippy::disallowed_methods,
        reason = "the schemas lie outside the repository; their place is named here"
    )]
    let folder = std::env::var("COUNTERSIGN_CONFORMANCE_DATA").unwrap();
    let schemas = fs::read_to_string(Path::new(&folder).join("auth0/schemas/logs-schema.json")).unwrap();
    let schemas: Value = serde_json::from_str(&schemas).unwrap();
    let mut found = BTreeSet::new();
    for (_, schema) in schemas["components"]["schemas"].as_object().unwrap() {
        documented(schema, &mut found);
    }
    assert!(found.len() > 30);
    let has_row =
        |name: &String| rows().any(|row| row.source == "log" && row.path.split('.').next() == Some(name));
    let missing: Vec<_> = found.iter().filter(|name| !has_row(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
