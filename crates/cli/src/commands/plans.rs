//! `countersign plan`

use std::{io::Read, time::Duration};

use anyhow::{Context, bail};
use countersign_app::acts::PlanFilter;
use countersign_core::TenantId;
use countersign_rights::Action;
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Verdict,
    desk::{MOST, go_on, plain, text},
    print, reveal,
};
use crate::{
    args::{
        AssignPlan, BreakerOf, CommentPlan, ListPlans, OfPlans, PlanCommand, ProposePlan, SettleStep,
        ShowPlan, UndoPlan, VoteOnPlan,
    },
    place::{Place, Remote},
};

/// The most bytes of what is proposed, as the server takes them.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// How often a plan is looked at while somebody is waited for.
const EACH: Duration = Duration::from_secs(2);

pub async fn run(command: PlanCommand) -> anyhow::Result<Verdict> {
    match command {
        PlanCommand::List(args) => list(args).await,
        PlanCommand::Show(args) => show(args).await,
        PlanCommand::Propose(args) => propose(args).await,
        PlanCommand::Approve(args) => vote(args, "approve", "approved").await,
        PlanCommand::Reject(args) => vote(args, "refuse", "rejected").await,
        PlanCommand::Withdraw(args) => vote(args, "take back", "withdrawn").await,
        PlanCommand::Stop(args) => act(&args.of, &args.id, "stop", None).await,
        PlanCommand::Resume(args) => act(&args.of, &args.id, "resume", None).await,
        PlanCommand::Settle(SettleStep { id, step, done, of, .. }) => {
            let body = json!({ "step": step.saturating_sub(1), "is_done": done });
            act(&of, &id, "settle", Some(body)).await
        }
        PlanCommand::Undo(UndoPlan { id, steps, of }) => {
            let body = if steps.is_empty() { json!({}) } else { json!({ "steps": steps }) };
            act(&of, &id, "undo", Some(body)).await
        }
        PlanCommand::Assign(args) => assign(args).await,
        PlanCommand::Comment(args) => comment(args).await,
        PlanCommand::Harm(of) => breaker(&of, Some("harm")).await,
        PlanCommand::Breaker(BreakerOf { close, of }) => breaker(&of, close.then_some("close")).await,
    }
}

/// The running server: it alone has what plans are made and carried out with.
pub(super) fn server(of: &OfPlans) -> anyhow::Result<Remote> {
    let url = of.at.url.as_deref().context(
        "this goes through a running server, which alone can act at a tenant: name it by `--url`, such as `--url http://127.0.0.1:8377`",
    )?;
    Remote::new(&of.at.folder.load()?, url, of.at.ca.as_deref())
}

async fn list(args: ListPlans) -> anyhow::Result<Verdict> {
    let ListPlans { state, incident, undoes, audience, assignee, overdue, before, limit, of } = args;
    let limit = limit.min(MOST);
    let page = match Place::open(&of.at, &of.tenant, Access::ReadOnly, Action::ReadPlans).await? {
        Place::Server(server) => {
            let overdue = overdue.then(|| "true".to_owned());
            let mut query = Vec::new();
            for (name, value) in [
                ("state", state),
                ("incident", incident),
                ("undoes", undoes),
                ("audience", audience),
                ("assignee", assignee),
                ("overdue", overdue),
                ("before", before),
            ] {
                query.extend(value.map(|value| (name, value)));
            }
            server.get(&["v1", "plans", of.tenant.as_str()], &query).await?
        }
        Place::Here(here) => {
            let overdue_at = overdue.then(|| here.app.clock().now());
            let states = state.into_iter().collect();
            let filter = PlanFilter { states, incident, undoes, audience, assignee, overdue_at, before };
            json!({ "plans": here.app.plans(&here.tenant, filter, u32::try_from(limit)?).await? })
        }
    };
    let rows = page.get("plans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for row in rows.iter().take(limit) {
        print(&if of.json { format!("{row}\n") } else { format!("{}\n", line(row)) });
    }
    if let Some(last) = rows.get(limit.saturating_sub(1)) {
        go_on(&text(last, "id"));
    }
    Ok(Verdict::Holds)
}

async fn show(ShowPlan { id, reveal, why, of }: ShowPlan) -> anyhow::Result<Verdict> {
    let why = why.given().filter(|_| !reveal.is_empty());
    let access = if why.is_some() { Access::Own } else { Access::ReadOnly };
    let place = Place::open(&of.at, &of.tenant, access, Action::ReadPlans).await?;
    let shown = match (&place, why) {
        (Place::Server(server), None) => server.get(&["v1", "plans", of.tenant.as_str(), &id], &[]).await?,
        (Place::Server(server), Some(why)) => {
            let body =
                json!({ "fields": reveal, "reason": why.reason, "actor": server.actor(why.by.as_deref()) });
            let path = ["v1", "plans", of.tenant.as_str(), &id, "reveal"];
            let mut opened = server.call(Method::POST, &path, Some(&body)).await?;
            opened.get_mut("plan").map(Value::take).unwrap_or_default()
        }
        (Place::Here(here), None) => serde_json::to_value(here.app.plan(&here.tenant, &id).await?)?,
        (Place::Here(here), Some(why)) => {
            let permit = reveal::permit(here, Action::RevealPlans).await?;
            let asked = countersign_app::reveal::Asked { fields: &reveal, reason: reveal::reason(&why) };
            let whole = countersign_app::reveal::Aliased::Whole;
            let (_, shown) = here.app.reveal_plan(&permit, &id, (asked, whole)).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
            serde_json::to_value(shown)?
        }
    };
    print(&if of.json { format!("{}\n", serde_json::to_string_pretty(&shown)?) } else { in_words(&shown) });
    Ok(Verdict::Holds)
}

async fn propose(ProposePlan { file, of }: ProposePlan) -> anyhow::Result<Verdict> {
    let server = server(&of)?;
    let wanted: Value =
        serde_json::from_str(&read(&file)?).with_context(|| format!("`{file}` is not JSON"))?;
    let head = server.call(Method::POST, &["v1", "plans", of.tenant.as_str()], Some(&wanted)).await?;
    tell(&of, &head)?;
    if !of.json && is(&head, "proposed") {
        let page = server.page(&["plans", &text(&head, "id")], &[("tenant", of.tenant.as_str())]);
        print(&format!("Somebody else approves it at {page}\n"));
    }
    Ok(Verdict::Holds)
}

fn read(file: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    let told = || format!("can't read `{file}`");
    let read = if file == "-" {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).with_context(told)?.take(MAX_BYTES + 1).read_to_string(&mut text)
    };
    let length = u64::try_from(read.with_context(told)?)?;
    if length > MAX_BYTES {
        bail!("`{file}` has more than {MAX_BYTES} bytes, and no plan takes more");
    }
    Ok(text)
}

/// Tells where a person does it. No token is a person: with `--wait` it is seen whether somebody did.
async fn vote(args: VoteOnPlan, act: &str, state: &str) -> anyhow::Result<Verdict> {
    let VoteOnPlan { id, wait, of } = args;
    let server = server(&of)?;
    let path = ["v1", "plans", of.tenant.as_str(), &id];
    let shown = server.get(&path, &[]).await?;
    if !of.json {
        print(&in_words(&shown));
    }
    let page = server.page(&["plans", &id], &[("tenant", of.tenant.as_str())]);
    print(&format!(
        "\nThis command did not {act} it: that takes a person who signed in, and no token or command is one.\nSign in and {act} it at\n  {page}\n"
    ));
    for _ in 0..wait.div_ceil(EACH.as_secs()) {
        let shown = server.get(&path, &[]).await?;
        let head = shown.get("plan").unwrap_or(&Value::Null);
        if !is(head, "proposed") {
            print(&format!("The plan is {}.\n", text(head, "state")));
            let is_so = is(head, state) || state == "approved" && was_approved(head);
            return Ok(if is_so { Verdict::Holds } else { Verdict::Fails });
        }
        tokio::time::sleep(EACH).await;
    }
    Ok(Verdict::Fails)
}

/// Whether a plan stands so.
fn is(head: &Value, state: &str) -> bool {
    text(head, "state") == state
}

/// Whether a plan came further than its approval.
fn was_approved(head: &Value) -> bool {
    ["running", "done", "halted", "failed"].iter().any(|state| is(head, state))
}

async fn act(of: &OfPlans, id: &str, verb: &str, body: Option<Value>) -> anyhow::Result<Verdict> {
    let path = ["v1", "plans", of.tenant.as_str(), id, verb];
    let head = server(of)?.call(Method::POST, &path, body.as_ref()).await?;
    tell(of, &head)?;
    Ok(Verdict::Holds)
}

async fn assign(args: AssignPlan) -> anyhow::Result<Verdict> {
    let AssignPlan { id, to, nobody, audience, priority, of } = args;
    let mut body = serde_json::Map::new();
    if nobody || to.is_some() {
        body.insert("assignee".to_owned(), json!(to));
    }
    body.extend(audience.map(|audience| ("audience".to_owned(), json!(audience))));
    body.extend(priority.map(|priority| ("priority".to_owned(), json!(priority))));
    if body.is_empty() {
        bail!("say `--to NAME`, `--nobody`, `--audience WORD` or `--priority 0..3`");
    }
    act(&of, &id, "assign", Some(Value::Object(body))).await
}

async fn comment(CommentPlan { id, text: said, by, of }: CommentPlan) -> anyhow::Result<Verdict> {
    let server = server(&of)?;
    let body = json!({ "actor": server.actor(by.as_deref()), "text": said });
    let path = ["v1", "plans", of.tenant.as_str(), &id, "comments"];
    let made = server.call(Method::POST, &path, Some(&body)).await?;
    print(&format!("{}\n", text(&made, "id")));
    Ok(Verdict::Holds)
}

async fn breaker(of: &OfPlans, verb: Option<&str>) -> anyhow::Result<Verdict> {
    let server = server(of)?;
    let tenant: &TenantId = &of.tenant;
    let stands = match verb {
        None => server.get(&["v1", "breakers", tenant.as_str()], &[]).await?,
        Some(verb) => server.call(Method::POST, &["v1", "breakers", tenant.as_str(), verb], None).await?,
    };
    print(&if of.json {
        format!("{stands}\n")
    } else if stands.get("is_open") == Some(&Value::Bool(true)) {
        "The breaker is open: nothing goes by itself, people are asked for everything.\n".to_owned()
    } else {
        "The breaker is closed: what the settings let go by itself does.\n".to_owned()
    });
    Ok(Verdict::Holds)
}

/// Tells where a plan stands after an act.
fn tell(of: &OfPlans, head: &Value) -> anyhow::Result<()> {
    print(&if of.json {
        format!("{}\n", serde_json::to_string_pretty(head)?)
    } else {
        format!("{}  {}  {}\n", text(head, "id"), text(head, "state"), text(head, "hash"))
    });
    Ok(())
}

fn line(row: &Value) -> String {
    let kind = |kind: &Value| format!("{} ×{}", text(kind, "kind"), kind["count"]);
    let kinds: Vec<String> = row["kinds"].as_array().into_iter().flatten().map(kind).collect();
    let what = if row["is_erased"] == true { "erased".to_owned() } else { kinds.join(", ") };
    format!(
        "{}  {:10}  {}  {}  {}  {what}",
        text(row, "proposed"),
        text(row, "state"),
        row["priority"],
        text(row, "audience"),
        text(row, "id"),
    )
}

/// The whole of what a step sends.
fn sent(sends: &Value) -> String {
    let mut told = format!("     sends {} {}\n", text(sends, "method"), text(sends, "path"));
    for argument in sends["arguments"].as_array().into_iter().flatten() {
        told.push_str(&format!("       {} = {}\n", text(argument, "name"), text(argument, "value")));
    }
    for line in sends["body"].as_str().into_iter().flat_map(str::lines) {
        told.push_str(&format!("       {}\n", plain(line)));
    }
    told
}

fn in_words(shown: &Value) -> String {
    let list = |name: &str| shown[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let (plan, radius) = (&shown["plan"], &shown["radius"]);
    let mut told = format!(
        "{} · {} · {} users, {} organizations, {} steps, {} irreversible\nhash {}\n{}\nWhat it does\n",
        text(plan, "id"),
        text(plan, "state"),
        radius["users"],
        radius["organizations"],
        radius["steps"],
        radius["irreversible"],
        text(plan, "hash"),
        undone(shown),
    );
    for (number, step) in (1_usize..).zip(list("steps")) {
        let sentence = &step["sentence"];
        told.push_str(&format!(
            "  {number}. {} [{}] {}\n     {}\n{}",
            text(step, "name"),
            text(step, "state"),
            text(sentence, "text"),
            text(sentence, "undone"),
            sent(&step["sends"])
        ));
    }
    for note in list("notes").iter().filter_map(Value::as_str) {
        told.push_str(&format!("  ! {note}\n"));
    }
    told.push_str(&format!("\nIn the words of whoever asks: {}\n", text(shown, "title")));
    for because in list("because") {
        told.push_str(&format!("  - {}\n", text(because, "reason")));
    }
    told.push_str(&format!(
        "\n{} agreed; look by {}; good until {}\n",
        shown["approvals"],
        text(plan, "due"),
        text(plan, "expires")
    ));
    for review in list("reviews") {
        told.push_str(&format!(
            "  {}  {} by {}\n",
            text(review, "at"),
            text(review, "act"),
            text(review, "by")
        ));
    }
    for remark in list("remarks") {
        told.push_str(&format!(
            "  {}  {}: {}\n",
            text(remark, "at"),
            text(remark, "by"),
            text(remark, "text")
        ));
    }
    if let Some(waits) = plan.get("waits").filter(|waits| !waits.is_null()) {
        told.push_str(&format!(
            "\nIt waits ({}) since {}; next try {}\n",
            text(waits, "why"),
            text(waits, "since"),
            text(waits, "next")
        ));
    }
    if let Some(halt) = shown.get("halt").filter(|halt| !halt.is_null()) {
        let step = halt["step"].as_u64().unwrap_or_default() + 1;
        told.push_str(&format!("\nIt halted before step {step}: {}\n", text(&halt["why"], "code")));
    }
    told
}

/// Whose run a plan takes back, and by which plans its own is, a line each.
fn undone(shown: &Value) -> String {
    let (plan, mut told) = (&shown["plan"], String::new());
    if plan["undoes"].is_string() {
        told.push_str(&format!("undoes {}\n", text(plan, "undoes")));
    }
    for undo in shown["undone_by"].as_array().into_iter().flatten() {
        let (id, state, changed) = (text(undo, "id"), text(undo, "state"), text(undo, "changed"));
        told.push_str(&format!("undone by {id} · {state} since {changed} · steps: {}\n", undo["steps"]));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_told_in_words_and_nothing_of_it_commands_the_terminal() {
        let shown = json!({
            "plan": { "id": "pln_1", "state": "halted", "hash": "00ff", "undoes": "pln_0", "due": "2026-08-20T09:00:00Z", "expires": "2026-08-21T09:00:00Z",
                "waits": { "why": "limited", "since": "2026-08-20T08:40:00Z", "next": "2026-08-20T08:45:00Z", "tries": 7 } },
            "undone_by": [{ "id": "pln_2", "state": "done", "steps": 1, "changed": "2026-08-20T08:50:00Z" }],
            "title": "Keep\u{1b}[31m out", "approvals": 1, "notes": ["Keys go on."],
            "radius": { "users": 1, "organizations": 0, "steps": 1, "irreversible": 0 },
            "because": [{ "reason": "they\u{7} called" }],
            "steps": [{ "name": "1.1.block_user", "state": "uncertain",
                "sentence": { "text": "Block the user `als_1`.", "undone": "Lift the block." },
                "sends": { "method": "PATCH", "path": "/users/{id}", "arguments": [{ "name": "id", "value": "\"als_1\"" }],
                    "body": "{\n  \"blocked\": true\u{7}\n}" } }],
            "reviews": [{ "act": "approved", "by": "Noa\u{1b}", "at": "2026-08-20T08:00:00Z" }],
            "remarks": [{ "by": "mia", "text": "hm\u{9b}", "at": "2026-08-20T08:30:00Z" }],
            "halt": { "step": 0, "why": { "code": "uncertain" } },
        });
        let told = in_words(&shown);
        assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{told}");
        for part in [
            "hash 00ff\nundoes pln_0\nundone by pln_2 · done since 2026-08-20T08:50:00Z · steps: 1\n\nWhat it does",
            "1. 1.1.block_user [uncertain] Block the user `als_1`.",
            "     Lift the block.",
            "     sends PATCH /users/{id}\n       id = \"als_1\"\n       {\n         \"blocked\": true\u{fffd}\n       }\n",
            "! Keys go on.",
            "approved by Noa",
            "mia: hm",
            "halted before step 1: uncertain",
            "It waits (limited) since 2026-08-20T08:40:00Z; next try 2026-08-20T08:45:00Z",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let row = json!({ "proposed": "2026-08-20T08:00:00Z", "state": "proposed", "priority": 3, "audience": "security",
            "id": "pln_1", "kinds": [{ "kind": "block_user", "count": 2 }], "is_erased": false });
        assert_eq!(line(&row), "2026-08-20T08:00:00Z  proposed    3  security  pln_1  block_user ×2");
        assert!(line(&json!({ "is_erased": true })).ends_with("erased"));
    }

    #[test]
    fn what_went_on_was_approved() {
        for (state, was) in [("running", true), ("done", true), ("rejected", false), ("expired", false)] {
            assert_eq!(was_approved(&json!({ "state": state })), was, "{state}");
        }
    }
}
