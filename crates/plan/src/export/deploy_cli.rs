//! Configuration of Auth0's Deploy CLI, as one YAML file. Secrets are its keywords, `##NAME##`.

use std::fmt::Write as _;

use super::{File, client_goal, code_files, code_path, left_out, orders, our_name, quoted, way_onward};
use crate::install::{
    API_NAME, API_SCOPES, CLIENT_DESCRIPTION, CLIENT_NAME, ClientGoal, EVENT_STREAM_NAME, EVENT_TOKEN, Goal,
    LOG_CATEGORIES, LOG_STREAM_NAME, LOG_TOKEN, Observed, RUNTIME, TOKEN_SECONDS, audience, client_scopes,
    trigger_version,
};

/// How it is imported.
const HEAD: &str = "\
# Countersign. Import it with AUTH0_ALLOW_DELETE=false: it names nothing but its own resources, and whole orders.
# Each ##NAME## is a secret: give it as an environment variable of that name.
";

/// The installation as a Deploy CLI configuration, with the code of the Actions beside it.
#[must_use]
pub fn deploy_cli(goal: &Goal, observed: &Observed) -> Vec<File> {
    let observed = &observed.clone().recognized();
    let mut out = HEAD.to_owned();
    out.push_str(&way_onward(goal));
    actions(&mut out, goal, observed);
    streams(&mut out, goal);
    api(&mut out, goal);
    client(&mut out, goal);
    let mut files = vec![File { path: "tenant.yaml".to_owned(), text: out }];
    files.extend(code_files(goal));
    files
}

fn actions(out: &mut String, goal: &Goal, observed: &Observed) {
    if goal.actions.is_empty() {
        return;
    }
    out.push_str("\nactions:\n");
    for trigger in goal.actions.keys() {
        let _ = write!(
            out,
            "  - name: {}\n    code: ./{}\n    runtime: {RUNTIME}\n    deployed: true\n    dependencies: []\n    secrets:\n",
            quoted(&our_name(observed, *trigger)),
            code_path(*trigger)
        );
        for secret in &goal.action_secrets {
            let value = quoted(&format!("##{secret}##"));
            let _ = writeln!(out, "      - {{ name: {}, value: {value} }}", quoted(secret));
        }
        let _ = writeln!(
            out,
            "    supported_triggers:\n      - {{ id: {trigger}, version: {} }}",
            trigger_version(*trigger)
        );
    }
    out.push_str(
        "\n# The whole order of each trigger: foreign Actions as they are, ours where it is to stand.\n",
    );
    out.push_str(&left_out(goal, observed));
    out.push_str("triggers:\n");
    for (trigger, order) in orders(goal, observed) {
        let _ = writeln!(out, "  {trigger}:");
        for slot in order {
            let _ = writeln!(
                out,
                "    - {{ action_name: {}, display_name: {} }}",
                quoted(&slot.name),
                quoted(&slot.display_name)
            );
        }
    }
}

fn streams(out: &mut String, goal: &Goal) {
    if let Some(stream) = &goal.log_stream {
        let _ = write!(
            out,
            "\nlogStreams:\n  - name: {}\n    type: http\n    status: active\n    sink:\n      httpEndpoint: {}\n      \
             httpContentType: application/json\n      httpContentFormat: JSONLINES\n      httpAuthorization: {}\n    filters:\n",
            quoted(LOG_STREAM_NAME),
            quoted(&stream.endpoint),
            quoted(&format!("Bearer ##{LOG_TOKEN}##")),
        );
        for name in LOG_CATEGORIES {
            let _ = writeln!(out, "      - {{ type: category, name: {name} }}");
        }
    }
    if let Some(stream) = &goal.event_stream {
        let _ = write!(
            out,
            "\neventStreams:\n  - name: {}\n    status: enabled\n    destination:\n      type: webhook\n      configuration:\n        \
             webhook_endpoint: {}\n        webhook_authorization: {{ method: bearer, token: {} }}\n    subscriptions:\n",
            quoted(EVENT_STREAM_NAME),
            quoted(&stream.endpoint),
            quoted(&format!("##{EVENT_TOKEN}##")),
        );
        for name in &stream.types {
            let _ = writeln!(out, "      - event_type: {}", quoted(name));
        }
    }
}

fn api(out: &mut String, goal: &Goal) {
    let Some(api) = &goal.api else { return };
    let _ = write!(
        out,
        "\nresourceServers:\n  - name: {}\n    identifier: {}\n    signing_alg: RS256\n    token_lifetime: {TOKEN_SECONDS}\n    \
         allow_offline_access: false\n    scopes:\n",
        quoted(API_NAME),
        quoted(&api.identifier)
    );
    for (value, description) in API_SCOPES {
        let _ = writeln!(out, "      - {{ value: {}, description: {} }}", quoted(value), quoted(description));
    }
}

fn client(out: &mut String, goal: &Goal) {
    let Some(client) = client_goal(goal) else { return };
    let _ = write!(
        out,
        "\nclients:\n  - name: {}\n    description: {}\n    app_type: non_interactive\n    grant_types: [client_credentials]\n    \
         oidc_conformant: true\n",
        quoted(CLIENT_NAME),
        quoted(CLIENT_DESCRIPTION)
    );
    match client {
        ClientGoal::Secret => out.push_str("    token_endpoint_auth_method: client_secret_post\n"),
        ClientGoal::PublicKey(pem) => {
            let _ = write!(
                out,
                "    client_authentication_methods:\n      private_key_jwt:\n        credentials:\n          \
                 - {{ name: countersign, credential_type: public_key, pem: {} }}\n",
                quoted(pem)
            );
        }
    }
    let _ = write!(
        out,
        "\nclientGrants:\n  - client_id: {}\n    audience: {}\n    scope:\n",
        quoted(CLIENT_NAME),
        quoted(&audience(&goal.domain))
    );
    for scope in client_scopes(goal) {
        let _ = writeln!(out, "      - {scope}");
    }
}
