//! Changes of examples: bytes, parts, tokens, numbers, letters, nesting.

use crate::chance::Chance;

/// Numbers at which readers break.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "255",
    "256",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e309",
    "-1e999",
    "1e-400",
    "0.1",
    "00",
    "1.",
    ".5",
    "NaN",
    "Infinity",
    "0x7f",
    "99999999999999999999999999999999999999999",
];

/// Texts at which readers break.
const TEXTS: &[&str] = &[
    "\0",
    "\\u0000",
    "\\ud800",
    "\\udfff\\ud800",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{fffd}",
    "\u{10ffff}",
    "e\u{301}\u{301}\u{301}",
    "İ",
    "ﬃ",
    "а",
    "😀",
    "\r\n",
    "\n\n",
    "\t",
    "\u{2028}",
    "%00",
    "%2f",
    "%",
    "../",
    "//",
    "\\",
    "'",
    "\"",
    "`",
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "=",
    ":",
    ";",
    ",",
    "#",
    "*",
    "&a *a",
    "<<",
    "!!",
    "---\n",
];

/// Bytes that are no UTF-8.
const BROKEN: &[&[u8]] = &[b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"];

/// What opens, and what closes it.
const NESTS: &[(&str, &str)] = &[
    ("[", "]"),
    ("{\"a\":", "}"),
    ("(", ")"),
    ("{", "}"),
    ("\"", "\""),
    ("not ", ""),
    ("!", ""),
    ("- ", ""),
    ("a.", ""),
    ("[[a]]\n", ""),
    (" ", ""),
];

/// How often a part is repeated; the greater ones make deep and vast inputs.
const TIMES: &[usize] = &[2, 3, 10, 100, 1_000, 10_000];

/// Makes inputs of examples.
pub(crate) struct Mutator {
    examples: Vec<Vec<u8>>,
    given: usize,
    words: Vec<Vec<u8>>,
    max_bytes: usize,
}

impl Mutator {
    pub(crate) const fn new(examples: Vec<Vec<u8>>, words: Vec<Vec<u8>>, max_bytes: usize) -> Self {
        let given = examples.len();
        Self { examples, given, words, max_bytes }
    }

    /// The example that is tried at this place as it is.
    pub(crate) fn example(&self, tried: u64) -> Option<&[u8]> {
        let place = usize::try_from(tried).ok().filter(|place| *place < self.given)?;
        self.examples.get(place).map(Vec::as_slice)
    }

    /// Keeps an input as an example for changes.
    pub(crate) fn keep(&mut self, input: Vec<u8>) {
        self.examples.push(input);
    }

    /// The next input: an example with some changes.
    pub(crate) fn next(&self, chance: &mut Chance) -> Vec<u8> {
        // Why half: what was given stays what most inputs are near to, however much was found.
        let among = if chance.below(2) == 0 { self.given } else { self.examples.len() };
        let mut input = self.examples.get(chance.below(among)).cloned().unwrap_or_default();
        for _ in 0..=chance.below(4) {
            self.change(&mut input, chance);
        }
        input.truncate(self.max_bytes);
        input
    }

    fn change(&self, input: &mut Vec<u8>, chance: &mut Chance) {
        let at = chance.below(input.len() + 1);
        match chance.below(15) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = chance.byte();
                }
            }
            2 => input.truncate(at),
            3 => drop(input.drain(part(input, at, chance))),
            4 => {
                let copy = input.get(part(input, at, chance)).unwrap_or_default().to_vec();
                insert(input, at, &copy);
            }
            5 => {
                let copy = input.get(part(input, at, chance)).unwrap_or_default().to_vec();
                let room = self.max_bytes.saturating_sub(input.len()) / copy.len().max(1);
                let times = TIMES.get(chance.below(TIMES.len())).copied().unwrap_or(2).min(room);
                insert(input, at, &copy.repeat(times));
            }
            6 => self.splice(input, at, chance),
            7 | 8 => self.replace_token(input, at, chance),
            9 => insert(input, at, chance.pick(NUMBERS).unwrap_or("0").as_bytes()),
            10 => insert(input, at, chance.pick(TEXTS).unwrap_or("").as_bytes()),
            11 => insert(input, at, chance.pick(BROKEN).unwrap_or(b"\xff")),
            12 => self.nest(input, at, chance),
            _ => {
                let word = self.words.get(chance.below(self.words.len())).cloned();
                insert(input, at, &word.unwrap_or_else(|| vec![chance.byte()]));
            }
        }
    }

    /// Puts a part of another example in.
    fn splice(&self, input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
        let other = self.examples.get(chance.below(self.examples.len())).map_or(&[][..], Vec::as_slice);
        let from = chance.below(other.len() + 1);
        let copy = other.get(part(other, from, chance)).unwrap_or_default().to_vec();
        insert(input, at, &copy);
    }

    /// Puts something else in place of a whole word, number or quoted text.
    fn replace_token(&self, input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
        let tokens = tokens(input);
        let Some((start, end)) = tokens.get(chance.below(tokens.len())).copied() else { return };
        let new = match chance.below(6) {
            0 => chance.pick(NUMBERS).unwrap_or("0").as_bytes().to_vec(),
            1 => format!("\"{}\"", chance.pick(TEXTS).unwrap_or("")).into_bytes(),
            2 => self.words.get(chance.below(self.words.len())).cloned().unwrap_or_default(),
            3 => Vec::new(),
            _ => {
                let other = self.examples.get(chance.below(self.examples.len()));
                let other = other.map_or(&[][..], Vec::as_slice);
                let found = self::tokens(other.get(at.min(other.len())..).unwrap_or_default());
                let (start, end) = found.get(chance.below(found.len().min(50))).copied().unwrap_or((0, 0));
                other
                    .get(at.min(other.len())..)
                    .unwrap_or_default()
                    .get(start..end)
                    .unwrap_or_default()
                    .to_vec()
            }
        };
        input.splice(start..end, new);
    }

    /// Puts a part into many brackets, or begins many that end nowhere.
    fn nest(&self, input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
        let Some((open, close)) = NESTS.get(chance.below(NESTS.len())).copied() else { return };
        let room = self.max_bytes.saturating_sub(input.len()) / (open.len() + close.len());
        let times = TIMES.get(chance.below(TIMES.len())).copied().unwrap_or(2).min(room);
        let end = part(input, at, chance).end;
        if chance.below(4) > 0 {
            insert(input, end, close.repeat(times).as_bytes());
        }
        insert(input, at, open.repeat(times).as_bytes());
    }
}

/// A part that begins at `at`, mostly a short one.
fn part(input: &[u8], at: usize, chance: &mut Chance) -> std::ops::Range<usize> {
    let left = input.len().saturating_sub(at);
    let most = if chance.below(4) == 0 { left } else { left.min(32) };
    at..at + chance.below(most + 1)
}

fn insert(input: &mut Vec<u8>, at: usize, new: &[u8]) {
    let at = at.min(input.len());
    input.splice(at..at, new.iter().copied());
}

/// Where words, numbers and quoted texts stand.
fn tokens(input: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut start, mut quote) = (Vec::new(), None, None);
    for (at, byte) in input.iter().copied().enumerate() {
        match (quote, start) {
            (Some(mark), Some(from)) if byte == mark => {
                found.push((from, at + 1));
                (quote, start) = (None, None);
            }
            (Some(_), _) => {}
            (None, _) if byte == b'"' || byte == b'\'' => (quote, start) = (Some(byte), Some(at)),
            (None, None) if is_word(byte) => start = Some(at),
            (None, Some(from)) if !is_word(byte) => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    if let (None, Some(from)) = (quote, start) {
        found.push((from, input.len()));
    }
    found
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_numbers_and_quoted_texts() {
        let text = br#"{"a b": -1.5e3, c = 'd"e' f}"#;
        let found: Vec<_> = tokens(text).into_iter().map(|(from, to)| &text[from..to]).collect();
        assert_eq!(found, [&b"\"a b\""[..], b"-1.5e3", b"c", b"'d\"e'", b"f"]);
    }

    #[test]
    fn inputs_keep_their_bound_and_reach_deep_nesting_broken_text_and_extremes() {
        let mutator = Mutator::new(vec![b"{\"a\":[1,\"b\"]}".to_vec()], vec![b"word".to_vec()], 4_096);
        let mut chance = Chance::new(1);
        let inputs: Vec<_> = (0..20_000).map(|_| mutator.next(&mut chance)).collect();
        assert!(inputs.iter().all(|input| input.len() <= 4_096));
        let has =
            |part: &[u8]| inputs.iter().any(|input| input.windows(part.len()).any(|found| found == part));
        for part in
            [&b"[".repeat(1_000)[..], b"\xff", b"18446744073709551616", b"word", "\u{202e}".as_bytes(), b""]
        {
            assert!(part.is_empty() || has(part), "{}", part.escape_ascii());
        }
        assert!(inputs.iter().any(Vec::is_empty) && inputs.iter().any(|input| input.len() == 4_096));
    }
}
