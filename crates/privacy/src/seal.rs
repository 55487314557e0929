//! Authenticated encryption of a body under its subject's key.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use countersign_core::{Entropy, EntropyError};
use lz4_flex::block::{compress_into_with_dict, get_maximum_output_size};

use crate::SubjectKey;

/// Names the cipher in the first byte of a sealed text, so that another may follow.
const AES_256_GCM_SIV_ID: u8 = 1;

/// The same cipher over a body that was compressed first (LZ4 block over `DICTIONARY`, its length before it): records are
/// JSON and kept for years, and a smaller one is one page less to write while somebody waits.
const LZ4_AES_256_GCM_SIV_ID: u8 = 2;

/// What records have in common: the record of a made-up sign-in. Whatever is in here costs next to nothing when it comes
/// again. Sealed texts can't be read without these very bytes, so that another dictionary needs another id.
const DICTIONARY: &[u8] = include_bytes!("../data/dictionary.txt");

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

/// Compresses a body; its length stands before it.
fn pack(body: &[u8]) -> Result<Vec<u8>, SealError> {
    let size = u32::try_from(body.len()).map_err(|_| SealError::Size)?.to_le_bytes();
    let mut packed = vec![0; size.len() + get_maximum_output_size(body.len())];
    let (head, rest) = packed.split_at_mut(size.len());
    head.copy_from_slice(&size);
    let length = compress_into_with_dict(body, rest, DICTIONARY).map_err(|_| SealError::Size)?;
    packed.truncate(size.len() + length);
    Ok(packed)
}

/// Unpacks what was authenticated; the length that it names is bounded all the same.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, SealError> {
    match lz4_flex::block::uncompressed_size(packed) {
        Ok((size, text)) if size <= MAX_BODY_BYTES => {
            lz4_flex::block::decompress_with_dict(text, size, DICTIONARY).map_err(|_| SealError::Form)
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
        let packed = if body.len() < MIN_PACKED_BYTES { body.to_vec() } else { pack(body)? };
        let (id, mut text) = if packed.len() < body.len() {
            (LZ4_AES_256_GCM_SIV_ID, packed)
        } else {
            (AES_256_GCM_SIV_ID, body.to_vec())
        };
        let tag = cipher(key)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad(id, context), &mut text)
            .map_err(|_| SealError::Form)?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + text.len() + AES_256_GCM_SIV.tag_len());
        out.push(id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&text);
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
        if id != AES_256_GCM_SIV_ID && id != LZ4_AES_256_GCM_SIV_ID {
            return Err(SealError::Form);
        }
        let Some((nonce, text)) = rest.split_first_chunk::<NONCE_LEN>() else { return Err(SealError::Form) };
        let mut text = text.to_vec();
        let opened = cipher(key)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad(id, context), &mut text)
            .map_err(|_| SealError::Refused)?
            .len();
        text.truncate(opened);
        if id == AES_256_GCM_SIV_ID { Ok(text) } else { unpack(&text) }
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
    fn the_dictionary_stays_as_it_is() {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, DICTIONARY);
        let digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            digest, "73567c383708934d1049c1dd3d5c51f92aae3d8333a4c7375450e4b16fcb828d",
            "what was sealed would not open: another dictionary needs another id"
        );
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
