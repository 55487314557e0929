//! A tenant that answers as a test says.

use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;

use super::*;
use crate::management::{Api, Cause, Pending, Refusal, Reply};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

type Answer = Result<Value, ApiError>;

struct Fake<F> {
    answer: F,
    asked: Mutex<Vec<(String, Lane)>>,
}

impl<F: Fn(&AnyRequest) -> Option<Answer> + Send + Sync> Api for Fake<F> {
    fn fetch<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Reply, ApiError>> {
        self.asked.lock().push((request.path().to_owned(), lane));
        let answer = (self.answer)(request).unwrap_or_else(|| Ok(usual(request.path())));
        Box::pin(async move {
            answer.map(|answer| Reply { status: 200, body: answer.to_string().into(), next: None })
        })
    }

    fn change<'a>(
        &'a self,
        request: &'a AnyRequest,
        _: Lane,
        _: &'a Cause,
    ) -> Pending<'a, Result<Reply, ApiError>> {
        Box::pin(async move { Err(ApiError::NotRead { operation: request.operation() }) })
    }
}

impl<F: Fn(&AnyRequest) -> Option<Answer> + Send + Sync> Port for Fake<F> {
    fn api(&self) -> &dyn Api {
        self
    }

    fn list<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Vec<Value>, ApiError>> {
        Box::pin(async move {
            let reply = self.fetch(request, lane).await?;
            Ok(serde_json::from_slice(&reply.body).unwrap())
        })
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}

impl<F: Fn(&AnyRequest) -> Option<Answer> + Send + Sync> Source for Fake<F> {
    fn told(&self) -> Told {
        Told { granted: Some(vec!["read:logs".to_owned()]), ..Told::default() }
    }
}

fn usual(path: &str) -> Value {
    if path.starts_with("/attack-protection") { json!({}) } else { json!([]) }
}

/// What is read of a tenant that answers so, and what it was asked by which lane.
async fn look(
    lane: Lane,
    answer: impl Fn(&AnyRequest) -> Option<Answer> + Send + Sync,
) -> (Posture, Vec<(String, Lane)>) {
    let fake = Fake { answer, asked: Mutex::default() };
    let mut posture = unreached();
    read(&fake, lane, NOW, &mut posture).await;
    (posture, fake.asked.into_inner())
}

fn refused(request: &AnyRequest, status: u16) -> ApiError {
    let refusal = Refusal { status, error: String::new(), code: None, message: String::new() };
    ApiError::Refused { operation: request.operation(), refusal }
}

fn unavailable(request: &AnyRequest, why: Unanswered) -> ApiError {
    ApiError::Unavailable { operation: request.operation(), why }
}

#[tokio::test]
async fn each_request_goes_by_the_lane_that_was_named() {
    for lane in [Lane::Bulk, Lane::Interactive] {
        let (posture, asked) = look(lane, |_| None).await;
        assert!(posture.is_whole() && asked.len() > Area::ALL.len());
        assert_eq!(asked.iter().find(|(_, by)| *by != lane), None);
    }
}

#[tokio::test]
async fn a_part_that_answers_oddly_hides_no_other() {
    type Odd = fn(&AnyRequest) -> Answer;
    let odd: [Odd; 5] = [
        |_| Ok(json!([7])),
        |request| Err(refused(request, 404)),
        |request| Err(unavailable(request, Unanswered::Status(500))),
        |request| Err(unavailable(request, Unanswered::Nonsense)),
        |request| Err(unavailable(request, Unanswered::Late)),
    ];
    for odd in odd {
        let (posture, _) =
            look(Lane::Bulk, |request| (request.path() == "/log-streams").then(|| odd(request))).await;
        assert_eq!(posture.unread, [(Area::LogStreams, Why::NoAnswer)].into());
        assert_eq!(posture.read.len(), Area::ALL.len() - 1);
    }
}

#[tokio::test]
async fn what_concerns_all_ends_the_look_and_keeps_what_was_read() {
    type Off = fn(&AnyRequest) -> ApiError;
    let all: [Off; 7] = [
        |request| ApiError::Paused { operation: request.operation() },
        |request| ApiError::Busy { operation: request.operation() },
        |request| ApiError::Limited { operation: request.operation(), after: None },
        |request| refused(request, 401),
        |request| unavailable(request, Unanswered::Unreachable),
        |request| unavailable(request, Unanswered::Credentials),
        |request| unavailable(request, Unanswered::NoToken),
    ];
    for off in all {
        let off = |request: &AnyRequest| (request.path() == "/log-streams").then(|| Err(off(request)));
        let (posture, asked) = look(Lane::Bulk, off).await;
        assert_eq!(posture.read, [Area::Actions]);
        assert!(
            posture.unread.len() == Area::ALL.len() - 1
                && posture.unread.values().all(|why| *why == Why::Unreached)
        );
        assert_eq!(asked.last().map(|(path, _)| path.as_str()), Some("/log-streams"));
        assert!(posture.granted.is_some(), "what answers told by the way is kept");
    }
}

#[tokio::test]
async fn what_is_not_there_is_gone_for_hooks_and_rules_alone() {
    for status in ABSENT {
        let (posture, _) = look(Lane::Bulk, |request| Some(Err(refused(request, status)))).await;
        for (area, why) in posture.unread {
            let is_ending = matches!(area, Area::Hooks | Area::Rules);
            assert_eq!(why, if is_ending { Why::Gone } else { Why::NoAnswer }, "{area:?}");
        }
    }
    let (posture, _) = look(Lane::Bulk, |request| Some(Err(refused(request, 403)))).await;
    assert!(posture.unread.values().all(|why| *why == Why::Scope));
}

/// A log with so many entries, so many seconds apart.
fn log(entries: i64, apart: i64) -> impl Fn(&AnyRequest) -> Option<Answer> {
    move |request| {
        let number = |name: &str| {
            let mut query = request.query().iter();
            query.find(|(known, _)| known == name).map(|(_, value)| value.parse::<i64>().unwrap())
        };
        if request.path() != "/logs" {
            return None;
        }
        let (page, size) = (number("page").unwrap(), number("per_page").unwrap());
        let entry = |place: i64| json!({"log_id": format!("{place:06}"), "type": "s", "date": NOW.plus(-place * apart * 1_000_000).to_string()});
        Some(Ok((page * size..entries.min((page + 1) * size)).map(entry).collect()))
    }
}

#[tokio::test]
async fn the_log_is_read_back_to_where_sign_ins_are_compared_and_no_further_than_a_search_goes() {
    for (entries, apart, read, has_older) in [
        (50, 1, 50, false),
        (3_000, 60, 100, true),
        (3_000, 2, 500, true),
        (5_000, 0, 1_000, true),
        (100, 0, 100, false),
    ] {
        let (posture, _) = look(Lane::Bulk, log(entries, apart)).await;
        assert_eq!((posture.logs.len(), posture.has_older_logs), (read, has_older), "{entries} {apart}");
    }
}
