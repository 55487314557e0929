//! `countersign review`

use anyhow::bail;
use countersign_app::reviews::{ReviewFilter, ReviewStatus};
use countersign_rights::Action;
use countersign_store::Access;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Verdict,
    desk::{MOST, go_on, text},
    plans::server,
    print,
};
use crate::{
    args::{
        AssignReview, CommentReview, JudgeReview, ListReviews, OfPlans, OpenReview, ReviewCommand, ShowReview,
    },
    place::Place,
};

pub async fn run(command: ReviewCommand) -> anyhow::Result<Verdict> {
    match command {
        ReviewCommand::List(args) => list(args).await,
        ReviewCommand::Show(args) => show(args).await,
        ReviewCommand::Open(args) => open(args).await,
        ReviewCommand::Assign(args) => assign(args).await,
        ReviewCommand::Comment(args) => comment(args).await,
        ReviewCommand::Verdict(args) => judge(args).await,
    }
}

async fn list(args: ListReviews) -> anyhow::Result<Verdict> {
    let ListReviews { closed, audience, assignee, overdue, before, limit, of } = args;
    let limit = limit.min(MOST);
    let status = if closed { ReviewStatus::Closed } else { ReviewStatus::Open };
    let status = Some(status.as_str().to_owned());
    let page = match Place::open(&of.at, &of.tenant, Access::ReadOnly, Action::ReadPlans).await? {
        Place::Server(server) => {
            let overdue = overdue.then(|| "true".to_owned());
            let pairs = [
                ("status", status),
                ("audience", audience),
                ("assignee", assignee),
                ("overdue", overdue),
                ("before", before),
            ];
            let query: Vec<_> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            server.get(&["v1", "reviews", of.tenant.as_str()], &query).await?
        }
        Place::Here(here) => {
            let overdue_at = overdue.then(|| here.app.clock().now());
            let filter =
                ReviewFilter { status, audience, assignee, overdue_at, before, ..ReviewFilter::default() };
            json!({ "reviews": here.app.reviews(&here.tenant, filter, u32::try_from(limit)?).await? })
        }
    };
    let rows = page.get("reviews").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for row in rows.iter().take(limit) {
        print(&if of.json { format!("{row}\n") } else { format!("{}\n", line(row)) });
    }
    if let Some(last) = rows.get(limit.saturating_sub(1)) {
        go_on(&text(last, "id"));
    }
    Ok(Verdict::Holds)
}

async fn show(ShowReview { id, why, of }: ShowReview) -> anyhow::Result<Verdict> {
    let shown = match why.given() {
        None => match Place::open(&of.at, &of.tenant, Access::ReadOnly, Action::ReadPlans).await? {
            Place::Server(server) => server.get(&["v1", "reviews", of.tenant.as_str(), &id], &[]).await?,
            Place::Here(here) => serde_json::to_value(here.app.review(&here.tenant, &id).await?)?,
        },
        Some(why) => {
            let server = server(&of)?;
            let body = json!({ "reason": why.reason, "actor": server.actor(why.by.as_deref()) });
            let path = ["v1", "reviews", of.tenant.as_str(), &id, "reveal"];
            let mut opened = server.call(Method::POST, &path, Some(&body)).await?;
            opened.get_mut("review").map(Value::take).unwrap_or_default()
        }
    };
    print(&if of.json { format!("{}\n", serde_json::to_string_pretty(&shown)?) } else { in_words(&shown) });
    Ok(Verdict::Holds)
}

async fn open(args: OpenReview) -> anyhow::Result<Verdict> {
    let OpenReview { decision, reason, to, audience, priority, of } = args;
    let mut body = Map::new();
    body.insert("decision".to_owned(), json!(decision));
    body.insert("reason".to_owned(), json!(reason));
    body.extend(to.map(|to| ("assignee".to_owned(), json!(to))));
    body.extend(audience.map(|audience| ("audience".to_owned(), json!(audience))));
    body.extend(priority.map(|priority| ("priority".to_owned(), json!(priority))));
    let path = ["v1", "reviews", of.tenant.as_str()];
    let head = server(&of)?.call(Method::POST, &path, Some(&Value::Object(body))).await?;
    tell(&of, &head)
}

async fn assign(args: AssignReview) -> anyhow::Result<Verdict> {
    let AssignReview { id, to, nobody, audience, priority, of } = args;
    let mut body = Map::new();
    if nobody || to.is_some() {
        body.insert("assignee".to_owned(), json!(to));
    }
    body.extend(audience.map(|audience| ("audience".to_owned(), json!(audience))));
    body.extend(priority.map(|priority| ("priority".to_owned(), json!(priority))));
    if body.is_empty() {
        bail!("say `--to NAME`, `--nobody`, `--audience WORD` or `--priority 0..3`");
    }
    act(&of, (&id, "assign"), body).await.and_then(|head| tell(&of, &head))
}

async fn comment(CommentReview { id, text: said, by, of }: CommentReview) -> anyhow::Result<Verdict> {
    let server = server(&of)?;
    let body = json!({ "actor": server.actor(by.as_deref()), "text": said });
    let path = ["v1", "reviews", of.tenant.as_str(), &id, "comments"];
    let made = server.call(Method::POST, &path, Some(&body)).await?;
    print(&format!("{}\n", text(&made, "id")));
    Ok(Verdict::Holds)
}

async fn judge(JudgeReview { id, verdict, reason, by, of }: JudgeReview) -> anyhow::Result<Verdict> {
    let mut body = Map::new();
    body.insert("actor".to_owned(), json!(server(&of)?.actor(by.as_deref())));
    body.insert("verdict".to_owned(), json!(verdict.as_str()));
    body.insert("reason".to_owned(), json!(reason));
    let closed = act(&of, (&id, "verdict"), body).await?;
    tell(&of, closed.get("review").unwrap_or(&Value::Null))
}

/// Acts on a review as it stands now.
async fn act(of: &OfPlans, (id, verb): (&str, &str), mut body: Map<String, Value>) -> anyhow::Result<Value> {
    let server = server(of)?;
    let stands = server.get(&["v1", "reviews", of.tenant.as_str(), id], &[]).await?;
    body.insert("version".to_owned(), stands.get("version").cloned().unwrap_or_default());
    let path = ["v1", "reviews", of.tenant.as_str(), id, verb];
    server.call(Method::POST, &path, Some(&Value::Object(body))).await
}

fn tell(of: &OfPlans, head: &Value) -> anyhow::Result<Verdict> {
    print(&if of.json {
        format!("{}\n", serde_json::to_string_pretty(head)?)
    } else {
        format!("{}\n", line(head))
    });
    Ok(Verdict::Holds)
}

fn line(row: &Value) -> String {
    format!(
        "{}  {:6}  {}  {}  {}  {}  {}",
        text(row, "due"),
        text(row, "status"),
        row["priority"],
        text(row, "audience"),
        text(row, "id"),
        text(row, "decision"),
        text(row, "verdict"),
    )
}

fn in_words(shown: &Value) -> String {
    let mut told = format!(
        "{}\n{} · {} · {}\nput there: {}\n",
        line(shown),
        text(shown, "trigger"),
        text(shown, "level"),
        text(shown, "alias"),
        text(shown, "because")
    );
    if shown["verdict"].is_string() {
        told.push_str(&format!(
            "{}, says {}: {}\n",
            text(shown, "verdict"),
            text(shown, "closed_by"),
            text(shown, "closing")
        ));
    }
    for remark in shown["remarks"].as_array().into_iter().flatten() {
        told.push_str(&format!(
            "  {}  {}: {}\n",
            text(remark, "at"),
            text(remark, "by"),
            text(remark, "text")
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_told_in_words_and_nothing_of_it_commands_the_terminal() {
        let shown = json!({ "id": "rvw_1", "due": "2026-08-20T08:00:00Z", "status": "closed", "priority": 2, "audience": "security",
            "decision": "dec_1", "verdict": "fraudulent", "trigger": "post-login", "level": "high", "alias": "als_1",
            "because": "they\u{1b} called", "closed_by": "noa", "closing": "a bot\u{7}",
            "remarks": [{ "at": "2026-08-20T08:00:00Z", "by": "mia", "text": "hm\u{9b}" }] });
        let told = in_words(&shown);
        assert!(!told.chars().any(|char| char.is_control() && char != '\n'), "{told}");
        for part in ["2  security  rvw_1  dec_1  fraudulent", "fraudulent, says noa: a bot", "mia: hm"] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }
}
