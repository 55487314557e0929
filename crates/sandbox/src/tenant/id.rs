//! Identifiers as Auth0 forms them, and its times. The forms were read off recordings.

use countersign_core::Timestamp;

use crate::dice::Dice;

/// `<prefix>_` and 16 letters and digits: `rol_`, `org_`, `con_`, `uinv_`, `cred_`.
pub fn prefixed(prefix: &str, dice: &mut Dice) -> String {
    format!("{prefix}_{}", dice.alphanumeric(16))
}

/// `<prefix>_` and 22 letters and digits: `acl_`, `est_`, `evt_`.
pub fn long_prefixed(prefix: &str, dice: &mut Dice) -> String {
    format!("{prefix}_{}", dice.alphanumeric(22))
}

/// 24 hexadecimal digits: resource servers, and the part of a database user's id after `auth0|`.
pub fn object(dice: &mut Dice) -> String {
    dice.hex(24)
}

/// A client id: 32 letters and digits.
pub fn client(dice: &mut Dice) -> String {
    dice.alphanumeric(32)
}

/// A client secret: 64 letters and digits.
pub fn client_secret(dice: &mut Dice) -> String {
    dice.alphanumeric(64)
}

/// A version 4 UUID: Actions, their versions and executions.
pub fn uuid(dice: &mut Dice) -> String {
    let variant = dice.pick('8', &['9', 'a', 'b']);
    let (a, b, c, d, e) = (dice.hex(8), dice.hex(4), dice.hex(3), dice.hex(3), dice.hex(12));
    format!("{a}-{b}-4{c}-{variant}{d}-{e}")
}

/// A log id: 59 digits that sort by time and then by `place`.
pub fn log(place: u64, now: Timestamp) -> String {
    let digits: String = now.to_string().chars().filter(char::is_ascii_digit).take(20).collect();
    format!("900{digits}{place:036}")
}

/// A time as Auth0 writes it: three decimals.
pub fn iso(now: Timestamp) -> String {
    let text = now.to_string();
    text.get(..23).map_or(text.clone(), |millis| format!("{millis}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_ids_sort_by_time_and_then_by_place() {
        let at = Timestamp::from_seconds(1_787_000_000);
        let ids = [log(9, at), log(10, at), log(1, at.plus(1)), log(0, at.plus(1_000_000))];
        assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 59), "{ids:?}");
    }

    #[test]
    fn times_have_three_decimals() {
        assert_eq!(iso(Timestamp::from_micros(1_500)), "1970-01-01T00:00:00.001Z");
    }

    #[test]
    fn uuids_say_that_they_are_random() {
        let id = uuid(&mut Dice::new(1));
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
    }
}
