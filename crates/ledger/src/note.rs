//! Signed notes (C2SP signed-note) with Ed25519 keys: text, a blank line, signature lines.

mod key;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use key::{KeyError, Signer, Verifier};

/// The longest note that is read, in bytes: the 16 signatures that a reader must accept at least, should they be
/// post-quantum ones of 5 kB each, and the text (C2SP signed-note, "Format").
const MAX_BYTES: usize = 128 * 1024;

/// The most signature lines that are read; Go's `sumdb/note` has the same limit.
const MAX_SIGNATURES: usize = 100;

/// What each signature line begins with: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// A note that can't be written or must not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note at all, or a longer one than is read.
    #[error("the text is not a signed note")]
    Malformed,
    /// A text to be signed that does not end in a new line, or holds a control character.
    #[error("a text to be signed ends in a new line and has no control characters")]
    Text,
    /// No trusted key signed the note.
    #[error("no trusted key has signed the note")]
    Unsigned,
    /// A line bears the name and id of a trusted key, and its signature is wrong.
    #[error("the signature of `{name}` on the note is wrong")]
    Signature {
        /// The trusted key's name.
        name: String,
    },
}

/// Signs `text` and returns the whole note.
///
/// # Errors
/// `NoteError::Text` when `text` does not end in a new line or holds a control character.
pub fn sign(text: &str, signer: &Signer) -> Result<String, NoteError> {
    sign_by_all(text, std::slice::from_ref(signer))
}

/// As `sign`, with a signature of each key, in their order.
///
/// # Errors
/// As `sign`, and `Unsigned` without any key.
pub fn sign_by_all(text: &str, signers: &[Signer]) -> Result<String, NoteError> {
    if !text.ends_with('\n') || !is_plain(text) {
        return Err(NoteError::Text);
    }
    if signers.is_empty() {
        return Err(NoteError::Unsigned);
    }
    let lines = signers.iter().map(|signer| {
        let verifier = signer.verifier();
        let signature = [&verifier.key_id()[..], &signer.signature(text)].concat();
        format!("{LINE_START}{} {}\n", verifier.name(), STANDARD.encode(signature))
    });
    Ok(format!("{text}\n{}", lines.collect::<String>()))
}

/// Opens a note that at least one of `trusted` has signed, and returns its text with the final new line.
///
/// Signatures of other keys are passed over. One wrong signature under a trusted key's name and id spoils the note.
///
/// # Errors
/// `Malformed`, `Signature`, or `Unsigned` when no line is by a trusted key.
pub fn open<'n>(note: &'n str, trusted: &[Verifier]) -> Result<&'n str, NoteError> {
    if note.len() > MAX_BYTES || !is_plain(note) {
        return Err(NoteError::Malformed);
    }
    let blank = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, signatures) = note.split_at_checked(blank + 1).ok_or(NoteError::Malformed)?;
    let lines = signatures.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
    let mut is_signed = false;
    for (count, line) in lines.ok_or(NoteError::Malformed)?.split('\n').enumerate() {
        if count >= MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        let line = Line::parse(line).ok_or(NoteError::Malformed)?;
        let mut claimed =
            trusted.iter().filter(|key| key.name() == line.name && key.key_id() == line.key_id).peekable();
        if claimed.peek().is_some() {
            if !claimed.any(|key| key.accepts(text, &line.signature)) {
                return Err(NoteError::Signature { name: line.name.to_owned() });
            }
            is_signed = true;
        }
    }
    if is_signed { Ok(text) } else { Err(NoteError::Unsigned) }
}

/// Whether a text has no ASCII control characters but new lines.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' || byte == b'\n')
}

/// One signature line.
struct Line<'n> {
    name: &'n str,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl<'n> Line<'n> {
    fn parse(line: &'n str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, signature) = bytes.split_first_chunk::<4>()?;
        let is_whole = key::is_name(name) && !signature.is_empty();
        is_whole.then(|| Self { name, key_id: *key_id, signature: signature.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of Go's package `golang.org/x/mod/sumdb/note`.
    const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NEUMANN_SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::from_seed(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn the_example_of_go_opens() {
        let note = format!("{TEXT}\n{LINE}");
        assert_eq!(open(&note, &[NEUMANN.parse().unwrap()]), Ok(TEXT));
    }

    #[test]
    fn the_text_may_have_blank_lines_and_any_script() {
        let text = "\n\u{e8} subito sera\n\n\u{2014} nobody AAAA\n";
        let signer = signer("log.example/a", 1);
        assert_eq!(open(&sign(text, &signer).unwrap(), &[signer.verifier()]), Ok(text));
    }

    #[test]
    fn unknown_signatures_are_passed_over() {
        let (ours, theirs) = (signer("ours", 1), signer("theirs", 2));
        let (a, b) = (sign("t\n", &ours).unwrap(), sign("t\n", &theirs).unwrap());
        let both = format!("{a}{}", b.strip_prefix("t\n\n").unwrap());
        assert_eq!(open(&both, &[ours.verifier()]), Ok("t\n"));
        assert_eq!(open(&both, &[theirs.verifier()]), Ok("t\n"));
        assert_eq!(open(&both, &[signer("ours", 3).verifier()]), Err(NoteError::Unsigned));
        assert_eq!(open(&both, &[]), Err(NoteError::Unsigned));
    }

    #[test]
    fn one_wrong_signature_of_a_trusted_key_spoils_the_note() {
        let (ours, theirs) = (signer("ours", 1), signer("theirs", 2));
        let (a, b) = (sign("t\n", &ours).unwrap(), sign("u\n", &theirs).unwrap());
        let both = format!("{a}{}", b.strip_prefix("u\n\n").unwrap());
        let wrong = NoteError::Signature { name: "theirs".to_owned() };
        assert_eq!(open(&both, &[ours.verifier(), theirs.verifier()]), Err(wrong));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let ours = signer("ours", 1);
        let note = sign("t\n", &ours).unwrap();
        let many = format!("t\n\n{}", note.strip_prefix("t\n\n").unwrap().repeat(101));
        let bad = [
            "",
            "\n",
            "t\n\n",
            "t\n",
            &note[..note.len() - 1],
            &note.replace('\u{2014}', "-"),
            &note.replace(" ours ", " ou+rs "),
            &note.replace(" ours ", "  "),
            &format!("{note}\n"),
            &format!("{note}x\n"),
            &format!("\t{note}"),
            &format!("t\n\n{LINE_START}ours AAAAAA==\n"),
            &many,
            &format!("{}{note}", "x".repeat(MAX_BYTES)),
        ];
        for text in bad {
            assert_eq!(open(text, &[ours.verifier()]), Err(NoteError::Malformed), "{text:.60}");
        }
    }

    #[test]
    fn an_unsignable_text_is_refused() {
        for text in ["", "no new line", "a\rb\n", "a\0\n"] {
            assert_eq!(sign(text, &signer("ours", 1)), Err(NoteError::Text));
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_in_a_note_is_noticed(at: prop::sample::Index, bit in 0_u32..8) {
            let ours = signer("log.example/acme", 7);
            let mut bytes = sign("log.example/acme\n12\nsome text\n", &ours).unwrap().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(note) = String::from_utf8(bytes) {
                prop_assert!(open(&note, &[ours.verifier()]).is_err());
            }
        }

        #[test]
        fn no_text_breaks_the_reader(note in "\\PC{0,80}(\n\n\u{2014} [a-z]{0,4} [A-Za-z0-9+/=]{0,24}\n?)?") {
            prop_assert!(open(&note, &[NEUMANN.parse().unwrap()]).is_err());
        }
    }

    #[test]
    fn a_seed_of_go_signs_as_go_does() {
        let seed: crate::Hash = NEUMANN_SEED.parse().unwrap();
        let signer = Signer::from_seed("PeterNeumann", seed.as_bytes()).unwrap();
        assert_eq!(signer.verifier().to_string(), NEUMANN);
        assert_eq!(sign(TEXT, &signer).unwrap(), format!("{TEXT}\n{LINE}"));
    }
}
