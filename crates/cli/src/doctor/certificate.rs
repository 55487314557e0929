//! Until when a certificate holds: as much of its DER as that takes (RFC 5280, section 4.1).

use countersign_core::Timestamp;
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The explicit tag of the version, which may be left out.
const VERSION: u8 = 0xa0;

/// When the first certificate of a chain in PEM ends; `None` when that can't be read.
pub fn ends(pem: &[u8]) -> Option<Timestamp> {
    let certificate = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    let (tag, certificate, _) = element(&certificate)?;
    let (inner, to_be_signed, _) = element(certificate)?;
    if (tag, inner) != (SEQUENCE, SEQUENCE) {
        return None;
    }
    let (first, _, after_first) = element(to_be_signed)?;
    // Serial number, algorithm, issuer; the version before them is there in all but the oldest certificates.
    let mut rest = if first == VERSION { after_first } else { to_be_signed };
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (tag, validity, _) = element(rest)?;
    let (_, _, after_begin) = element(validity).filter(|_| tag == SEQUENCE)?;
    let (tag, end, _) = element(after_begin)?;
    time(tag, std::str::from_utf8(end).ok()?)
}

/// The tag and the contents of the first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits
                .iter()
                .try_fold(0_usize, |length, digit| length.checked_mul(256)?.checked_add(usize::from(*digit)));
            (length?, rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((*tag, contents, rest))
}

/// A time as certificates have it: `YYMMDDHHMMSSZ` up to 2049, `YYYYMMDDHHMMSSZ` from then on.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    let whole = match tag {
        UTC_TIME => {
            let century = if digits.get(..2)?.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
            format!("{century}{digits}")
        }
        GENERALIZED_TIME => digits.to_owned(),
        _ => return None,
    };
    if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let (date, hours) =
        ((part(0, 4)?, part(4, 6)?, part(6, 8)?), (part(8, 10)?, part(10, 12)?, part(12, 14)?));
    format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, hours.0, hours.1, hours.2).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(year: i32) -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["cs.example.com".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(year, 3, 4);
        parameters.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn the_end_is_read_in_both_forms_and_of_the_first_alone() {
        assert_eq!(ends(made(2031).as_bytes()), "2031-03-04T00:00:00Z".parse().ok());
        assert_eq!(ends(made(2071).as_bytes()), "2071-03-04T00:00:00Z".parse().ok());
        assert_eq!(
            ends(format!("{}{}", made(2031), made(2029)).as_bytes()),
            "2031-03-04T00:00:00Z".parse().ok()
        );
    }

    #[test]
    fn nonsense_has_no_end() {
        for text in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
            assert_eq!(ends(text.as_bytes()), None);
        }
        for bytes in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x30, 5, 1]] {
            assert_eq!(element(bytes), None);
        }
        assert_eq!(time(UTC_TIME, "311341000000Z"), None);
    }
}
