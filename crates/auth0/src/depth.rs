//! How deeply JSON nests, found before anything is built from it.

/// JSON that nests more deeply than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nested too deeply at byte {offset}")]
pub struct TooDeep {
    /// The offset in bytes of the first bracket that is too deep, from 0.
    pub offset: usize,
}

/// Checks in one pass over the bytes and without allocating that no array or object lies deeper than `max`; a
/// lone `[]` has depth 1.
///
/// Brackets in strings don't count. It does not ask whether the bytes are JSON: what is not gets a parser's error.
///
/// # Errors
/// [`TooDeep`] at the first bracket below `max`.
pub fn check(bytes: &[u8], max: usize) -> Result<(), TooDeep> {
    let mut depth = 0_usize;
    let mut rest = bytes.iter().enumerate();
    while let Some((offset, byte)) = rest.next() {
        match byte {
            b'"' => {
                while let Some((_, byte)) = rest.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            rest.next();
                        }
                        _ => {}
                    }
                }
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > max {
                    return Err(TooDeep { offset });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn depth_of(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
            Value::Object(fields) => 1 + fields.values().map(depth_of).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), "[\\[\\]{}\"\\\\a]{0,8}".prop_map(Value::from)];
        leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[\\[\\]{}\"\\\\]{0,4}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_bound_is_the_depth_of_the_value(value in any_json()) {
            let text = value.to_string();
            let depth = depth_of(&value);
            prop_assert_eq!(check(text.as_bytes(), depth), Ok(()));
            if depth > 0 {
                prop_assert!(check(text.as_bytes(), depth - 1).is_err());
            }
        }

        #[test]
        fn bytes_that_are_not_json_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), max in 0_usize..4) {
            if let Err(TooDeep { offset }) = check(&bytes, max) {
                let bracket = bytes[offset];
                prop_assert!(b"{[".contains(&bracket), "byte {}", bracket);
            }
        }
    }

    #[test]
    fn the_first_bracket_that_is_too_deep_is_named() {
        assert_eq!(check(br#"{"[[[": [1, {"a": 2}]}"#, 3), Ok(()));
        assert_eq!(check(br#"{"[[[": [1, {"a": 2}]}"#, 2), Err(TooDeep { offset: 12 }));
        assert_eq!(check(br#""\"[[[""#, 0), Ok(()));
        assert_eq!(check(br#"{"unterminated \"#, 1), Ok(()));
    }
}
