//! What other processes should hear of soon.

use std::time::Duration;

use sqlx::{PgConnection, PgPool, postgres::PgListener};
use tokio::sync::watch;

use super::errors::Trouble;
use crate::{StoreError, Write};

/// The channel's name; notifications stay within their database.
const CHANNEL: &str = "countersign";

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether other processes act on a write.
pub(super) const fn is_news(write: &Write) -> bool {
    matches!(
        write,
        Write::Switch(_)
            | Write::Policy { .. }
            | Write::ModelAct(_)
            | Write::RiskToken { .. }
            | Write::RevokeRiskToken { .. }
            | Write::Erasure { .. }
    )
}

/// Tells all processes when the open transaction is committed.
pub(super) async fn tell(connection: &mut PgConnection) -> Result<(), Trouble> {
    sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(connection).await?;
    Ok(())
}

/// Listens from now on.
pub(super) async fn listener(pool: &PgPool) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    // Why: a connection that is made anew in silence would hide what was missed.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Counts what is heard, for as long as it runs; after a connection was lost something may have been missed, which counts too.
pub(super) async fn listen(pool: PgPool, first: PgListener, counter: watch::Sender<u64>) {
    let mut next = Some(first);
    loop {
        if let Some(mut listener) = next.take() {
            while let Ok(Some(_)) = listener.try_recv().await {
                count(&counter);
            }
        }
        tokio::time::sleep(PAUSE).await;
        next = listener(&pool).await.ok();
        if next.is_some() {
            count(&counter);
        }
    }
}

fn count(counter: &watch::Sender<u64>) {
    counter.send_modify(|count| *count = count.wrapping_add(1));
}
