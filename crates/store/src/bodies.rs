//! All sealed bodies of a leaf as one column.
//!
//! A version in one byte, then for each body: the length of its key's name in two bytes, the name, the length of what is
//! sealed in four bytes, and that. Numbers are big-endian.

use crate::{NewBody, SealedBodyRow, StoreError};

/// The version of this form.
const VERSION: u8 = 1;

/// The column for these bodies; `None` when there are none.
pub(crate) fn encode(bodies: &[NewBody]) -> Result<Option<Vec<u8>>, StoreError> {
    if bodies.is_empty() {
        return Ok(None);
    }
    let bytes = bodies.iter().map(|body| 6 + body.key_id.len() + body.sealed.len()).sum::<usize>();
    let mut column = Vec::with_capacity(1 + bytes);
    column.push(VERSION);
    for NewBody { key_id, sealed } in bodies {
        let too_long = |_| StoreError::Corrupt("a sealed body or its key's name is too long".to_owned());
        column.extend_from_slice(&u16::try_from(key_id.len()).map_err(too_long)?.to_be_bytes());
        column.extend_from_slice(key_id.as_bytes());
        column.extend_from_slice(&u32::try_from(sealed.len()).map_err(too_long)?.to_be_bytes());
        column.extend_from_slice(sealed);
    }
    Ok(Some(column))
}

/// The bodies of a column, in order.
pub(crate) fn decode(column: &[u8]) -> Result<Vec<SealedBodyRow>, StoreError> {
    let mut rest = versioned(column)?;
    let mut bodies = Vec::new();
    while !rest.is_empty() {
        let key_id = take_key_id(&mut rest)?.to_owned();
        let length = u32::from_be_bytes(take_array(&mut rest)?);
        let sealed = take(&mut rest, usize::try_from(length).map_err(|_| cut())?)?.to_vec();
        bodies.push(SealedBodyRow { key_id, sealed });
    }
    Ok(bodies)
}

/// The name of the key of the first body.
pub(crate) fn first_key_id(column: &[u8]) -> Result<String, StoreError> {
    Ok(take_key_id(&mut versioned(column)?)?.to_owned())
}

fn cut() -> StoreError {
    StoreError::Corrupt("column `bodies` is cut off".to_owned())
}

fn versioned(column: &[u8]) -> Result<&[u8], StoreError> {
    match column.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        _ => Err(StoreError::Corrupt("column `bodies` is of an unknown version".to_owned())),
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], StoreError> {
    let (taken, after) = rest.split_at_checked(count).ok_or_else(cut)?;
    *rest = after;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], StoreError> {
    take(rest, N)?.try_into().map_err(|_| cut())
}

fn take_key_id<'a>(rest: &mut &'a [u8]) -> Result<&'a str, StoreError> {
    let length = u16::from_be_bytes(take_array(rest)?);
    let name = take(rest, usize::from(length))?;
    std::str::from_utf8(name).map_err(|_| StoreError::Corrupt("column `bodies` holds no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn any_bodies_come_back(given in vec((".{0,40}", vec(any::<u8>(), 0..300)), 1..5)) {
            let bodies: Vec<_> =
                given.iter().cloned().map(|(key_id, sealed)| NewBody { key_id, sealed }).collect();
            let column = encode(&bodies).unwrap().unwrap();
            let back: Vec<_> =
                decode(&column).unwrap().into_iter().map(|body| (body.key_id, body.sealed)).collect();
            prop_assert_eq!(&first_key_id(&column).unwrap(), &given[0].0);
            prop_assert_eq!(back, given);
        }

        #[test]
        fn no_bytes_are_taken_amiss(column in vec(prop_oneof![Just(0_u8), Just(1), Just(2), any::<u8>()], 0..60)) {
            // Whatever it accepts is what it would have written.
            if let Ok(found) = decode(&column) {
                let bodies: Vec<_> = found
                    .into_iter()
                    .map(|body| NewBody { key_id: body.key_id, sealed: body.sealed })
                    .collect();
                prop_assert_eq!(encode(&bodies).unwrap().unwrap_or_else(|| vec![VERSION]), column);
            }
        }
    }

    #[test]
    fn nothing_is_no_column() {
        assert_eq!(encode(&[]), Ok(None));
    }

    #[test]
    fn a_column_cut_anywhere_is_refused() {
        let body = NewBody { key_id: "key_1".to_owned(), sealed: vec![7; 20] };
        let column = encode(&[body]).unwrap().unwrap();
        for length in (0..column.len()).filter(|length| *length != 1) {
            assert!(matches!(decode(&column[..length]), Err(StoreError::Corrupt(_))), "{length}");
        }
    }
}
