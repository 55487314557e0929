//! `countersign access`

use std::fmt::Write as _;

use anyhow::Context;
use countersign_core::TenantId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Verdict, desk::text, print};
use crate::{
    args::{
        AccessCommand, AddPerson, BreakGlass, EndGrant, EndOne, GrantRole, ListAccess, MakeAccount,
        MakeToken, Server,
    },
    place::Remote,
};

pub async fn run(command: AccessCommand) -> anyhow::Result<Verdict> {
    let told = match command {
        AccessCommand::Me(args) => whole(&list(&args, "me").await?)?,
        AccessCommand::Policies(args) => policies(&list(&args, "policies").await?),
        AccessCommand::People(args) => {
            let columns = ["id", "name", "subject", "seen_at", "disabled_at"];
            table(&people(&args.server).await?, "people", &columns)
        }
        AccessCommand::AddPerson(args) => add_person(&args).await?,
        AccessCommand::DisablePerson(args) => end(&args, "people", "disable").await?,
        AccessCommand::EnablePerson(args) => end(&args, "people", "enable").await?,
        AccessCommand::Roles(args) => {
            let columns = ["id", "principal", "role", "tenant", "organization", "given_at", "given_by"];
            table(&remote(&args.server)?.get(&GRANTS, &at(args.tenant.as_ref())).await?, "grants", &columns)
        }
        AccessCommand::Grant(args) => grant(&args).await?,
        AccessCommand::TakeAway(args) => take_away(&args).await?,
        AccessCommand::Sessions(args) => {
            let columns = ["id", "principal", "how", "created_at", "seen_at", "ends_at"];
            table(&list(&args, "sessions").await?, "sessions", &columns)
        }
        AccessCommand::EndSession(args) => end(&args, "sessions", "end").await?,
        AccessCommand::Accounts(args) => accounts(&list(&args, "accounts").await?),
        AccessCommand::Account(MakeAccount { name, server }) => {
            made(&post(&server, &["accounts"], &json!({ "name": name })).await?)
        }
        AccessCommand::DisableAccount(args) => end(&args, "accounts", "disable").await?,
        AccessCommand::Token(args) => token(&args).await?,
        AccessCommand::RevokeToken(args) => end(&args, "tokens", "revoke").await?,
        AccessCommand::Link(args) | AccessCommand::BreakGlass(args) => link(&args).await?,
    };
    print(&told);
    Ok(Verdict::Holds)
}

fn remote(Server { folder, url, ca }: &Server) -> anyhow::Result<Remote> {
    Remote::new(&folder.load()?, url, ca.as_deref())
}

async fn list(ListAccess { server }: &ListAccess, what: &str) -> anyhow::Result<Value> {
    remote(server)?.get(&["v1", "access", what], &[]).await
}

async fn post(server: &Server, path: &[&str], body: &Value) -> anyhow::Result<Value> {
    let path = [&["v1", "access"], path].concat();
    remote(server)?.call(Method::POST, &path, Some(body)).await
}

/// All people, page by page.
async fn people(server: &Server) -> anyhow::Result<Value> {
    let (remote, mut people, mut query) = (remote(server)?, Vec::new(), Vec::new());
    loop {
        let mut page = remote.get(&["v1", "access", "people"], &query).await?;
        if let Some(Value::Array(rows)) = page.get_mut("people").map(Value::take) {
            people.extend(rows);
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => query = vec![("after", next.to_owned())],
            None => return Ok(json!({ "people": people })),
        }
    }
}

/// Where grants are.
const GRANTS: [&str; 3] = ["v1", "access", "grants"];

fn at(tenant: Option<&TenantId>) -> Vec<(&'static str, String)> {
    tenant.map(|tenant| ("tenant", tenant.to_string())).into_iter().collect()
}

async fn take_away(EndGrant { id, tenant, server }: &EndGrant) -> anyhow::Result<String> {
    let path = [&GRANTS[..], &[id, "end"]].concat();
    let ended = remote(server)?.find_by(&path, &at(tenant.as_ref()), &json!({})).await?;
    ended.with_context(|| format!("there is no grant `{id}` there"))?;
    Ok(format!("{id}: done\n"))
}

async fn add_person(AddPerson { server, subject, name, issuer }: &AddPerson) -> anyhow::Result<String> {
    let body = json!({ "subject": subject, "name": name, "issuer": issuer });
    Ok(made(&post(server, &["people"], &body).await?))
}

async fn grant(args: &GrantRole) -> anyhow::Result<String> {
    let GrantRole { principal, role, tenant, organization, server } = args;
    let body =
        json!({ "principal": principal, "role": role, "tenant": tenant, "organization": organization });
    Ok(made(&post(server, &["grants"], &body).await?))
}

async fn end(EndOne { id, server }: &EndOne, what: &str, act: &str) -> anyhow::Result<String> {
    post(server, &[what, id, act], &json!({})).await?;
    Ok(format!("{id}: done\n"))
}

async fn token(MakeToken { account, scopes, days, server }: &MakeToken) -> anyhow::Result<String> {
    let body = json!({ "scopes": scopes, "days": days });
    let answer = post(server, &["accounts", account, "tokens"], &body).await?;
    Ok(format!(
        "{} until {}\n{}\nIt is told this once: keep it where secrets are kept.\n",
        text(&answer, "id"),
        text(&answer, "expires_at"),
        text(&answer, "token")
    ))
}

async fn link(BreakGlass { reason, server }: &BreakGlass) -> anyhow::Result<String> {
    let answer = post(server, &["links"], &json!({ "reason": reason })).await?;
    let base = server.url.trim_end_matches('/');
    Ok(format!("{base}{}\nIt works once, within 15 minutes.\n", text(&answer, "path")))
}

fn made(answer: &Value) -> String {
    format!("{}\n", text(answer, "id"))
}

fn whole(answer: &Value) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(answer)?))
}

/// Rows with two spaces between their columns; what is absent is a dash.
fn table(answer: &Value, list: &str, columns: &[&str]) -> String {
    let rows = answer.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut told = String::new();
    for row in rows {
        let cells: Vec<_> = columns.iter().map(|column| text(row, column)).collect();
        let _ = writeln!(told, "{}", cells.join("  "));
    }
    if told.is_empty() { "none\n".to_owned() } else { told }
}

fn policies(answer: &Value) -> String {
    let mut told = format!("{}\n", text(answer, "sha256"));
    let files = answer.get("files").unwrap_or(&Value::Null);
    for name in files.as_object().into_iter().flat_map(|files| files.keys()) {
        let _ = writeln!(told, "{}  {name}", text(files, name));
    }
    for id in answer.get("policies").and_then(Value::as_array).into_iter().flatten() {
        let _ = writeln!(told, "  {}", id.as_str().unwrap_or("-"));
    }
    told
}

fn accounts(answer: &Value) -> String {
    let mut told = String::new();
    for account in answer.get("accounts").and_then(Value::as_array).into_iter().flatten() {
        let end = if account.get("disabled_at").is_some_and(Value::is_string) { "  disabled" } else { "" };
        let _ = writeln!(told, "{}  {}{end}", text(account, "id"), text(account, "name"));
        for token in account.get("tokens").and_then(Value::as_array).into_iter().flatten() {
            let end = if token.get("revoked_at").is_some_and(Value::is_string) { "  revoked" } else { "" };
            let _ = writeln!(told, "  {}  until {}{end}", text(token, "id"), text(token, "expires_at"));
        }
    }
    if told.is_empty() { "none\n".to_owned() } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_told_in_lines_and_a_terminal_obeys_none_of_it() {
        let answer = json!({ "people": [{ "id": "per_1", "name": "M\u{1b}ia", "seen_at": null }] });
        assert_eq!(table(&answer, "people", &["id", "name", "seen_at"]), "per_1  M\u{fffd}ia  -\n");
        assert_eq!(table(&json!({ "people": [] }), "people", &["id"]), "none\n");
        let answer =
            json!({ "sha256": "ab", "files": { "viewer.cedar": "cd" }, "policies": ["viewers_read"] });
        assert_eq!(policies(&answer), "ab\ncd  viewer.cedar\n  viewers_read\n");
        let answer = json!({ "accounts": [{ "id": "sva_1", "name": "soar", "disabled_at": null,
            "tokens": [{ "id": "tok_1", "expires_at": "2027-01-01T00:00:00Z", "revoked_at": "2026-12-01T00:00:00Z" }] }] });
        assert_eq!(accounts(&answer), "sva_1  soar\n  tok_1  until 2027-01-01T00:00:00Z  revoked\n");
    }
}
