//! Configuration of the Terraform provider `auth0/auth0`, in the resources of its documentation of 2026.

use std::fmt::Write as _;

use super::{File, client_goal, code_files, code_path, left_out, orders, our_name, quoted, way_onward};
use crate::install::{
    API_NAME, API_SCOPES, CLIENT_DESCRIPTION, CLIENT_NAME, ClientGoal, EVENT_STREAM_NAME, EVENT_TOKEN, Goal,
    LOG_CATEGORIES, LOG_STREAM_NAME, LOG_TOKEN, Observed, RUNTIME, TOKEN_SECONDS, audience, client_scopes,
    trigger_version,
};

/// How it is applied.
const HEAD: &str = "# Countersign. Give the secrets as variables; Terraform keeps them in its state.\n";

/// Who manages it then.
const STATE: &str = "# What `apply` took over is Countersign's to change: take it out of Terraform's state by `terraform state rm`, or leave it all to\n\
                     # Terraform, and don't `apply`.\n";

/// Whose provider it is. Event streams came with 1.29.
const PROVIDER: &str = r#"
terraform {
  required_providers {
    auth0 = {
      source  = "auth0/auth0"
      version = ">= 1.29.0, < 2.0.0"
    }
  }
}
"#;

/// A text in quotes; what would be taken for a template is not.
fn text(text: &str) -> String {
    quoted(text).replace("${", "$${").replace("%{", "%%{")
}

/// The name of a variable or resource.
fn label(name: &str) -> String {
    name.chars()
        .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' })
        .collect()
}

/// The installation as Terraform configuration, with the code of the Actions beside it.
#[must_use]
pub fn terraform(goal: &Goal, observed: &Observed) -> Vec<File> {
    let observed = &observed.clone().recognized();
    let mut out = format!("{HEAD}{}{STATE}{PROVIDER}", way_onward(goal));
    variables(&mut out, goal);
    actions(&mut out, goal, observed);
    streams(&mut out, goal);
    api(&mut out, goal);
    client(&mut out, goal);
    let mut files = vec![File { path: "countersign.tf".to_owned(), text: out }];
    files.extend(code_files(goal));
    files
}

fn variables(out: &mut String, goal: &Goal) {
    let mut names: Vec<&str> = Vec::new();
    if !goal.actions.is_empty() {
        names.extend(goal.action_secrets.iter().map(String::as_str));
    }
    names.extend(goal.log_stream.as_ref().map(|_| LOG_TOKEN));
    names.extend(goal.event_stream.as_ref().map(|_| EVENT_TOKEN));
    for name in names {
        let _ =
            write!(out, "\nvariable \"{}\" {{\n  type      = string\n  sensitive = true\n}}\n", label(name));
    }
}

fn actions(out: &mut String, goal: &Goal, observed: &Observed) {
    for trigger in goal.actions.keys() {
        let name = our_name(observed, *trigger);
        let _ = write!(
            out,
            "\nresource \"auth0_action\" \"countersign_{}\" {{\n  name    = {}\n  runtime = \"{RUNTIME}\"\n  deploy  = true\n  \
             code    = file(\"${{path.module}}/{}\")\n\n  supported_triggers {{\n    id      = \"{trigger}\"\n    version = \"{}\"\n  }}\n",
            label(trigger.as_str()),
            text(&name),
            code_path(*trigger),
            trigger_version(*trigger),
        );
        for secret in &goal.action_secrets {
            let _ = write!(
                out,
                "\n  secrets {{\n    name  = {}\n    value = var.{}\n  }}\n",
                text(secret),
                label(secret)
            );
        }
        out.push_str("}\n");
    }
    let left_out = left_out(goal, observed);
    if !left_out.is_empty() {
        let _ = write!(out, "\n{left_out}");
    }
    for (trigger, order) in orders(goal, observed) {
        let label = label(trigger.as_str());
        let _ = write!(
            out,
            "\n# The whole order: foreign Actions by their id, ours where it is to stand.\n\
             resource \"auth0_trigger_actions\" \"{label}\" {{\n  trigger = \"{trigger}\"\n"
        );
        for slot in order {
            let id = match slot.action.shown() {
                serde_json::Value::String(id) if !slot.is_ours => text(&id),
                _ => format!("auth0_action.countersign_{label}.id"),
            };
            let _ = write!(
                out,
                "\n  actions {{\n    id           = {id}\n    display_name = {}\n  }}\n",
                text(&slot.display_name)
            );
        }
        out.push_str("}\n");
    }
}

fn streams(out: &mut String, goal: &Goal) {
    if let Some(stream) = &goal.log_stream {
        let filters =
            LOG_CATEGORIES.iter().map(|name| format!("    {{ type = \"category\", name = \"{name}\" }},\n"));
        let _ = write!(
            out,
            "\nresource \"auth0_log_stream\" \"countersign\" {{\n  name   = {}\n  type   = \"http\"\n  status = \"active\"\n  \
             filters = [\n{}  ]\n\n  sink {{\n    http_endpoint       = {}\n    http_content_type   = \"application/json\"\n    \
             http_content_format = \"JSONLINES\"\n    http_authorization  = \"Bearer ${{var.{}}}\"\n  }}\n}}\n",
            text(LOG_STREAM_NAME),
            filters.collect::<String>(),
            text(&stream.endpoint),
            label(LOG_TOKEN),
        );
    }
    if let Some(stream) = &goal.event_stream {
        let types: Vec<String> = stream.types.iter().map(|name| text(name)).collect();
        let _ = write!(
            out,
            "\nresource \"auth0_event_stream\" \"countersign\" {{\n  name             = {}\n  status           = \"enabled\"\n  \
             destination_type = \"webhook\"\n  subscriptions    = [{}]\n\n  webhook_configuration {{\n    webhook_endpoint = {}\n\n    webhook_authorization {{\n      \
             method = \"bearer\"\n      token  = var.{}\n    }}\n  }}\n}}\n",
            text(EVENT_STREAM_NAME),
            types.join(", "),
            text(&stream.endpoint),
            label(EVENT_TOKEN),
        );
    }
}

fn api(out: &mut String, goal: &Goal) {
    let Some(api) = &goal.api else { return };
    let _ = write!(
        out,
        "\nresource \"auth0_resource_server\" \"countersign\" {{\n  name                 = {}\n  identifier           = {}\n  \
         signing_alg          = \"RS256\"\n  token_lifetime       = {TOKEN_SECONDS}\n  allow_offline_access = false\n}}\n\nresource \"auth0_resource_server_scopes\" \"countersign\" {{\n  \
         resource_server_identifier = auth0_resource_server.countersign.identifier\n",
        text(API_NAME),
        text(&api.identifier),
    );
    for (name, description) in API_SCOPES {
        let _ = write!(
            out,
            "\n  scopes {{\n    name        = {}\n    description = {}\n  }}\n",
            text(name),
            text(description)
        );
    }
    out.push_str("}\n");
}

fn client(out: &mut String, goal: &Goal) {
    let Some(client) = client_goal(goal) else { return };
    let _ = write!(
        out,
        "\nresource \"auth0_client\" \"countersign\" {{\n  name            = {}\n  description     = {}\n  app_type        = \"non_interactive\"\n  \
         grant_types     = [\"client_credentials\"]\n  oidc_conformant = true\n}}\n",
        text(CLIENT_NAME),
        text(CLIENT_DESCRIPTION)
    );
    let (method, proof) = match client {
        ClientGoal::Secret => ("client_secret_post", String::new()),
        ClientGoal::PublicKey(pem) => (
            "private_key_jwt",
            format!(
                "\n  private_key_jwt {{\n    credentials {{\n      name            = \"countersign\"\n      \
                 credential_type = \"public_key\"\n      pem             = {}\n    }}\n  }}\n",
                text(pem)
            ),
        ),
    };
    let _ = write!(
        out,
        "\nresource \"auth0_client_credentials\" \"countersign\" {{\n  client_id             = auth0_client.countersign.id\n  \
         authentication_method = \"{method}\"\n{proof}}}\n"
    );
    let scopes: Vec<String> = client_scopes(goal).iter().map(|scope| text(scope)).collect();
    let _ = write!(
        out,
        "\nresource \"auth0_client_grant\" \"countersign\" {{\n  client_id = auth0_client.countersign.id\n  \
         audience  = {}\n  scopes    = [{}]\n}}\n",
        text(&audience(&goal.domain)),
        scopes.join(", ")
    );
}
