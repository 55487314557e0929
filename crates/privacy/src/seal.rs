//! Authenticated encryption of a body under its subject's key.

use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use countersign_core::{Entropy, EntropyError};

use crate::{SubjectKey, pack::Packer};

/// Names the cipher in the first byte of a sealed text, so that another may follow.
const AES_256_GCM_SIV_ID: u8 = 1;

/// The same cipher over a body that was compressed first (LZ4 block over the second dictionary, its length before it). It is
/// still read, and not written any more.
const SECOND_LZ4_ID: u8 = 2;

/// The same over the third dictionary: records are JSON and kept for years, and a smaller one is less to write while somebody waits.
const THIRD_LZ4_ID: u8 = 3;

/// What records of the second model of sign-ins had in common. Sealed texts can't be read without these very bytes, so that another
/// dictionary needs another id.
const SECOND_DICTIONARY: &[u8] = include_bytes!("../data/dictionary-2.txt");

/// What records have in common: those of made-up people at each trigger, and the sentences of all terms. Whatever is in here costs
/// next to nothing when it comes again.
const THIRD_DICTIONARY: &[u8] = include_bytes!("../data/dictionary-3.txt");

static PACKER: LazyLock<Packer> = LazyLock::new(|| Packer::new(THIRD_DICTIONARY));

/// Bodies below this many bytes are not compressed: looking through the dictionary costs more than it could save.
const MIN_PACKED_BYTES: usize = 256;

/// The longest body, in bytes: far above any record, and a bound on what opening one can take.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A sealed text: cipher id (1 byte), nonce (12), ciphertext and tag (16). Nonce misuse costs nothing but
/// equality (AES-GCM-SIV, RFC 8452).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// Why a body could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than a mebibyte.
    #[error("a body has at most {MAX_BODY_BYTES} bytes")]
    Size,
    /// No randomness for a nonce.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Another key, another context, or changed bytes.
    #[error("the sealed text does not open with this key and context")]
    Refused,
    /// Not a sealed text of a known form.
    #[error("the sealed text has an unknown form")]
    Form,
}

fn cipher(key: &SubjectKey) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM_SIV, key.expose()).map(LessSafeKey::new).map_err(|_| SealError::Form)
}

/// The first byte is authenticated with the context: it decides how the body is read.
fn aad(id: u8, context: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([&[id], context].concat())
}

/// Appends a body, compressed where that makes it shorter, its length before it; the id that says which.
fn pack(body: &[u8], out: &mut Vec<u8>) -> u8 {
    let before = out.len();
    if let (true, Ok(size)) = (body.len() >= MIN_PACKED_BYTES, u32::try_from(body.len())) {
        out.extend_from_slice(&size.to_le_bytes());
        if PACKER.pack_into(body, out).is_some() && out.len() - before < body.len() {
            return THIRD_LZ4_ID;
        }
        out.truncate(before);
    }
    out.extend_from_slice(body);
    AES_256_GCM_SIV_ID
}

/// Unpacks what was authenticated; the length that it names is bounded all the same.
fn unpack(packed: &[u8], dictionary: &[u8]) -> Result<Vec<u8>, SealError> {
    match lz4_flex::block::uncompressed_size(packed) {
        Ok((size, text)) if size <= MAX_BODY_BYTES => {
            lz4_flex::block::decompress_with_dict(text, size, dictionary).map_err(|_| SealError::Form)
        }
        _ => Err(SealError::Form),
    }
}

impl Sealed {
    /// Seals `body`; `context` (tenant and record id) must be given again to open it.
    ///
    /// # Errors
    /// `Entropy` when no nonce could be made.
    pub fn seal(
        key: &SubjectKey,
        context: &[u8],
        body: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Self, SealError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(SealError::Size);
        }
        let mut nonce = [0_u8; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        let mut out = Vec::with_capacity(body.len() + 64);
        out.push(AES_256_GCM_SIV_ID);
        out.extend_from_slice(&nonce);
        let id = pack(body, &mut out);
        let (head, text) = out.split_at_mut_checked(1 + NONCE_LEN).ok_or(SealError::Form)?;
        head.first_mut().map(|first| *first = id).ok_or(SealError::Form)?;
        let tag = cipher(key)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad(id, context), text)
            .map_err(|_| SealError::Form)?;
        out.extend_from_slice(tag.as_ref());
        Ok(Self(out))
    }

    /// Opens the body.
    ///
    /// # Errors
    /// `Refused` under another key or context, or after any change; `Form` when the text is not ours.
    pub fn open(&self, key: &SubjectKey, context: &[u8]) -> Result<Vec<u8>, SealError> {
        Self::open_bytes(&self.0, key, context)
    }

    /// Opens a body from the bytes that `as_bytes` gave.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_bytes(sealed: &[u8], key: &SubjectKey, context: &[u8]) -> Result<Vec<u8>, SealError> {
        let Some((&id, rest)) = sealed.split_first() else { return Err(SealError::Form) };
        let dictionary = match id {
            AES_256_GCM_SIV_ID => None,
            SECOND_LZ4_ID => Some(SECOND_DICTIONARY),
            THIRD_LZ4_ID => Some(THIRD_DICTIONARY),
            _ => return Err(SealError::Form),
        };
        let Some((nonce, text)) = rest.split_first_chunk::<NONCE_LEN>() else { return Err(SealError::Form) };
        let mut text = text.to_vec();
        let opened = cipher(key)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad(id, context), &mut text)
            .map_err(|_| SealError::Refused)?
            .len();
        text.truncate(opened);
        match dictionary {
            Some(dictionary) => unpack(&text, dictionary),
            None => Ok(text),
        }
    }

    /// Takes bytes back that `as_bytes` gave.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed text as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::testing::CountingEntropy;
    use proptest::prelude::*;

    use super::*;

    const RECORDS: &[&[u8]] = &[
        include_bytes!("../../../fixtures/records/00-post-login.json"),
        include_bytes!("../../../fixtures/records/03-pre-user-registration.json"),
        include_bytes!("../../../fixtures/records/05-credentials-exchange.json"),
    ];

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(body in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let entropy = CountingEntropy::default();
            let key = SubjectKey::generate(&entropy).unwrap();
            let sealed = Sealed::seal(&key, b"ctx", &body, &entropy).unwrap();
            prop_assert_eq!(&sealed.open(&key, b"ctx").unwrap(), &body);
            let mut bytes = sealed.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(Sealed::from_bytes(bytes).open(&key, b"ctx").is_err());
        }
    }

    #[test]
    fn a_record_is_stored_smaller_than_it_is() {
        let entropy = CountingEntropy::default();
        let key = SubjectKey::generate(&entropy).unwrap();
        let record = r#"{"code":"familiar_network","micro":-496570},"#.repeat(50);
        let sealed = Sealed::seal(&key, b"ctx", record.as_bytes(), &entropy).unwrap();
        assert!(sealed.as_bytes().len() < record.len() / 2);
        assert_eq!(sealed.open(&key, b"ctx").unwrap(), record.as_bytes());
    }

    #[test]
    fn the_dictionaries_stay_as_they_are() {
        for (dictionary, expected) in [
            (SECOND_DICTIONARY, "73567c383708934d1049c1dd3d5c51f92aae3d8333a4c7375450e4b16fcb828d"),
            (THIRD_DICTIONARY, "ba961023cce343104889e8971e0cd9112963ad9c62e3e241b7728f395045571a"),
        ] {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, dictionary);
            let digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert_eq!(
                digest, expected,
                "what was sealed would not open: another dictionary needs another id"
            );
        }
    }

    #[test]
    fn what_was_sealed_over_the_second_dictionary_opens() {
        let entropy = CountingEntropy::default();
        let key = SubjectKey::generate(&entropy).unwrap();
        let record = r#"{"code":"auth0_travel","micro":800000,"text":"Auth0 finds the travel since the last sign-in impossible."},"#
            .repeat(5);
        let size = u32::try_from(record.len()).unwrap().to_le_bytes();
        let block = lz4_flex::block::compress_with_dict(record.as_bytes(), SECOND_DICTIONARY);
        let (mut text, nonce) = ([&size[..], &block].concat(), [9; NONCE_LEN]);
        let tag = cipher(&key)
            .unwrap()
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                aad(SECOND_LZ4_ID, b"ctx"),
                &mut text,
            )
            .unwrap();
        let sealed = [&[SECOND_LZ4_ID], &nonce[..], &text, tag.as_ref()].concat();
        assert_eq!(Sealed::from_bytes(sealed).open(&key, b"ctx").unwrap(), record.as_bytes());
    }

    #[test]
    fn a_record_of_each_trigger_shrinks_to_less_than_without_a_dictionary() {
        let entropy = CountingEntropy::default();
        let key = SubjectKey::generate(&entropy).unwrap();
        for record in RECORDS {
            let sealed = Sealed::seal(&key, b"ctx", record, &entropy).unwrap();
            // Why not over the second one: that has the values of these very records.
            let bare = lz4_flex::block::compress(record).len();
            assert_eq!(sealed.open(&key, b"ctx").unwrap(), *record);
            let head = 1 + NONCE_LEN + 4 + 16;
            assert!(sealed.as_bytes().len() < head + bare, "{} and {bare}", sealed.as_bytes().len());
        }
    }

    #[test]
    fn a_body_beyond_the_bound_is_refused() {
        let entropy = CountingEntropy::default();
        let key = SubjectKey::generate(&entropy).unwrap();
        let body = vec![0; MAX_BODY_BYTES + 1];
        assert_eq!(Sealed::seal(&key, b"ctx", &body, &entropy), Err(SealError::Size));
    }

    #[test]
    fn another_context_or_key_is_refused() {
        let entropy = CountingEntropy::default();
        let key = SubjectKey::generate(&entropy).unwrap();
        let other = SubjectKey::generate(&entropy).unwrap();
        let sealed = Sealed::seal(&key, b"rec_1", b"body", &entropy).unwrap();
        assert_eq!(sealed.open(&key, b"rec_2"), Err(SealError::Refused));
        assert_eq!(sealed.open(&other, b"rec_1"), Err(SealError::Refused));
    }
}
