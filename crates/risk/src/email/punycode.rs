//! Labels of internationalized domains as their letters.

use std::iter;

/// No label is longer, in bytes (RFC 1035, 2.3.4); a longer one is not decoded.
const MAX_LABEL_BYTES: usize = 63;

// Parameters of RFC 3492, section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// The label in lower case, decoded if it begins with `xn--` (RFC 5890); as it is when it does not decode.
pub(super) fn letters(label: &str) -> String {
    let lower: String = label.chars().flat_map(char::to_lowercase).collect();
    let decoded = lower.strip_prefix("xn--").filter(|_| lower.len() <= MAX_LABEL_BYTES).and_then(decode);
    // Why lower again: a decoded capital is as deceptive as a small one.
    decoded.map_or(lower, |text| text.chars().flat_map(char::to_lowercase).collect())
}

/// RFC 3492, section 6.2; `None` for what does not decode.
fn decode(text: &str) -> Option<String> {
    let (basic, extended) = text.rsplit_once('-').unwrap_or(("", text));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = i;
        let mut weight = 1_u32;
        for k in iter::successors(Some(BASE), |k| k.checked_add(BASE)) {
            let digit = value(digits.next()?)?;
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
        }
        let length = u32::try_from(output.len()).ok()?.checked_add(1)?;
        bias = adapt(i - before, length, before == 0);
        n = n.checked_add(i / length)?;
        i %= length;
        output.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(output.into_iter().collect())
}

fn value(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

/// RFC 3492, section 6.1.
fn adapt(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = delta / if is_first { DAMP } else { 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_decoded_as_published() {
        // RFC 3492, section 7.1 (L), and well-known registered names.
        for (label, expected) in [
            ("xn--3B-ww4c5e180e575a65lsy2b", "3b-ww4c5e180e575a65lsy2b"),
            ("xn--mller-kva", "müller"),
            ("XN--BCHER-KVA", "bücher"),
            ("xn--80ak6aa92e", "аррӏе"),
            ("plain", "plain"),
            ("xn--", ""),
            ("xn--a_b", "xn--a_b"),
        ] {
            if expected.starts_with("3b") {
                assert_eq!(letters(label), "3年b組金八先生");
            } else {
                assert_eq!(letters(label), expected, "{label}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_label_decodes_or_stays(label in any::<String>(), tail in "[a-z0-9-]{0,60}") {
            let _ = letters(&label);
            let decoded = letters(&format!("xn--{tail}"));
            prop_assert!(decoded.chars().count() <= 64);
        }
    }
}
