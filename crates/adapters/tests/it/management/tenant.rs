//! A tenant of a test's own: it answers as told, remembers what it was asked, and time stands still but for sleeping.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use countersign_adapters::management::{Credentials, Management, Plan, Settings, Sleep, Surroundings};
use countersign_app::management::{Authority, Cause, End, Intent, Maker, Pending, RecordError, Recorder};
use countersign_core::{
    Clock, Secret, Timestamp,
    testing::{CountingEntropy, HeldClock},
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::peer::read;

/// Long enough that nothing here takes as long, where it is not to be waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const SECRET: &str = "CANARY-client-secret";
pub const TOKEN: &str = "CANARY-token";

/// When every test begins.
pub const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// Everything.
    pub whole: String,
    /// How many of this method and target came before.
    pub before: usize,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(self.whole.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned)
    }
}

/// What a tenant does about a request.
pub enum Act {
    /// Sends these bytes, and closes.
    Bytes(Vec<u8>),
    /// Closes without an answer.
    Close,
    /// Keeps the connection, and says nothing.
    Silence,
}

/// An answer of that status with these headers, a line each, and that body.
pub fn answer(status: &str, headers: &[&str], body: &str) -> Act {
    let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    Act::Bytes(
        format!("HTTP/1.1 {status}\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into(),
    )
}

/// An answer with JSON.
pub fn ok(body: &Value) -> Act {
    answer("200 OK", &[], &body.to_string())
}

/// A refusal of the API's.
pub fn refuse(status: &str, code: &str, message: &str) -> Act {
    let number: u16 = status[..3].parse().unwrap();
    let body = json!({"statusCode": number, "error": &status[4..], "errorCode": code, "message": message});
    answer(status, &[], &body.to_string())
}

/// A token that lives as long.
pub fn token(number: usize, seconds: u64) -> Act {
    ok(&json!({
        "access_token": format!("{TOKEN}-{number}"),
        "token_type": "Bearer",
        "expires_in": seconds,
        "scope": "read:users update:users",
    }))
}

/// A sleep that takes no time but the clock's.
pub struct Jump {
    clock: Arc<HeldClock>,
    pub slept: Mutex<Vec<Duration>>,
}

impl Sleep for Jump {
    fn sleep<'a>(&'a self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            self.slept.lock().unwrap().push(time);
            self.clock.advance(time);
            tokio::task::yield_now().await;
        })
    }
}

/// A recorder that remembers, or refuses.
#[derive(Default)]
pub struct Records {
    pub lines: Mutex<Vec<String>>,
    /// Whose tokens writes were said to be sent with.
    pub makers: Mutex<Vec<Option<Maker>>>,
    pub is_broken: AtomicBool,
}

impl Recorder for Records {
    fn intend<'a>(&'a self, intent: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async move {
            if self.is_broken.load(Ordering::SeqCst) {
                return Err(RecordError);
            }
            self.makers.lock().unwrap().push(intent.maker.cloned());
            let mut lines = self.lines.lock().unwrap();
            lines.push(format!("{} {}", intent.request.operation().name, intent.cause.actor));
            Ok(lines.len().to_string())
        })
    }

    fn end<'a>(&'a self, record: &'a str, end: End) -> Pending<'a, ()> {
        Box::pin(async move { self.lines.lock().unwrap().push(format!("{record}: {end:?}")) })
    }
}

/// What was asked, and how often each.
#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    counts: HashMap<String, usize>,
}

/// A tenant, and a client of it.
pub struct Tenant {
    pub url: String,
    pub management: Arc<Management>,
    pub clock: Arc<HeldClock>,
    pub sleep: Arc<Jump>,
    pub records: Arc<Records>,
    asked: Arc<Mutex<Log>>,
    _serving: JoinSet<()>,
}

impl Tenant {
    /// Requests but those for tokens, as `METHOD target`.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let asked = asked.asked.iter().filter(|asked| asked.target != "/oauth/token");
        asked.map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }

    /// Every request, whole.
    pub fn all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().asked.clone()
    }

    /// How many tokens were asked for.
    pub fn tokens(&self) -> usize {
        self.asked.lock().unwrap().asked.iter().filter(|asked| asked.target == "/oauth/token").count()
    }

    /// What a client of this tenant needs.
    pub fn surroundings(&self) -> Surroundings {
        surroundings(&self.clock, &self.sleep, &self.records)
    }

    /// How long was slept, all in all.
    pub fn slept(&self) -> Vec<Duration> {
        self.sleep.slept.lock().unwrap().clone()
    }
}

/// A tenant on no plan that gives tokens for a day and does this about all else.
pub async fn tenant(act: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Tenant {
    tenant_on(Plan::Unlimited, act).await
}

/// A tenant on a plan that gives tokens for a day and does this about all else.
pub async fn tenant_on(plan: Plan, act: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Tenant {
    let clock = Arc::new(HeldClock::at(START));
    let acts = move |asked: &Asked| {
        if asked.target == "/oauth/token" { token(asked.before, 86_400) } else { act(asked) }
    };
    serve(clock, acts, |url| settings(url, plan)).await
}

/// Settings of a client with a secret.
pub fn settings(url: &str, plan: Plan) -> Settings {
    Settings {
        tenant: url.parse().unwrap(),
        client_id: "CANARY-client".parse().unwrap(),
        credentials: Credentials::Secret(Secret::new(SECRET.into())),
        plan,
        authorities: None,
        timeout: PATIENCE,
    }
}

/// A tenant that does this about all, and a client as set up for its address.
pub async fn serve(
    clock: Arc<HeldClock>,
    act: impl Fn(&Asked) -> Act + Send + Sync + 'static,
    settings: impl FnOnce(&str) -> Settings,
) -> Tenant {
    serve_by(clock, act, settings, |client| client).await
}

/// The same with a client that was set up further.
pub async fn serve_by(
    clock: Arc<HeldClock>,
    act: impl Fn(&Asked) -> Act + Send + Sync + 'static,
    settings: impl FnOnce(&str) -> Settings,
    further: impl FnOnce(Management) -> Management,
) -> Tenant {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Log>> = Arc::default();
    let (told, act) = (Arc::clone(&asked), Arc::new(act));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (told, act) = (Arc::clone(&told), Arc::clone(&act));
            open.spawn(async move { exchange(stream, &told, act.as_ref()).await });
            while open.try_join_next().is_some() {}
        }
    });
    let sleep = Arc::new(Jump { clock: Arc::clone(&clock), slept: Mutex::default() });
    let records = Arc::new(Records::default());
    let management =
        Arc::new(further(Management::new(settings(&url), surroundings(&clock, &sleep, &records)).unwrap()));
    Tenant { url, management, clock, sleep, records, asked, _serving: serving }
}

fn surroundings(clock: &Arc<HeldClock>, sleep: &Arc<Jump>, records: &Arc<Records>) -> Surroundings {
    Surroundings {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(CountingEntropy::default()),
        sleep: Arc::clone(sleep) as Arc<dyn Sleep>,
        recorder: Arc::clone(records) as Arc<dyn Recorder>,
    }
}

async fn exchange(mut stream: TcpStream, told: &Mutex<Log>, act: &(impl Fn(&Asked) -> Act + ?Sized)) {
    let whole = read(&mut stream).await;
    let mut words = whole.split(' ');
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap_or_default().to_owned());
    let asked = {
        let mut told = told.lock().unwrap();
        let count = told.counts.entry(format!("{method} {target}")).or_default();
        let before = *count;
        *count += 1;
        let asked = Asked { method, target, whole, before };
        told.asked.push(asked.clone());
        asked
    };
    match act(&asked) {
        // A client that has read enough may have gone.
        Act::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Act::Close => {}
        Act::Silence => std::future::pending().await,
    }
}

/// Why tests write.
pub fn cause() -> Cause {
    Cause {
        correlation_id: "cor_1".to_owned(),
        actor: "tester".to_owned(),
        reason: "a test".to_owned(),
        authority: Authority::Plan("plan_1".to_owned()),
    }
}

/// The same for what a decision allows.
pub fn decided() -> Cause {
    Cause { authority: Authority::Decision("dec_1".to_owned()), ..cause() }
}

/// A user as the API gives one.
pub fn user() -> Value {
    json!({"user_id": "auth0|1", "email": "a@example.com", "later": [1, null]})
}

/// A user's id.
pub fn id() -> countersign_auth0::management::UserId {
    "auth0|1".parse().unwrap()
}

/// Fields of a body.
pub fn fields(value: &Value) -> countersign_auth0::Dictionary {
    value.as_object().unwrap().clone().into()
}
