//! Two services over one database: what they decide together, and how long a kill switch thrown at one takes to hold in
//! the other.

use std::{rc::Rc, time::Duration};

use anyhow::{Context, ensure};
use tokio::time;

use crate::{
    child::TOKEN,
    connection::Connection,
    figures::{median, spread},
    postgres::Database,
    print, process,
    question::{Questions, SIGN_IN, TENANT},
    served::{DECISIONS, Measured, Served, middle},
};

/// Connections in all, whether to one service or to two.
const CONNECTIONS: usize = 64;

/// Pairs of rounds: one service, then both.
const PAIRS: u32 = 5;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(2);

/// How often a switch is thrown.
const THROWN: u32 = 20;

/// Between two looks at whether it holds.
const LOOK: Duration = Duration::from_millis(20);

/// Longer than a switch may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures two services over one database of PostgreSQL.
pub fn run() -> anyhow::Result<()> {
    let database = Database::start()?;
    process::block_on(measure(&database))
}

struct Replica {
    served: Served,
    questions: Rc<Questions>,
}

impl Replica {
    fn start(database: &Database) -> anyhow::Result<Self> {
        let served = Served::start(&database.data())?;
        Ok(Self { questions: served.questions(&SIGN_IN)?, served })
    }
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    database.introduce("both services share processor 0")?;
    print("so two services can't decide more than one here: what shows is what sharing a database costs\n");
    let [one, other] = [Replica::start(database)?, Replica::start(database)?];
    one.served.meet(&one.questions).await?;
    one.served.learn(&one.questions).await?;
    other.served.meet(&other.questions).await?;
    together(database, &one, &other).await?;
    switches(&one, &other).await
}

/// Rounds of one service and of both in turn.
async fn together(database: &Database, one: &Replica, other: &Replica) -> anyhow::Result<()> {
    print(&format!(
        "\ndecisions a second over {CONNECTIONS} connections: one service, then two with half of them each\n"
    ));
    let mut whole = one.served.load(CONNECTIONS, &one.questions).await?;
    let mut half = one.served.load(CONNECTIONS / 2, &one.questions).await?;
    let mut other_half = other.served.load(CONNECTIONS / 2, &other.questions).await?;
    let (mut alone, mut both, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..PAIRS {
        let before = database.cpu()?;
        let single = one.served.round(&mut whole, DECISIONS, ROUND).await?;
        let between = database.cpu()?;
        let (first, second) = tokio::try_join!(
            one.served.round(&mut half, DECISIONS, ROUND),
            other.served.round(&mut other_half, DECISIONS, ROUND)
        )?;
        let sum = first.rate + second.rate;
        let per = |worked: Duration, rate: f64| worked.as_secs_f64() * 1e6 / (rate * ROUND.as_secs_f64());
        let database_micros = (per(between - before, single.rate), per(database.cpu()? - between, sum));
        print(&format!(
            "  one {single}   two {sum:>6.0} = {first} + {second}   ratio {:.3}   PostgreSQL {:.1} us, {:.1} us\n",
            sum / single.rate,
            database_micros.0,
            database_micros.1
        ));
        ratios.push(sum / single.rate);
        alone.push(single);
        both.push(Measured { rate: sum, ..first });
    }
    let (low, high) = spread(&ratios);
    print(&format!(
        "  median: one {:.0}, two {:.0}, ratio {:.3} ({low:.3} to {high:.3})\n",
        middle(&alone, |round| round.rate),
        middle(&both, |round| round.rate),
        median(&ratios)
    ));
    Ok(())
}

/// Throws a switch at one service and asks the other until it holds there, again and again.
async fn switches(one: &Replica, other: &Replica) -> anyhow::Result<()> {
    let mut thrower = Connection::open(one.served.host()).await?;
    let mut asker = Connection::open(other.served.host()).await?;
    let signed = other.questions.sign(DECISIONS, THROWN * 2_000, other.served.clock());
    let mut asks = signed.iter();
    let mut took = Vec::new();
    for number in 0..THROWN {
        let is_off = number % 2 == 0;
        let began = one.served.clock().monotonic();
        let since = || (one.served.clock().monotonic() - began).as_secs_f64() * 1e3;
        throw(&mut thrower, one.served.host(), is_off).await?;
        loop {
            let signed = asks.next().context("no more questions")?;
            let answer = asker.ask(&signed.head, other.questions.body(signed)).await?;
            ensure!(answer.status == 200, "an answer with status {}", answer.status);
            let answer: serde_json::Value = serde_json::from_slice(answer.body)?;
            if (answer.get("mode").and_then(serde_json::Value::as_str) == Some("off")) == is_off {
                break;
            }
            ensure!(since() < PATIENCE.as_secs_f64() * 1e3, "a switch did not hold within {PATIENCE:?}");
            time::sleep(LOOK).await;
        }
        took.push(since());
        // Why: away from the beat of any job that looks each second.
        time::sleep(Duration::from_millis(137 + 61 * u64::from(number % 7))).await;
    }
    let (low, high) = spread(&took);
    print(&format!(
        "\na kill switch thrown (or lifted) at one service holds in the other after: median {:.0} ms ({low:.0} to {high:.0}, {THROWN} times), \
         from sending it, looking each {} ms; must 1,000\n",
        median(&took),
        LOOK.as_millis()
    ));
    Ok(())
}

async fn throw(connection: &mut Connection, host: &str, is_off: bool) -> anyhow::Result<()> {
    let body = format!("{{\"off\":{is_off}}}");
    let head = format!(
        "PUT /v1/switches/{TENANT}/post-login HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = connection.ask(head.as_bytes(), body.as_bytes()).await?;
    ensure!(answer.status == 200, "the switch: {}", String::from_utf8_lossy(answer.body));
    Ok(())
}
