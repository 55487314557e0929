//! How little a local part looks like anything that people call themselves.

use std::sync::LazyLock;

use super::fold::ascii;
use crate::number::{self, nearest};

/// What local parts are made of; trains the table.
const WORDS: &str = include_str!("../../data/names-and-words.txt");

/// Letters and the edge of a word.
const SYMBOLS: usize = 27;

/// The edge of a word: where one begins or ends.
const EDGE: usize = 26;

/// Added to each count, in the manner of Laplace, so that no pair is impossible; judgement: half a sight.
const SMOOTHING: f64 = 0.5;

/// Fewer letters tell nothing: initials and short names of any language are allowed any pair.
const MIN_LETTERS: usize = 5;

/// Mean log-likelihood per pair down to which a text counts as sense. Measured: 99 in 100 of the words lie above, also
/// when they are left out of the training one fifth at a time.
const SENSE: f64 = -3.6;

/// Mean log-likelihood per pair from which a text counts as wholly random. Measured: somewhat beyond the middle (-4.4) of
/// ten random letters.
const NONSENSE: f64 = -4.6;

/// Changes between letters and digits up to which people go (`r2d2`), and from which a text counts as wholly random.
const MIXED: (usize, usize) = (3, 5);

/// Consonants in a row up to which languages go (`Knightsbridge`), and from which a text counts as wholly random.
const CONSONANTS: (usize, usize) = (5, 8);

/// The same for vowels (`Aoue`).
const VOWELS: (usize, usize) = (4, 7);

/// How random the local part looks, from 0 for sense to 1,000; `None` with fewer than five letters or foreign ones.
///
/// The worst of three: pairs of letters that seldom meet, digits strewn among letters, rows of consonants or vowels.
pub(crate) fn gibberish_milli(local: &str) -> Option<u16> {
    let local = local.split('+').next().unwrap_or(local);
    let text = ascii(local)?;
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let mixed = grade(changes(&text), MIXED);
    if letters < MIN_LETTERS {
        return (mixed > 0).then_some(mixed);
    }
    let rows = |is_in: fn(u8) -> bool| {
        text.as_bytes().split(|byte| !is_in(*byte)).map(<[u8]>::len).max().unwrap_or(0)
    };
    let consonants = grade(rows(|byte| byte.is_ascii_alphabetic() && !is_vowel(byte)), CONSONANTS);
    let vowels = grade(rows(is_vowel), VOWELS);
    let share = ((SENSE - likelihood(&text)) / (SENSE - NONSENSE)).clamp(0.0, 1.0);
    let pairs = u16::try_from(nearest(share * 1_000.0)).unwrap_or(0);
    Some(pairs.max(mixed).max(consonants).max(vowels))
}

const fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// Where `count` lies between what is usual and what is random, in thousandths.
fn grade(count: usize, (usual, random): (usize, usize)) -> u16 {
    let over = count.saturating_sub(usual).min(random - usual);
    u16::try_from(over * 1_000 / (random - usual)).unwrap_or(0)
}

/// Changes from letter to digit or back, not counting those at a separator.
fn changes(text: &str) -> usize {
    let is_change = |pair: &[u8]| match pair {
        [a, b] => {
            (a.is_ascii_alphabetic() && b.is_ascii_digit()) || (a.is_ascii_digit() && b.is_ascii_alphabetic())
        }
        _ => false,
    };
    text.as_bytes().windows(2).filter(|pair| is_change(pair)).count()
}

/// Mean natural log-likelihood of the text's pairs of letters, the edges of its words left out.
///
/// Why without edges: people run words together, and begin addresses with initials.
fn likelihood(text: &str) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0_i64);
    for word in text.as_bytes().split(|byte| !byte.is_ascii_alphabetic()) {
        for pair in word.windows(2) {
            if let [a, b] = pair {
                sum += TABLE.log(index(*a), index(*b));
                pairs += 1;
            }
        }
    }
    if pairs == 0 { SENSE } else { sum / number::real(pairs) }
}

fn index(byte: u8) -> usize {
    if byte.is_ascii_lowercase() { usize::from(byte - b'a') } else { EDGE }
}

/// Log-likelihoods of the second letter given the first.
struct Table(Vec<f64>);

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut counts = vec![SMOOTHING; SYMBOLS * SYMBOLS];
    let lines = WORDS.lines().filter(|line| !line.starts_with('#'));
    for word in lines.flat_map(str::split_whitespace) {
        let mut before = EDGE;
        for symbol in word.bytes().map(index).chain([EDGE]) {
            if let Some(count) = counts.get_mut(before * SYMBOLS + symbol) {
                *count += 1.0;
            }
            before = symbol;
        }
    }
    for row in counts.chunks_mut(SYMBOLS) {
        let total: f64 = row.iter().sum();
        for count in row {
            *count = libm::log(*count / total);
        }
    }
    Table(counts)
});

impl Table {
    fn log(&self, first: usize, second: usize) -> f64 {
        self.0.get(first * SYMBOLS + second).copied().unwrap_or(SENSE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_call_themselves_makes_sense() {
        for local in [
            "pat.doe",
            "pdoe",
            "pat1984",
            "nguyen",
            "nguyễn.thi.minh",
            "t.hooft",
            "krzysztof",
            "schwarzenegger",
            "papadopoulos",
            "mukherjee",
            "info",
            "sales.emea",
            "o'brien",
            "jean-luc.picard",
            "x",
            "jd",
            "8613912345678",
            "mary-ann.smith-jones",
            "ivanov2001",
            "bjork",
            "wojciech.szczesny",
            "tchaikovsky",
            "sunshine42",
            "hrdept",
            "strength",
            "knightsbridge",
            "jsmith",
            "rjthompson",
            "ngozi.okonkwo",
            "zhang.xiaoqing",
            "li.na",
        ] {
            let milli = gibberish_milli(local).unwrap_or(0);
            assert!(milli < 400, "{local}: {milli}, {}", likelihood(local));
        }
    }

    #[test]
    fn what_programs_make_up_does_not() {
        for local in [
            "xkqzvbnw",
            "qwxzjkpv",
            "a3f9c2e1b4",
            "x7k29qp1zd",
            "bvxkjqhw83",
            "zqjxkvbp",
            "hjkdfgqzx",
            "rtzvbxqp",
            "kq8z3xw1",
            "vwqjzkx.pqzvx",
            "sdkfjhgqwz",
        ] {
            let milli = gibberish_milli(local).unwrap_or(0);
            assert!(milli >= 600, "{local}: {milli}, {}", likelihood(local));
        }
    }

    #[test]
    fn the_constants_are_as_measured() {
        let words: Vec<&str> =
            WORDS.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect();
        let long: Vec<_> = words.iter().filter(|word| word.len() >= MIN_LETTERS).collect();
        let above = long.iter().filter(|word| likelihood(word) >= SENSE).count();
        assert!(above * 100 >= long.len() * 99, "{above} of {}", long.len());
        assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
        let mut state = 1_u64;
        let mut random: Vec<f64> = (0..1_000)
            .map(|_| {
                let text: String = (0..10)
                    .map(|_| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
                    })
                    .collect();
                likelihood(&text)
            })
            .collect();
        random.sort_by(f64::total_cmp);
        assert!((random[500] + 4.4).abs() < 0.1, "{}", random[500]);
    }

    proptest! {
        #[test]
        fn any_text_is_graded(text in any::<String>()) {
            prop_assert!(gibberish_milli(&text).is_none_or(|milli| milli <= 1_000));
        }
    }
}
