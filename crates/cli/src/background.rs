//! A runtime for what nobody waits for: where a processor is wanted by both, those who sign in go first.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// How far its threads give way, as `nice` counts: a tenth of a processor where others want all of it, which is more than the log of a
/// busy tenant takes.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// One thread that gives way. Work that is cut short by its end was not committed, and is done again.
pub struct Background(Option<Runtime>);

impl Background {
    /// # Errors
    /// No thread could be had.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("background")
            .on_thread_start(give_way)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where its work is spawned; `None` after its end.
    pub fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Why not waited for: it is dropped inside another runtime, whose threads must not block.
            runtime.shutdown_background();
        }
    }
}

fn give_way() {
    // Why Linux alone: there each thread has a priority of its own. One that can't be set is as it was.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_work_gives_way_and_ours_does_not() {
        let priority =
            || rustix::process::getpriority_process(Some(rustix::thread::gettid())).map_err(io::Error::from);
        let background = Background::start().unwrap();
        let theirs = background.handle().unwrap().spawn(async move { priority() }).await.unwrap();
        assert_eq!(theirs.unwrap(), NICENESS);
        assert_eq!(priority().unwrap(), 0);
    }
}
