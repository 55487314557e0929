//! Files of reference data, places and domains, read again while the service runs, when they were replaced.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_adapters::{Fault, Faults, domains::DomainFiles, places::PlaceFiles};
use countersign_app::{App, places::Places, reference::Domains};
use countersign_core::{Clock, Timestamp};
use tokio::{sync::watch, time};

use crate::{config::Config, listen::stopped};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// Days after which a database is called old: those that are kept up appear each month or more often.
const OLD_DAYS: i64 = 60;

const DAY_SECONDS: i64 = 86_400;

/// The files that are configured.
#[derive(Default)]
pub struct ReferenceFiles {
    places: Option<Arc<PlaceFiles>>,
    domains: Option<Arc<DomainFiles>>,
}

impl ReferenceFiles {
    /// Reads all files that are configured.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, Faults> {
        let places = config.places.settings().map(|settings| PlaceFiles::open(&settings, Arc::clone(clock)));
        let domains =
            config.reference.settings().map(|settings| DomainFiles::open(&settings, Arc::clone(clock)));
        match (places.transpose(), domains.transpose()) {
            (Ok(places), Ok(domains)) => {
                Ok(Self { places: places.map(Arc::new), domains: domains.map(Arc::new) })
            }
            (places, domains) => Err(Faults(
                [places.err(), domains.err()].into_iter().flatten().flat_map(|found| found.0).collect(),
            )),
        }
    }

    /// What tells where addresses are; `None` without files.
    pub fn places(&self) -> Option<Arc<dyn Places>> {
        self.places.clone().map(|files| files as Arc<dyn Places>)
    }

    /// What tells of domains beside what is built in; `None` without files.
    pub fn domains(&self) -> Option<Arc<dyn Domains>> {
        self.domains.clone().map(|files| files as Arc<dyn Domains>)
    }

    const fn is_empty(&self) -> bool {
        self.places.is_none() && self.domains.is_none()
    }

    /// Takes what was replaced; what can't be used leaves what is in force.
    fn look_again(&self, app: &App) -> Looked {
        let (mut looked, mut faults) = (Looked::default(), Vec::new());
        let mut taken = |found: Result<bool, Faults>| {
            found.unwrap_or_else(|Faults(found)| {
                faults.extend(found);
                // Why: others of the same kind may have been taken.
                true
            })
        };
        looked.places = self.places.as_ref().is_some_and(|files| taken(files.look_again()));
        if self.domains.as_ref().is_some_and(|files| taken(files.look_again())) {
            app.take_domains();
        }
        looked.faults = faults;
        looked
    }
}

/// What a look came to.
#[derive(Default)]
struct Looked {
    /// Whether files of places may be others.
    places: bool,
    faults: Vec<Fault>,
}

/// The first thing that is wrong with the file of each setting.
pub fn by_setting(faults: &Faults) -> BTreeMap<String, String> {
    let told = faults.0.iter().rev().map(|fault| (fault.setting.to_owned(), fault.to_string()));
    told.collect()
}

/// Keeps reference data as the files have it; nothing when there are none.
pub struct ReferenceWatch {
    files: Arc<ReferenceFiles>,
    clock: Arc<dyn Clock>,
}

impl ReferenceWatch {
    /// Begins to watch files that were read.
    pub fn new(files: ReferenceFiles, clock: &Arc<dyn Clock>) -> Self {
        let watch = Self { files: Arc::new(files), clock: Arc::clone(clock) };
        watch.tell_age();
        watch
    }

    /// Takes replaced files until told to stop; broken ones leave those in force that are.
    pub async fn run(self, app: Arc<App>, mut stop: watch::Receiver<bool>) {
        if self.files.is_empty() {
            return;
        }
        let mut ticks = time::interval(LOOK);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopped(&mut stop) => return,
            }
            let (files, app) = (Arc::clone(&self.files), Arc::clone(&app));
            match tokio::task::spawn_blocking(move || files.look_again(&app)).await {
                Ok(looked) => self.tell(looked),
                Err(error) => tracing::error!(%error, "files of reference data could not be looked at"),
            }
        }
    }

    fn tell(&self, looked: Looked) {
        if looked.places {
            self.tell_age();
        }
        for fault in looked.faults {
            tracing::error!(%fault, "a replaced file can't be used, so the one before holds on");
        }
    }

    fn tell_age(&self) {
        let now = self.clock.now();
        for (key, built) in self.files.places.iter().flat_map(|files| files.built()) {
            let days = age_days(now, built);
            if days > OLD_DAYS {
                tracing::warn!(key, days, "a database of places is old: addresses may have moved since");
            }
        }
    }
}

const fn age_days(now: Timestamp, built: Timestamp) -> i64 {
    now.seconds().saturating_sub(built.seconds()) / DAY_SECONDS
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use countersign_testkit::{Setup, TestApp};

    use super::*;
    use crate::compose::system_clock;

    /// A configuration with a list of networks, and one of disposable domains.
    fn configured(folder: &Path) -> Config {
        let text = format!(
            "[places]\nnetworks = [{{ file = '{0}/offices.txt', kind = 'corporate' }}]\n[reference]\ndisposable_domains = '{0}/burners.txt'\n",
            folder.display()
        );
        toml::from_str(&text).unwrap()
    }

    /// A service with these files, and whether its data are of the contents that the files have now.
    async fn service(files: &ReferenceFiles) -> TestApp {
        let setup = Setup { places: files.places(), domains: files.domains(), ..Setup::default() };
        TestApp::start_with(|_| {}, setup).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn replaced_files_are_taken_while_the_service_runs_and_the_watch_ends_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let new = folder.path().join("new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, folder.path().join(name)).unwrap();
        };
        write("offices.txt", "198.51.100.0/24\n");
        write("burners.txt", "burner.example\n");
        let files = ReferenceFiles::open(&configured(folder.path()), &system_clock()).unwrap();
        let service = service(&files).await;
        let before = service.app.reference();
        assert_eq!(before.len(), 2);
        let watch = ReferenceWatch::new(files, &system_clock());
        write("offices.txt", "203.0.113.0/24 # moved\n");
        write("burners.txt", "burner.example\nno domain\n");
        let is_taken = || {
            let now = service.app.reference();
            let [places, domains] = &now[..] else { panic!("{now:?}") };
            let is_refused = domains.fault.as_ref().is_some_and(|fault| fault.contains("line 2: no domain"));
            places.version != before[0].version
                && domains.version == before[1].version
                && is_refused
                && domains.failures == 1
        };
        let (stop, stopped) = watch::channel(false);
        let taken = async {
            while !is_taken() {
                tokio::task::yield_now().await;
            }
            stop.send_replace(true);
        };
        let both = async { tokio::join!(watch.run(Arc::clone(&service.app), stopped), taken) };
        time::timeout(Duration::from_secs(20), both).await.unwrap();
    }

    #[test]
    fn everything_that_is_wrong_with_any_file_ends_the_start() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("burners.txt"), "@\n\n*.x\n").unwrap();
        let faults = ReferenceFiles::open(&configured(folder.path()), &system_clock()).err().unwrap();
        let told: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("`places.networks`, ") && told[0].contains("it can't be read"),
            "{told:?}"
        );
        assert!(
            told[2].starts_with("`reference.disposable_domains`, ") && told[2].contains(": line 3: "),
            "{told:?}"
        );
        let by_setting = by_setting(&faults);
        assert_eq!(by_setting.len(), 2);
        assert_eq!(by_setting["reference.disposable_domains"], told[1], "the first one stands for all");
    }

    #[test]
    fn the_age_of_a_database_is_counted_in_whole_days() {
        let now = Timestamp::from_seconds(100 * DAY_SECONDS);
        assert_eq!(age_days(now, Timestamp::from_seconds(40 * DAY_SECONDS)), 60);
        assert_eq!(age_days(now, Timestamp::from_seconds(39 * DAY_SECONDS + 1)), 60);
        assert_eq!(age_days(now, Timestamp::from_seconds(39 * DAY_SECONDS)), 61);
    }
}
