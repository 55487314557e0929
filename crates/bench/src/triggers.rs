//! What a decision costs for each trigger, against the same floor, all in one run.

use std::{path::Path, rc::Rc, time::Duration};

use crate::{
    pairs::{Pairs, Summary},
    print, process,
    question::{self, Question, Questions},
    served::{Served, Sizes},
};

/// Connections.
const CONNECTIONS: usize = 64;

/// Turns; in each, every trigger has one pair of rounds.
const TURNS: u32 = 5;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(1);

/// Measures every trigger on SQLite.
pub fn run() -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    process::block_on(measure(folder.path()))
}

struct Asked {
    question: Question,
    questions: Rc<Questions>,
    sizes: Sizes,
    pairs: Pairs,
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    print("the service has processor 0, what drives it processor 1; SQLite\n");
    let served = Served::on_sqlite(folder)?;
    let mut all = Vec::new();
    for question in question::ALL {
        let questions = served.questions(&question)?;
        served.meet(&questions).await?;
        all.push(Asked { question, questions, sizes: Sizes::default(), pairs: Pairs::default() });
    }
    for turn in 1..=TURNS {
        print(&format!("turn {turn} of {TURNS}\n"));
        for Asked { questions, sizes, pairs, .. } in &mut all {
            *sizes = served.become_like(questions).await?;
            let mut load = served.load(CONNECTIONS, questions).await?;
            pairs.add(&served, &mut load, ROUND).await?;
        }
    }
    print(&format!(
        "\nmedians of {TURNS} pairs of rounds, {CONNECTIONS} connections; bytes of request, answer, leaf, sealed body; answers a second; processor time for one answer, us\n  \
         {:<38} {:>5} {:>6} {:>5} {:>6}  {:>6} {:>9}  {:<24} {:>5} {:>8}  ratio\n",
        "", "req.", "answer", "leaf", "sealed", "floor", "decisions", "ratio", "floor", "decision"
    ));
    for Asked { question, sizes, pairs, .. } in &all {
        print(&row(question, *sizes, &pairs.summary()));
    }
    Ok(())
}

fn row(question: &Question, sizes: Sizes, summary: &Summary) -> String {
    let Sizes { answer, leaf, bodies } = sizes;
    let Summary { floor, ours, floor_micros, our_micros, ratio_of_work, spread_of_work: (low, high), .. } =
        summary;
    format!(
        "  {:<38} {:>5} {answer:>6} {leaf:>5} {bodies:>6}  {floor:>6.0} {ours:>9.0}  {:<24} {floor_micros:>5.1} {our_micros:>8.1}  {ratio_of_work:.3} ({low:.3} to {high:.3})\n",
        question.name,
        question.body.len(),
        summary.ratio()
    )
}
