//! Files of places, read again while the service runs, when they were replaced.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use countersign_adapters::places::{Faults, PlaceFiles};
use countersign_core::{Clock, Timestamp};
use tokio::{sync::watch, time};

use crate::{config::Places, listen::stopped};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);

/// Days after which a database is called old: those that are kept up appear each month or more often.
const OLD_DAYS: i64 = 60;

const DAY_SECONDS: i64 = 86_400;

/// Keeps what is known of addresses as the files have it; nothing when there are none.
pub struct PlaceWatch {
    files: Option<Arc<PlaceFiles>>,
    clock: Arc<dyn Clock>,
}

impl PlaceWatch {
    /// Reads all files that are configured.
    pub fn open(section: &Places, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let files = section.settings().map(PlaceFiles::open).transpose().context("files of places")?;
        let watch = Self { files: files.map(Arc::new), clock: Arc::clone(clock) };
        watch.tell_age();
        Ok(watch)
    }

    /// What is to be asked.
    pub fn places(&self) -> Option<Arc<dyn countersign_app::places::Places>> {
        self.files.clone().map(|files| files as Arc<dyn countersign_app::places::Places>)
    }

    /// Takes replaced files until told to stop; broken ones leave those in force that are.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let Some(files) = &self.files else { return };
        let mut ticks = time::interval(LOOK);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopped(&mut stop) => return,
            }
            let looking = Arc::clone(files);
            match tokio::task::spawn_blocking(move || looking.look_again()).await {
                Ok(looked) => self.tell(looked),
                Err(error) => tracing::error!(%error, "files of places could not be looked at"),
            }
        }
    }

    fn tell(&self, looked: Result<bool, Faults>) {
        match looked {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!("replaced files of places are in force");
                self.tell_age();
            }
            Err(error) => {
                tracing::error!(%error, "replaced files of places can't be used, so the ones before hold on");
            }
        }
    }

    fn tell_age(&self) {
        let now = self.clock.now();
        for (key, built) in self.files.iter().flat_map(|files| files.built()) {
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
    use std::{
        net::{IpAddr, Ipv4Addr},
        path::Path,
    };

    use super::*;
    use crate::compose::system_clock;

    fn offices(file: &Path) -> Places {
        let text = format!("networks = [{{ file = '{}', kind = 'corporate' }}]", file.display());
        toml::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn a_replaced_file_is_taken_while_the_service_runs_and_the_watch_ends_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offices.txt");
        std::fs::write(&file, "198.51.100.0/24\n").unwrap();
        let watch = PlaceWatch::open(&offices(&file), &system_clock()).unwrap();
        let places = watch.places().unwrap();
        let is_office = || places.locate(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1))).is_some();
        assert!(!is_office());
        std::fs::write(&file, "203.0.113.0/24 # moved\n").unwrap();
        let (stop, stopped) = watch::channel(false);
        let taken = async {
            while !is_office() {
                tokio::task::yield_now().await;
            }
            stop.send_replace(true);
        };
        let both = async { tokio::join!(watch.run(stopped), taken) };
        time::timeout(Duration::from_secs(10), both).await.unwrap();
    }

    #[test]
    fn a_file_that_can_t_be_used_ends_the_start() {
        let error =
            PlaceWatch::open(&offices(Path::new("/nowhere/offices.txt")), &system_clock()).err().unwrap();
        let told = format!("{error:#}");
        assert!(told.contains("`places.networks`, `/nowhere/offices.txt`: it can't be read"), "{told}");
    }

    #[test]
    fn the_age_of_a_database_is_counted_in_whole_days() {
        let now = Timestamp::from_seconds(100 * DAY_SECONDS);
        assert_eq!(age_days(now, Timestamp::from_seconds(40 * DAY_SECONDS)), 60);
        assert_eq!(age_days(now, Timestamp::from_seconds(39 * DAY_SECONDS + 1)), 60);
        assert_eq!(age_days(now, Timestamp::from_seconds(39 * DAY_SECONDS)), 61);
    }
}
