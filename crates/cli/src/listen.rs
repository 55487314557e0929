//! Listening until told to stop.

use std::sync::Arc;

use axum::Router;
use countersign_app::App;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::jobs;

/// Serves requests and runs the jobs until `stop` changes, then lets what is under way end.
pub async fn until_stopped(
    listener: TcpListener,
    router: Router,
    app: Arc<App>,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut background = JoinSet::new();
    background.spawn(jobs::run(app, stop.clone()));
    let mut stopped = stop;
    let served = axum::serve(listener, router).with_graceful_shutdown(async move {
        // Why: an error means that whoever could stop us is gone, which is a reason to stop.
        let _ = stopped.changed().await;
    });
    let end = served.await;
    background.shutdown().await;
    end
}

/// Changes when the process is asked to end (SIGINT or SIGTERM).
pub fn signals() -> std::io::Result<(watch::Sender<bool>, watch::Receiver<bool>, JoinSet<()>)> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut tasks = JoinSet::new();
    let for_task = sender.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        for_task.send_replace(true);
    });
    Ok((sender, receiver, tasks))
}
