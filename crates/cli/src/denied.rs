//! Commands that the policies of access denied beside the data: each waits in a file of the data directory until a ledger has its leaf.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, ErrorKind, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use countersign_app::App;
use countersign_core::TenantId;
use countersign_rights::Action;
use countersign_store::Access;
use tokio::{sync::watch, time};

use crate::{
    compose::{Base, open_store},
    config::Config,
    listen::stopped,
};

/// The file, a line each: the action, and the tenant or nothing.
const FILE: &str = "denied-commands";

/// What waits at the most, some 5,000 commands: whoever is denied can ask again.
const MAX_BYTES: u64 = 256 * 1_024;

/// Between two looks of a service at the file.
const LOOK: Duration = Duration::from_secs(2);

/// What was denied: at a tenant, or of the data as a whole.
type Denial = (Option<TenantId>, Action);

/// The commands that wait.
struct Waiting(PathBuf);

impl Waiting {
    fn of(folder: &Path) -> Self {
        Self(folder.join(FILE))
    }

    /// Adds one; it is on disk when this returns. Nothing is added beyond the bound.
    fn add(&self, tenant: Option<&TenantId>, action: Action) -> io::Result<()> {
        let mut file = File::options().create(true).append(true).mode(0o600).open(&self.0)?;
        // Why: whoever tells of what is there takes it all away.
        file.lock()?;
        if file.metadata()?.len() < MAX_BYTES {
            let tenant = tenant.map(|tenant| format!(" {tenant}")).unwrap_or_default();
            file.write_all(format!("{action}{tenant}\n").as_bytes())?;
        }
        file.sync_all()
    }

    /// Tells the ledgers of all that wait, which is then there no more. What can't be told waits on.
    async fn tell(&self, app: &App) -> anyhow::Result<()> {
        let mut file = match File::options().read(true).write(true).open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| self.named()),
        };
        // Why: somebody adds one just now, or tells of them.
        if file.try_lock().is_err() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        (&mut file).take(MAX_BYTES * 2).read_to_end(&mut bytes).with_context(|| self.named())?;
        let (mut left, mut failed) = (String::new(), None);
        for ((tenant, action), count) in counted(&String::from_utf8_lossy(&bytes)) {
            // Why on, and why what was told goes: one ledger that can't be written must not fill the others.
            for (tenant, error) in app.tell_denied_commands(tenant.as_ref(), action, count).await {
                for _ in 0..count {
                    left.push_str(&format!("{action} {tenant}\n"));
                }
                failed = Some(error);
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(left.as_bytes()))
            .and_then(|()| file.sync_all())
            .with_context(|| self.named())?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn named(&self) -> String {
        format!("`{}`", self.0.display())
    }
}

/// How often each was denied; lines that say nothing are passed over.
fn counted(text: &str) -> BTreeMap<Denial, u64> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let (action, tenant) =
            line.split_once(' ').map_or((line, None), |(action, tenant)| (action, Some(tenant)));
        let tenant = tenant.map(str::parse).transpose();
        if let (Ok(action), Ok(tenant)) = (action.parse(), tenant) {
            *counts.entry((tenant, action)).or_insert(0) += 1;
        }
    }
    counts
}

/// Records that a command was denied: at once where nobody else owns the data, else by the service that does.
///
/// # Errors
/// Nothing could be written into the data directory, or into the ledger.
pub async fn record(config: &Config, tenant: Option<&TenantId>, action: Action) -> anyhow::Result<()> {
    let folder = &config.storage.directory;
    if !folder.is_dir() {
        return Ok(());
    }
    let waiting = Waiting::of(folder);
    waiting.add(tenant, action).with_context(|| waiting.named())?;
    // Why no error: a service owns the data, or the next start does.
    let Ok(app) = own(config).await else { return Ok(()) };
    waiting.tell(&app).await
}

/// The use cases over all tenants of the data that are there, to write to.
async fn own(config: &Config) -> anyhow::Result<Arc<App>> {
    let base = Base::find(config)?;
    // Why first: what is opened to be written to is brought up to date, and a command that was denied changes nothing.
    let tenants = open_store(config, Access::ReadOnly, &base.clock).await?.list_tenants().await?;
    let store = open_store(config, Access::Own, &base.clock).await?;
    let mut config = config.clone();
    let mut configured = std::mem::take(&mut config.tenants);
    config.tenants =
        tenants.into_iter().map(|id| (id.clone(), configured.remove(&id).unwrap_or_default())).collect();
    base.existing_app(&config, store).await
}

/// Tells of what is denied beside a running service, until it stops.
pub async fn watch(app: Arc<App>, folder: PathBuf, mut stop: watch::Receiver<bool>) {
    let (waiting, mut ticks) = (Waiting::of(&folder), time::interval(LOOK));
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        if let Err(error) = waiting.tell(&app).await {
            tracing::error!(error = format!("{error:#}"), "commands that were denied could not be recorded");
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_testkit::{OTHER_TENANT, TENANT, TestApp};

    use super::*;

    /// What a tenant's ledger tells of denials: the action and how often.
    async fn told(service: &TestApp, tenant: &str) -> Vec<(String, String)> {
        let leaves = service.store.list_leaves(&tenant.parse().unwrap(), 0, 100).await.unwrap();
        let leaves = leaves.iter().map(|row| serde_json::from_slice::<serde_json::Value>(&row.leaf).unwrap());
        let fact = |leaf: &serde_json::Value, name| leaf["facts"][name].as_str().unwrap().to_owned();
        let denied = leaves.filter(|leaf| leaf["facts"]["change"] == "denied");
        denied.map(|leaf| (fact(&leaf, "action"), fact(&leaf, "count"))).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_ledger_does_not_take_waits_on_and_the_others_are_told_once() {
        let service = TestApp::start(|_| {}).await;
        let waiting = Waiting::of(service.folder());
        let database = rusqlite::Connection::open(service.folder().join("countersign.db")).unwrap();
        let full = format!(
            "CREATE TRIGGER full BEFORE INSERT ON records
             WHEN (SELECT tenant_id FROM ledgers WHERE number = NEW.place >> 40) = '{OTHER_TENANT}'
             BEGIN SELECT RAISE(ABORT, 'full'); END"
        );
        database.execute_batch(&full).unwrap();
        waiting.add(None, Action::MaintainData).unwrap();
        waiting.add(None, Action::MaintainData).unwrap();
        waiting.add(Some(&TENANT.parse().unwrap()), Action::ReadLedger).unwrap();
        let expected = [("maintain_data", "2"), ("read_ledger", "1")]
            .map(|(action, count)| (action.to_owned(), count.to_owned()));
        let left = format!("maintain_data {OTHER_TENANT}\n").repeat(2);
        for _ in 0..2 {
            assert!(waiting.tell(&service.app).await.is_err());
            assert_eq!(std::fs::read_to_string(&waiting.0).unwrap(), left);
            assert_eq!(told(&service, TENANT).await, expected, "once");
        }
        assert_eq!(told(&service, OTHER_TENANT).await, []);
        database.execute_batch("DROP TRIGGER full").unwrap();
        waiting.tell(&service.app).await.unwrap();
        assert_eq!(std::fs::read_to_string(&waiting.0).unwrap(), "");
        assert_eq!(told(&service, OTHER_TENANT).await, expected[..1]);
        assert_eq!(told(&service, TENANT).await, expected);
    }

    #[test]
    fn what_was_denied_is_counted_by_place_and_action() {
        let folder = tempfile::tempdir().unwrap();
        let (waiting, acme) = (Waiting::of(folder.path()), "acme".parse().unwrap());
        waiting.add(Some(&acme), Action::ReadLedger).unwrap();
        waiting.add(None, Action::MaintainData).unwrap();
        waiting.add(Some(&acme), Action::ReadLedger).unwrap();
        let text = std::fs::read_to_string(&waiting.0).unwrap();
        let foreign = format!("{text}\nerase_everything acme\nread_ledger a b\nread_ledger \n");
        let expected =
            BTreeMap::from([((None, Action::MaintainData), 1), ((Some(acme), Action::ReadLedger), 2)]);
        assert_eq!(counted(&foreign), expected);
    }

    #[test]
    fn the_file_has_a_bound_and_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let waiting = Waiting::of(folder.path());
        waiting.add(None, Action::MaintainData).unwrap();
        let mode = std::fs::metadata(&waiting.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let full = "x".repeat(usize::try_from(MAX_BYTES).unwrap());
        std::fs::write(&waiting.0, &full).unwrap();
        waiting.add(None, Action::MaintainData).unwrap();
        assert_eq!(std::fs::read_to_string(&waiting.0).unwrap(), full);
    }
}
