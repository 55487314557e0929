//! The hashed keys under which a sign-in is counted.

use crate::{Device, Features, Place, hash};

/// Bits of a version's key that hold the major version; the others hold its browser and system.
const MAJOR_BITS: u32 = 10;

/// Tenths of a degree from the south pole and the date line, so that a place is one number.
const LON_CELLS: u32 = 3_601;

/// The keys of one sign-in; `None` where the feature is missing, and for a machine its kind of device, which its program
/// tells as well.
pub(crate) struct Keys {
    pub(crate) country: Option<u32>,
    pub(crate) network: Option<u32>,
    pub(crate) block: Option<u32>,
    pub(crate) machine: Option<u32>,
    pub(crate) browser: Option<u32>,
    pub(crate) version: Option<u32>,
    pub(crate) language: Option<u32>,
    pub(crate) fingerprint: Option<u32>,
    pub(crate) place: Option<u32>,
    pub(crate) hour: Option<u32>,
    pub(crate) audience: Option<u32>,
}

impl Keys {
    pub(crate) fn of(features: &Features) -> Self {
        let device = features.device.as_ref();
        let machine = features.machine.as_ref();
        let person = device.filter(|_| machine.is_none());
        let key = |text: &Option<crate::Short>| text.as_ref().map(|text| hash::key(&[text.as_str()]));
        Self {
            country: key(&features.country),
            network: key(&features.network),
            block: key(&features.block),
            machine: person.map(machine_of),
            browser: device.map(browser_of),
            version: person.filter(|device| device.major > 0).map(version_of),
            language: key(&features.language),
            fingerprint: key(&features.ja4),
            place: features.place.map(cell_of),
            hour: features.local_hour.map(|hour| u32::from(hour % 24)),
            audience: machine.and_then(|machine| key(&machine.audience)),
        }
    }
}

/// The kind of machine and its system.
fn machine_of(device: &Device) -> u32 {
    hash::key(&[device.os.as_str(), device.class.as_str()])
}

/// The browser on that machine.
pub(crate) fn browser_of(device: &Device) -> u32 {
    hash::key(&[device.os.as_str(), device.class.as_str(), device.browser.as_str()])
}

/// The browser and its major version, which ends at 1,023.
fn version_of(device: &Device) -> u32 {
    let most = (1 << MAJOR_BITS) - 1;
    (browser_of(device) & !most) | device.major.min(most)
}

/// The major version in a version's key; `None` when it is another browser's.
pub(super) const fn major_of(version: u32, browser: u32) -> Option<u32> {
    let most = (1 << MAJOR_BITS) - 1;
    if version & !most == browser & !most { Some(version & most) } else { None }
}

/// The tenth of a degree in which a place lies.
fn cell_of(place: Place) -> u32 {
    let row = (place.lat.clamp(-900_000, 900_000) + 900_500) / 1_000;
    let column = (place.lon.clamp(-1_800_000, 1_800_000) + 1_800_500) / 1_000;
    // INVARIANT: both are within 0 and 3,600.
    row.unsigned_abs() * LON_CELLS + column.unsigned_abs()
}

/// The middle of a cell; `None` for a number that is none.
pub(super) fn place_of(cell: u32) -> Option<Place> {
    let (row, column) = (cell / LON_CELLS, cell % LON_CELLS);
    let (row, column) = (i32::try_from(row).ok()?, i32::try_from(column).ok()?);
    (row <= 1_800).then_some(Place { lat: row * 1_000 - 900_000, lon: column * 1_000 - 1_800_000 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_found_again_within_eight_kilometers(lat in -900_000..=900_000_i32, lon in -1_800_000..=1_800_000_i32) {
            let place = Place { lat, lon };
            prop_assert!(place_of(cell_of(place)).unwrap().distance_km(place) < 8.0);
        }

        #[test]
        fn a_version_is_read_back_for_its_own_browser(browser in any::<u32>(), major in 1..1_023_u32) {
            let version = (browser & !1_023) | major;
            prop_assert_eq!(major_of(version, browser), Some(major));
            prop_assert_eq!(major_of(version, browser ^ 0x8000_0000), None);
        }
    }
}
