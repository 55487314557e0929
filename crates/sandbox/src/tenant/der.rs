//! The little of DER that certificates need: values with a tag and a length, written and read.

/// The tag of a whole number.
pub const INTEGER: u8 = 0x02;
/// The tag of a string of bits.
pub const BITS: u8 = 0x03;
/// The tag of an object identifier.
pub const OID: u8 = 0x06;
/// The tag of a text in UTF-8.
pub const UTF8: u8 = 0x0c;
/// The tag of a time with two digits for the year.
pub const SHORT_TIME: u8 = 0x17;
/// The tag of a time with four digits for the year.
pub const LONG_TIME: u8 = 0x18;
/// The tag of a sequence.
pub const SEQUENCE: u8 = 0x30;
/// The tag of a set.
pub const SET: u8 = 0x31;
/// The tag of the first value that is told apart by its place.
pub const FIRST: u8 = 0xa0;

/// A value: its tag, its length, its parts one after the other.
pub fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut value = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => value.push(short),
        _ => {
            let bytes = content.len().to_be_bytes();
            let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            value.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
            value.extend(digits);
        }
    }
    value.extend(content);
    value
}

/// A value as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// Its tag.
    pub tag: u8,
    /// What it holds.
    pub content: &'a [u8],
}

/// The first value of some bytes and what comes after it; `None` when there is none.
pub fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Value { tag, content }, rest))
}

/// All values of some bytes; `None` when they aren't whole values.
pub fn read_all(mut bytes: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let (value, rest) = read(bytes)?;
        values.push(value);
        bytes = rest;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(content in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let written = write(SEQUENCE, &[&content]);
            prop_assert_eq!(read(&written), Some((Value { tag: SEQUENCE, content: &content }, &[][..])));
        }

        #[test]
        fn no_bytes_upset_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _values = read_all(&bytes);
        }
    }
}
