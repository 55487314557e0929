//! LZ4 blocks over a dictionary that is looked through once, and not again for each body.
//!
//! What is written is the block format of LZ4 with an external dictionary, which `lz4_flex` reads. That crate writes it as well, but goes
//! through the whole dictionary for each body, which takes longer than the body itself, and finds less by a smaller table.

/// The longest dictionary and body together: a match lies at most 65,535 bytes back (LZ4 block format, "offset").
const WINDOW: usize = 65_535;

/// The last match begins at least so many bytes before the end (LZ4 block format, "End of block conditions").
const LAST_MATCH: usize = 12;

/// The last bytes are literals (the same).
const LAST_LITERALS: usize = 5;

/// The shortest match (the same).
const LEAST: usize = 4;

/// Without a match at so many places on end, each following step is one byte longer.
const PATIENCE: usize = 32;

/// The slots for places in a body, as a power of two.
const BODY_BITS: u32 = 12;

/// The slots for places in the dictionary.
const DICTIONARY_BITS: u32 = 14;

/// A dictionary that was looked through.
pub(crate) struct Packer {
    dictionary: &'static [u8],
    /// By a hash of five bytes, the last place at which such stand, counted from 1; 0: none.
    places: Vec<u16>,
}

impl Packer {
    /// Looks through a dictionary; one that is too long is as good as none.
    pub(crate) fn new(dictionary: &'static [u8]) -> Self {
        let dictionary = if dictionary.len() < WINDOW { dictionary } else { &[] };
        let mut places = vec![0; 1 << DICTIONARY_BITS];
        for (place, eight) in (1..).zip(dictionary.windows(8)) {
            if let Some(slot) = places.get_mut(slot(eight_of(eight), DICTIONARY_BITS)) {
                *slot = place;
            }
        }
        Self { dictionary, places }
    }

    /// Appends the block of a body; `None` where it would be no shorter than the body, or lies too far from the dictionary's beginning. Then
    /// what was appended is nothing to keep.
    pub(crate) fn pack_into(&self, body: &[u8], out: &mut Vec<u8>) -> Option<()> {
        if self.dictionary.len() + body.len() > WINDOW {
            return None;
        }
        let most = out.len() + body.len();
        let mut seen = [0_u16; 1 << BODY_BITS];
        let (mut literals, mut place, mut misses) = (0, 0, 0);
        let last = body.len().saturating_sub(LAST_MATCH);
        while place < last {
            let eight = eight_of(body.get(place..)?);
            let noted = seen.get_mut(slot(eight, BODY_BITS))?;
            let own = usize::from(*noted).checked_sub(1);
            *noted = u16::try_from(place + 1).ok()?;
            let Some(Match { back, length, offset }) = self.find(body, literals, (place, eight), own) else {
                misses += 1;
                place += 1 + misses / PATIENCE;
                continue;
            };
            misses = 0;
            push(out, body.get(literals..place - back)?, Some((offset, back + length)));
            if out.len() >= most {
                return None;
            }
            place += length;
            literals = place;
            // Why: what comes again begins more often where a match ends than in the midst of it.
            let eight = eight_of(body.get(place - 2..)?);
            *seen.get_mut(slot(eight, BODY_BITS))? = u16::try_from(place - 1).ok()?;
        }
        push(out, body.get(literals..)?, None);
        (out.len() < most).then_some(())
    }

    /// The longer one of the match at `own` in the body and that in the dictionary.
    fn find(
        &self,
        body: &[u8],
        literals: usize,
        (place, eight): (usize, u64),
        own: Option<usize>,
    ) -> Option<Match> {
        let here = body.get(place..body.len() - LAST_LITERALS)?;
        let before = body.get(literals..place)?;
        let shared = usize::from(*self.places.get(slot(eight, DICTIONARY_BITS))?).checked_sub(1);
        let own = own.and_then(|at| {
            Match::of((before, here), (body.get(..at)?, body.get(at..at + here.len())?), place - at)
        });
        let shared = shared.and_then(|at| {
            Match::of(
                (before, here),
                self.dictionary.split_at_checked(at)?,
                place + self.dictionary.len() - at,
            )
        });
        match (own, shared) {
            (Some(own), Some(shared)) if own.total() >= shared.total() => Some(own),
            (own, shared) => shared.or(own),
        }
    }
}

/// Bytes that stood before.
struct Match {
    /// How many bytes before the place agree as well.
    back: usize,
    /// How many agree from the place on.
    length: usize,
    /// How far back they stand.
    offset: usize,
}

impl Match {
    fn of(
        (before, here): (&[u8], &[u8]),
        (before_there, there): (&[u8], &[u8]),
        offset: usize,
    ) -> Option<Self> {
        let length = common(here, there);
        if length < LEAST {
            return None;
        }
        let pairs = before.iter().rev().zip(before_there.iter().rev());
        let back = pairs.take_while(|(one, other)| one == other).count();
        Some(Self { back, length, offset })
    }

    const fn total(&self) -> usize {
        self.back + self.length
    }
}

/// The first eight bytes as a number; 0 of fewer.
fn eight_of(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// The slot for the first five of eight bytes (multiplication by a prime, as LZ4's own hash).
fn slot(eight: u64, bits: u32) -> usize {
    usize::try_from((eight << 24).wrapping_mul(889_523_592_379) >> (u64::BITS - bits)).unwrap_or(0)
}

/// How many bytes agree from the beginning on.
fn common(one: &[u8], other: &[u8]) -> usize {
    let mut count = 0;
    let eights = one.chunks_exact(8).zip(other.chunks_exact(8));
    for (one, other) in eights {
        let differing = eight_of(one) ^ eight_of(other);
        if differing != 0 {
            return count + usize::try_from(differing.trailing_zeros() / 8).unwrap_or(0);
        }
        count += 8;
    }
    let rest = one.iter().skip(count).zip(other.iter().skip(count));
    count + rest.take_while(|(one, other)| one == other).count()
}

/// Appends literals and the match (how far back, how long) that follows them; none follows the last.
fn push(out: &mut Vec<u8>, literals: &[u8], following: Option<(usize, usize)>) {
    let (offset, length) = following.unwrap_or((0, LEAST));
    let length = length - LEAST;
    let four_bits = |count: usize| u8::try_from(count.min(15)).unwrap_or(15);
    out.push((four_bits(literals.len()) << 4) | four_bits(length));
    push_rest(out, literals.len());
    out.extend_from_slice(literals);
    if following.is_some() {
        out.extend_from_slice(&u16::try_from(offset).unwrap_or(u16::MAX).to_le_bytes());
        push_rest(out, length);
    }
}

/// Appends what of a count is beyond its four bits.
fn push_rest(out: &mut Vec<u8>, count: usize) {
    let Some(mut rest) = count.checked_sub(15) else { return };
    while rest >= 255 {
        out.push(255);
        rest -= 255;
    }
    out.push(u8::try_from(rest).unwrap_or(u8::MAX));
}

#[cfg(test)]
mod tests {
    use lz4_flex::block::decompress_with_dict;
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    static DICTIONARY: &[u8] = br#"{"code":"familiar_network","micro":-389297,"text":"About 100% of the user's about 3 sign-ins had this network."}"#;

    /// The block, and that it gives the body again.
    fn packed(packer: &Packer, body: &[u8]) -> Option<Vec<u8>> {
        let mut out = b"head".to_vec();
        packer.pack_into(body, &mut out)?;
        let block = out.strip_prefix(b"head").unwrap().to_vec();
        assert!(block.len() < body.len());
        assert_eq!(decompress_with_dict(&block, body.len(), packer.dictionary).unwrap(), body);
        Some(block)
    }

    proptest! {
        #[test]
        fn any_body_comes_back(pieces in vec((any::<Index>(), any::<Index>(), vec(0_u8..4, 0..20)), 0..40)) {
            let packer = Packer::new(DICTIONARY);
            let mut body = Vec::new();
            for (one, other, between) in pieces {
                let (one, other) = (one.index(DICTIONARY.len()), other.index(DICTIONARY.len()));
                body.extend_from_slice(&DICTIONARY[one.min(other)..one.max(other)]);
                body.extend_from_slice(&between);
            }
            packed(&packer, &body);
        }

        #[test]
        fn any_bytes_come_back_or_are_not_packed(body in vec(any::<u8>(), 0..600)) {
            packed(&Packer::new(DICTIONARY), &body);
        }
    }

    #[test]
    fn what_is_in_the_dictionary_costs_next_to_nothing() {
        let body = [b"0123456789", DICTIONARY, b"0123456789abc"].concat();
        let block = packed(&Packer::new(DICTIONARY), &body).unwrap();
        assert!(block.len() < 40, "{}", block.len());
        assert_eq!(packed(&Packer::new(b""), &body.repeat(3)).map(|block| block.len() < 200), Some(true));
    }

    #[test]
    fn long_runs_and_long_literals_come_back() {
        let mixed: Vec<u8> =
            (0..700_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        for body in [vec![7; 5_000], [mixed.clone(), vec![0; 1_000], mixed].concat()] {
            assert!(packed(&Packer::new(DICTIONARY), &body).is_some());
        }
    }

    #[test]
    fn what_is_too_long_for_an_offset_is_not_packed() {
        let packer = Packer::new(DICTIONARY);
        assert!(packed(&packer, &vec![1; WINDOW - DICTIONARY.len()]).is_some());
        assert!(packed(&packer, &vec![1; WINDOW - DICTIONARY.len() + 1]).is_none());
    }
}
