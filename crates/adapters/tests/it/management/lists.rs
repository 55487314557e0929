//! Lists, page by page, while they change.

use std::sync::Mutex;

use countersign_app::management::{Error, Lane};
use countersign_auth0::management::{Item, logs, members, users};
use serde_json::{Value, json};

use super::tenant::{Act, Asked, Tenant, answer, ok, refuse, tenant};

fn users_of(range: std::ops::Range<usize>) -> Vec<Value> {
    range.map(|n| json!({"user_id": format!("auth0|{n}")})).collect()
}

/// The page of a list that was asked for, with totals.
fn page(items: &[Value], asked: &Asked) -> Act {
    let number = |name| asked.query(name).unwrap().parse::<usize>().unwrap();
    let (page, size) = (number("page"), number("per_page"));
    if (page + 1) * size > 1_000 {
        return refuse(
            "400 Bad Request",
            "invalid_paging",
            "You can only page through the first 1000 records.",
        );
    }
    let shown: Vec<&Value> = items.iter().skip(page * size).take(size).collect();
    ok(
        &json!({"users": shown, "start": page * size, "limit": size, "length": shown.len(), "total": items.len()}),
    )
}

async fn ids(tenant: &Tenant) -> Result<Vec<String>, Error> {
    let users = tenant.management.pages(users::list(), Lane::Bulk).all().await?;
    Ok(users.iter().map(Item::id).collect())
}

#[tokio::test]
async fn a_list_of_one_page_is_one_request() {
    let tenant = tenant(|asked| page(&users_of(0..100), asked)).await;
    assert_eq!(ids(&tenant).await.unwrap().len(), 100);
    assert_eq!(tenant.asked(), ["GET /api/v2/users?page=0&per_page=100&include_totals=true"]);
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_users_come_and_go() {
    let items = Mutex::new((users_of(0..550), 0_usize));
    let changing = move |asked: &Asked| {
        let mut items = items.lock().unwrap();
        let answer = page(&items.0, asked);
        items.1 += 1;
        // After some of the reads: gone at the front, so that all move up; or come at the front, so that all move down.
        match items.1 {
            1 | 6 => drop(items.0.drain(0..3)),
            3 => drop(items.0.drain(10..140)),
            4 => items.0.splice(0..0, users_of(2_000..2_007)).for_each(drop),
            8 => {
                items.0.remove(20);
                items.0.push(json!({"user_id": "auth0|late"}));
            }
            _ => {}
        }
        answer
    };
    let tenant = tenant(changing).await;
    let ids = ids(&tenant).await.unwrap();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "none twice");
    for n in 200..550 {
        assert!(ids.contains(&format!("auth0|{n}")), "{n} was there throughout");
    }
}

#[tokio::test]
async fn a_list_of_more_than_a_thousand_is_told_after_the_first_thousand() {
    let tenant_of = |count| tenant(move |asked| page(&users_of(0..count), asked));
    assert_eq!(ids(&tenant_of(1_000).await).await.unwrap().len(), 1_000);
    let tenant = tenant_of(1_001).await;
    let mut pages = tenant.management.pages(users::list(), Lane::Bulk);
    let mut count = 0;
    let error = loop {
        match pages.next().await.unwrap() {
            Ok(items) => count += items.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (count, error.to_string().as_str()),
        (1_000, "`users.list` lists 1,000 items at the most, and there are more")
    );
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn a_page_that_is_repeated_for_ever_ends_in_an_error() {
    let tenant = tenant(|_| ok(&json!(users_of(0..100)))).await;
    assert!(matches!(ids(&tenant).await, Err(Error::Repeating { .. })));
    assert!(tenant.asked().len() < 5);
}

#[tokio::test]
async fn a_list_that_never_stands_still_ends_in_an_error() {
    let count = Mutex::new(0);
    let tenant = tenant(move |_| {
        let mut count = count.lock().unwrap();
        *count += 100;
        ok(&json!(users_of(*count..*count + 100)))
    })
    .await;
    assert!(matches!(ids(&tenant).await, Err(Error::Unsettled { .. })));
    assert_eq!(tenant.asked().len(), 80);
}

async fn read_members(tenant: &Tenant) -> Result<usize, Error> {
    let request = members::list(&"org_1".parse().unwrap());
    Ok(tenant.management.pages(request, Lane::Bulk).all().await?.len())
}

#[tokio::test]
async fn a_list_by_checkpoint_is_read_beyond_a_thousand_and_each_comes_once() {
    let tenant = tenant(|asked| {
        let from: usize = asked.query("from").map_or(0, |from| from.parse().unwrap());
        let next = from + 100;
        // Each page begins with the last of the one before.
        let items = users_of(from.saturating_sub(1)..next.min(2_500));
        let next = (next < 2_500).then(|| next.to_string());
        ok(&next.map_or_else(|| json!({"members": items}), |next| json!({"members": items, "next": next})))
    })
    .await;
    assert_eq!(read_members(&tenant).await.unwrap(), 2_500);
    assert_eq!(tenant.asked().len(), 25);
    assert_eq!(tenant.asked()[1], "GET /api/v2/organizations/org_1/members?from=100&take=100");
}

#[tokio::test]
async fn checkpoints_that_lead_nowhere_end_in_an_error() {
    let same = tenant(|_| ok(&json!({"members": users_of(0..1), "next": "a"}))).await;
    assert!(matches!(read_members(&same).await, Err(Error::Repeating { .. })));
    let new = tenant(|asked| {
        let next = asked.query("from").unwrap_or_default() + "a";
        ok(&json!({"members": users_of(0..1), "next": next}))
    })
    .await;
    assert!(matches!(read_members(&new).await, Err(Error::Repeating { .. })));
    assert!(same.asked().len() < 5 && new.asked().len() < 6);
}

fn log_page(url: &str, asked: &Asked, path: &str) -> Act {
    let from: usize = asked.query("from").unwrap().parse().unwrap();
    let items: Vec<Value> =
        (from + 1..=(from + 100).min(250)).map(|n| json!({"log_id": n.to_string(), "type": "s"})).collect();
    let last = items.last().map_or(from, |_| (from + 100).min(250));
    let link = format!("link: <{url}{path}?from={last}&take=100>; rel=\"next\"");
    answer("200 OK", &[&link], &json!(items).to_string())
}

#[tokio::test]
async fn logs_are_read_by_link_until_there_are_no_more() {
    let url: std::sync::Arc<std::sync::OnceLock<String>> = std::sync::Arc::default();
    let told = std::sync::Arc::clone(&url);
    let tenant = tenant(move |asked| log_page(told.get().unwrap(), asked, "api/v2/logs")).await;
    url.set(tenant.url.clone()).unwrap();
    let mut pages = tenant.management.pages(logs::after(&"0".parse().unwrap()), Lane::Bulk);
    let mut read = Vec::new();
    while let Some(items) = pages.next().await {
        read.extend(items.unwrap().iter().map(Item::id));
    }
    assert_eq!(read, (1..=250).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(pages.mark(), Some("250"), "where to begin at another time");
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_is_no_link() {
    for (url, path) in [
        ("https://elsewhere.example/", "api/v2/logs"),
        ("/", "api/v2/users"),
        ("//elsewhere.example/", "api/v2/logs"),
    ] {
        let tenant = tenant(move |asked| log_page(url, asked, path)).await;
        let items =
            tenant.management.pages(logs::after(&"0".parse().unwrap()), Lane::Bulk).all().await.unwrap();
        assert_eq!((items.len(), tenant.asked().len()), (100, 1), "{url}{path}");
    }
}

#[tokio::test]
async fn logs_without_a_beginning_are_not_read_as_a_whole() {
    let tenant = tenant(|_| ok(&json!([]))).await;
    let error = tenant.management.pages(logs::search("type:s"), Lane::Bulk).all().await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }));
    assert_eq!(tenant.asked().len(), 0);
}
