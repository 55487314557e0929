//! XXH64 with seed 0 (Yann Collet, "xxHash fast digest algorithm", version 0.1.1). It hides nothing from who can guess.

const PRIMES: [u64; 5] = [
    0x9E37_79B1_85EB_CA87,
    0xC2B2_AE3D_27D4_EB4F,
    0x1656_67B1_9E37_79F9,
    0x85EB_CA77_C2B2_AE63,
    0x27D4_EB2F_1656_67C5,
];

const fn round(lane: u64, input: u64) -> u64 {
    let [first, second, ..] = PRIMES;
    lane.wrapping_add(input.wrapping_mul(second)).rotate_left(31).wrapping_mul(first)
}

fn merge(hash: u64, lane: u64) -> u64 {
    let [first, _, _, fourth, _] = PRIMES;
    (hash ^ round(0, lane)).wrapping_mul(first).wrapping_add(fourth)
}

/// The hash of some bytes.
pub fn hash(bytes: &[u8]) -> u64 {
    let [first, second, third, fourth, fifth] = PRIMES;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut rest = bytes;
    let mut hash = if bytes.len() < 32 {
        fifth
    } else {
        let mut lanes = [first.wrapping_add(second), second, 0, 0_u64.wrapping_sub(first)];
        while let Some((stripe, after)) = rest.split_first_chunk::<32>() {
            let (words, _) = stripe.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
            rest = after;
        }
        let turns = [1, 7, 12, 18];
        let sum =
            lanes.iter().zip(turns).fold(0_u64, |sum, (lane, by)| sum.wrapping_add(lane.rotate_left(by)));
        lanes.iter().fold(sum, |hash, lane| merge(hash, *lane))
    };
    hash = hash.wrapping_add(length);
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(first).wrapping_add(fourth);
        rest = after;
    }
    if let Some((word, after)) = rest.split_first_chunk::<4>() {
        hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(first);
        hash = hash.rotate_left(23).wrapping_mul(second).wrapping_add(third);
        rest = after;
    }
    for byte in rest {
        hash ^= u64::from(*byte).wrapping_mul(fifth);
        hash = hash.rotate_left(11).wrapping_mul(first);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(second);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(third);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_their_known_hashes() {
        assert_eq!(hash(b""), 0xEF46_DB37_51D8_E999);
        assert_eq!(hash(b"a"), 0xD24E_C4F1_A98C_6E5B);
        assert_eq!(hash(b"abc"), 0x44BC_2CF5_AD77_0999);
        assert_eq!(hash(b"Nobody inspects the spammish repetition"), 0xFBCE_A83C_8A37_8BF1);
    }
}
