//! A service that is driven from here: started, warmed up, asked in rounds.

use std::{path::PathBuf, rc::Rc, sync::Arc, time::Duration};

use anyhow::{bail, ensure};
use countersign_core::Clock;
use countersign_server::MODELS;
use serde::Deserialize;

use crate::{
    child::{self, Data, LISTENS},
    clock::SystemClock,
    connection::Connection,
    figures::{median, ms, percentile},
    load::Load,
    print,
    process::{self, Running},
    question::{PEOPLE, Question, Questions},
};

/// Where decisions are asked for.
pub const DECISIONS: &str = "/v1/decisions";

/// Where the floor answers.
pub const FLOOR: &str = "/bench/floor";

/// Where leaves are appended and nothing else.
pub const APPEND: &str = "/bench/append";

/// Sign-ins that each person with a profile has completed before.
const PAST: u32 = 5;

/// How often everybody is asked until nobody is refused.
const TRIES: u32 = 5;

/// Requests to the floor that are made ready for each second of a round, more than it answers; a round that has used them up
/// ends earlier.
const READY_FOR_FLOOR: f64 = 70_000.0;

/// The same of decisions.
const READY: f64 = 25_000.0;

/// A service pinned to one processor.
pub struct Served {
    process: Running,
    host: String,
    clock: Arc<dyn Clock>,
}

/// The bytes of the decisions that the floor and the bare append are like, on average.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Sizes {
    /// Of an answer.
    pub answer: usize,
    /// Of a leaf.
    pub leaf: usize,
    /// Of a leaf's sealed bodies.
    pub bodies: usize,
}

impl Served {
    /// Starts a service on processor 0.
    pub fn start(data: &Data) -> anyhow::Result<Self> {
        let words = [&["serve-pinned"][..], &data.words()].concat();
        let mut process = Running::start(&mut process::command(0, &words)?)?;
        let host = process.wait_for(LISTENS)?;
        Ok(Self { process, host, clock: Arc::new(SystemClock::start()) })
    }

    /// Starts a service on SQLite in `folder`.
    pub fn on_sqlite(folder: &std::path::Path) -> anyhow::Result<Self> {
        Self::start(&Data::Sqlite(PathBuf::from(folder)))
    }

    /// The clock that everything is measured by.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Where it listens.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Everybody's questions to it.
    pub fn questions(&self, question: &Question) -> anyhow::Result<Rc<Questions>> {
        Ok(Rc::new(Questions::new(question, &self.host, child::signing_key()?)))
    }

    /// Connections to it that ask `questions`.
    pub async fn load(&self, connections: usize, questions: &Rc<Questions>) -> anyhow::Result<Load> {
        Load::connect(&self.host, connections, questions, &self.clock).await
    }

    /// Lets everybody ask once, so that keys exist.
    pub async fn meet(&self, questions: &Rc<Questions>) -> anyhow::Result<()> {
        let mut load = self.load(16, questions).await?;
        for _ in 0..TRIES {
            let signed = questions.sign(DECISIONS, PEOPLE, self.clock());
            if load.closed(signed, Duration::from_secs(60)).await?.answered == PEOPLE {
                return Ok(());
            }
        }
        bail!("somebody was refused each of {TRIES} times")
    }

    /// Lets half of the people complete some sign-ins, so that they have profiles.
    pub async fn learn(&self, questions: &Questions) -> anyhow::Result<()> {
        let mut connection = Connection::open(&self.host).await?;
        for _ in 0..PAST {
            for signed in questions.sign(DECISIONS, PEOPLE / 2, self.clock()) {
                let answer = connection.ask(&signed.head, questions.body(&signed)).await?;
                let answer: serde_json::Value = serde_json::from_slice(answer.body)?;
                let outcome =
                    serde_json::json!({ "kind": "completed", "decision_id": answer.get("decision_id") })
                        .to_string();
                let request = questions.sign_body("/v1/outcomes", outcome.as_bytes(), self.clock());
                ensure!(connection.ask(&request, &[]).await?.status == 200, "an outcome was not taken");
            }
        }
        Ok(())
    }

    /// Asks for real decisions of people with and without a profile and makes the floor and the bare append like them.
    pub async fn become_like(&self, questions: &Questions) -> anyhow::Result<Sizes> {
        let mut connection = Connection::open(&self.host).await?;
        let mut sum = Sizes::default();
        let step = usize::try_from(PEOPLE)? / MODELS;
        for signed in questions.sign(DECISIONS, PEOPLE, self.clock()).iter().step_by(step) {
            let answer = connection.ask(&signed.head, questions.body(signed)).await?;
            ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
            let answer = answer.body.to_vec();
            let (host, length) = (&self.host, answer.len());
            let head =
                format!("POST /bench/like HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
            let told = connection.ask(head.as_bytes(), &answer).await?;
            ensure!(told.status == 200, "{}", String::from_utf8_lossy(told.body));
            let Sizes { answer, leaf, bodies } = serde_json::from_slice(told.body)?;
            sum = Sizes { answer: sum.answer + answer, leaf: sum.leaf + leaf, bodies: sum.bodies + bodies };
        }
        Ok(Sizes { answer: sum.answer / MODELS, leaf: sum.leaf / MODELS, bodies: sum.bodies / MODELS })
    }

    /// Keys, profiles and models: everything before sign-ins are measured; says the sizes.
    pub async fn prepare(&self, question: &Question) -> anyhow::Result<Rc<Questions>> {
        let questions = self.questions(question)?;
        self.meet(&questions).await?;
        self.learn(&questions).await?;
        let Sizes { answer, leaf, bodies } = self.become_like(&questions).await?;
        print(&format!(
            "a request's body has {} bytes; of {MODELS} decisions of this run, on average: answer {answer}, leaf {leaf}, sealed body {bodies}\n",
            question.body.len()
        ));
        Ok(questions)
    }

    /// Asks `path` over all connections, each as fast as it is answered, for `time`.
    pub async fn round(&self, load: &mut Load, path: &str, time: Duration) -> anyhow::Result<Measured> {
        let a_second = if path == FLOOR { READY_FOR_FLOOR } else { READY };
        let ready = number(a_second * time.as_secs_f64());
        let signed = load.questions().sign(path, ready, self.clock());
        let before = self.cpu()?;
        let round = load.closed(signed, time).await?;
        let worked = (self.cpu()? - before).as_secs_f64();
        Ok(Measured {
            rate: round.rate(),
            share: worked / round.took.as_secs_f64(),
            micros: worked * 1e6 / f64::from(round.answered),
            p99: percentile(&round.waits, 990),
            refused: round.refused,
            bytes: round.bytes / u64::from(round.answered.max(1)),
        })
    }

    /// Time that it had on a processor.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        self.process.cpu()
    }
}

/// What a round showed.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Answers a second.
    pub rate: f64,
    /// The part of the time that the server had its processor, 0 to 1.
    pub share: f64,
    /// Microseconds of the processor for one answer.
    pub micros: f64,
    /// The waiting time below which 99 % lie.
    pub p99: Duration,
    /// Requests that were refused for want of capacity.
    pub refused: u32,
    /// Bytes of an answer's body, on average.
    pub bytes: u64,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rate, share, micros, p99, refused, .. } = self;
        write!(f, "{rate:>6.0} ({:.0} %, {micros:.1} us, {}", share * 100.0, ms(*p99))?;
        if *refused > 0 {
            write!(f, ", {refused} refused")?;
        }
        f.write_str(")")
    }
}

/// A count of requests; the fraction is rounded.
pub fn number(count: f64) -> u32 {
    format!("{count:.0}").parse().unwrap_or(0)
}

/// The middle one of a figure of several rounds.
pub fn middle(rounds: &[Measured], figure: fn(&Measured) -> f64) -> f64 {
    median(&rounds.iter().map(figure).collect::<Vec<_>>())
}
