//! Waiting times at a fixed rate, of decisions and of bare appends, in turn.

use std::{rc::Rc, time::Duration};

use crate::{
    figures::{ms, percentile},
    load::Round,
    print,
    question::Questions,
    served::{APPEND, DECISIONS, Served, number},
};

/// How often the two take turns.
const TURNS: u32 = 5;

/// How long a turn of each lasts.
const TURN: Duration = Duration::from_secs(2);

/// Connections; far more than wait at once.
const CONNECTIONS: usize = 64;

/// Prints both and their difference at `rate` a second; from the time for which a request was scheduled.
pub async fn run(served: &Served, questions: &Rc<Questions>, rate: f64) -> anyhow::Result<()> {
    print(&format!("\nlatency at {rate:.0} a second, from the time for which a request was scheduled\n"));
    let mut load = served.load(CONNECTIONS, questions).await?;
    let count = number(rate * TURN.as_secs_f64());
    let (mut decisions, mut appends, mut turned_away) = (vec![], vec![], 0);
    for _ in 0..TURNS {
        let signed = questions.sign(DECISIONS, count, served.clock());
        let Round { waits, refused, .. } = load.open(signed, rate).await?;
        turned_away += refused;
        decisions.extend(waits);
        let Round { waits, .. } = load.open(questions.bare(APPEND, count), rate).await?;
        appends.extend(waits);
    }
    for (name, waits) in [("decisions", &mut decisions), ("bare append", &mut appends)] {
        waits.sort_unstable();
        let [p50, p99, p999] = [500, 990, 999].map(|share| ms(percentile(waits, share)));
        print(&format!("  {name:<12} p50 {p50}  p99 {p99}  p99.9 {p999}  ({} requests)\n", waits.len()));
    }
    if turned_away > 0 {
        print(&format!(
            "  {turned_away} decisions were refused for want of capacity and are not in the figures\n"
        ));
    }
    let more = percentile(&decisions, 990).as_secs_f64() - percentile(&appends, 990).as_secs_f64();
    print(&format!("  p99 of decisions less that of appends: {:.3} ms; must 4, aim 2\n", more * 1e3));
    Ok(())
}
