//! What the shipped binary holds in memory and on disk after many decisions.

use std::{path::Path, rc::Rc, sync::Arc, time::Duration};

use countersign_core::Clock;

use crate::{clock::SystemClock, decide::mib, load::Load, print, process, start::Service};

/// Decisions between two looks.
const STEP: u32 = 50_000;

/// Longer than a step can take.
const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(count: u32, binary: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(count, binary))
}

async fn measure(count: u32, binary: &Path) -> anyhow::Result<()> {
    let folder = process::data_folder()?;
    let service = Service::start(binary, folder.path())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let questions = Rc::new(service.questions()?);
    let look = |decisions: u32| -> anyhow::Result<()> {
        let [resident, peak] = ["VmRSS", "VmHWM"].map(|name| service.process.memory(name).map(mib));
        let disk = mib(process::size_of(&service.data)?);
        print(&format!(
            "  {decisions:>8} decisions: resident {:.1} MiB, peak {:.1} MiB, data {disk:.1} MiB\n",
            resident?, peak?
        ));
        Ok(())
    };
    print(&format!("memory and disk of `{}`\n", binary.display()));
    look(0)?;
    let mut load = Load::connect(&service.host, 64, &questions, &clock).await?;
    let (mut done, began) = (0, clock.monotonic());
    while done < count {
        let step = STEP.min(count - done);
        let signed = questions.sign("/v1/decisions", step, clock.as_ref());
        done += load.closed(signed, PATIENCE).await?.answered;
        if done.is_multiple_of(4 * STEP) || done == count {
            look(done)?;
        }
    }
    print(&format!("  in {:.0} s\n", (clock.monotonic() - began).as_secs_f64()));
    Ok(())
}
