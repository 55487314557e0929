//! Devices: what a browser sends about itself, and how it greets a TLS server.

use countersign_core::Timestamp;

use crate::dice::Dice;

/// The kind of browser and machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// Chrome on Windows.
    ChromeWindows,
    /// Chrome on macOS.
    ChromeMac,
    /// Edge on Windows.
    EdgeWindows,
    /// Firefox on Linux.
    FirefoxLinux,
    /// Safari on macOS.
    SafariMac,
    /// Safari on an iPhone.
    SafariPhone,
    /// Chrome on an Android phone.
    ChromeAndroid,
    /// The legacy client's own program on a handheld scanner.
    Handheld,
    /// A script.
    Script,
    /// Chrome without a window, driven by a program.
    Headless,
}

/// A device: a browser and its TLS fingerprints, which stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What kind it is.
    pub browser: Browser,
    /// 32 hexadecimal digits.
    pub ja3: String,
    /// The three parts of a JA4 fingerprint, joined by `_`.
    pub ja4: String,
}

/// The day on which Chrome 140 became stable, 2025-09-02 (Chromium release calendar).
const CHROME_140_DAY: i64 = 20_333;
/// Days between two major versions of Chrome (Chromium release cycle: four weeks).
const CHROME_CYCLE_DAYS: i64 = 28;

fn major(at: Timestamp) -> i64 {
    140 + (at.days() - CHROME_140_DAY).div_euclid(CHROME_CYCLE_DAYS)
}

impl Device {
    /// A device of a kind, with fingerprints of its own.
    #[must_use]
    pub fn new(browser: Browser, dice: &mut Dice) -> Self {
        let greeting = match browser {
            Browser::FirefoxLinux => "t13d1715h2_5b57614c22b0",
            Browser::SafariMac | Browser::SafariPhone => "t13d2014h2_a09f3c656075",
            Browser::Handheld => "t12d1209h1_d34a8e72043a",
            Browser::Script => "t13d1812h1_85036bcba153",
            _ => "t13d1516h2_8daaf6152771",
        };
        Self { browser, ja3: dice.hex(32), ja4: format!("{greeting}_{}", dice.hex(12)) }
    }

    /// The user agent that the device sends at `at`; browsers that renew themselves get a new major version every
    /// four weeks.
    #[must_use]
    pub fn user_agent(&self, at: Timestamp) -> String {
        let n = major(at);
        let chrome = |system: &str, name: &str, mobile: &str| {
            format!(
                "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {name}/{n}.0.0.0 {mobile}Safari/537.36"
            )
        };
        match self.browser {
            Browser::ChromeWindows => chrome("Windows NT 10.0; Win64; x64", "Chrome", ""),
            Browser::ChromeMac => chrome("Macintosh; Intel Mac OS X 10_15_7", "Chrome", ""),
            Browser::EdgeWindows => {
                format!("{} Edg/{n}.0.0.0", chrome("Windows NT 10.0; Win64; x64", "Chrome", ""))
            }
            Browser::ChromeAndroid => chrome("Linux; Android 10; K", "Chrome", "Mobile "),
            Browser::Headless => chrome("X11; Linux x86_64", "HeadlessChrome", ""),
            Browser::FirefoxLinux => {
                format!("Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0")
            }
            Browser::SafariMac => "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
                                   (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
                .to_owned(),
            Browser::SafariPhone => {
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 \
                                     (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
                    .to_owned()
            }
            Browser::Handheld => "FreightScan/3.2 (Android 9; handheld)".to_owned(),
            Browser::Script => "python-requests/2.32.3".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_renew_themselves_every_four_weeks() {
        let device = Device::new(Browser::ChromeWindows, &mut Dice::new(1));
        let day = |n: i64| Timestamp::from_seconds((CHROME_140_DAY + n) * 86_400);
        assert!(device.user_agent(day(0)).contains("Chrome/140.0.0.0"));
        assert_eq!(device.user_agent(day(27)), device.user_agent(day(0)));
        assert!(device.user_agent(day(28)).contains("Chrome/141.0.0.0"));
    }

    #[test]
    fn two_devices_of_one_kind_greet_differently() {
        let mut dice = Dice::new(1);
        let (one, two) = (Device::new(Browser::Script, &mut dice), Device::new(Browser::Script, &mut dice));
        assert_ne!(one.ja4, two.ja4);
        assert_eq!(one.ja4.split('_').count(), 3);
    }
}
