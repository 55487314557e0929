//! Tree heads as signed text (C2SP tlog-checkpoint).

use std::fmt::Write as _;

use countersign_core::TenantId;

use crate::{
    Hash, MAX_SIZE,
    note::{self, NoteError, Signer, Verifier},
};

/// The head of a log at one size.
///
/// As text three lines: the origin, the size in decimal, the root in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: equals the name of the key that signs.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A checkpoint that can't be made or must not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not three lines or more of the right form.
    #[error("the text is not a checkpoint")]
    Malformed,
    /// The origin is not the name of the key.
    #[error("the checkpoint is not of the log `{expected}`")]
    Origin {
        /// The key's name.
        expected: String,
    },
    /// A tenant id that no origin can carry.
    #[error("a tenant id with `/` or `+` can't be part of an origin")]
    Tenant,
    /// The note around it is malformed or not signed as it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// The origin of a tenant's log, `site/tenant`; `site` is a host with or without a path.
///
/// # Errors
/// `CheckpointError::Tenant` when the tenant's id holds a slash or a plus sign, so that one origin never fits two tenants.
pub fn origin(site: &str, tenant: &TenantId) -> Result<String, CheckpointError> {
    if tenant.as_str().contains(['/', '+']) {
        return Err(CheckpointError::Tenant);
    }
    Ok(format!("{site}/{tenant}"))
}

/// Whether an origin is that of this tenant's log: its last path segment is the tenant's id.
#[must_use]
pub fn is_origin_of(origin: &str, tenant: &TenantId) -> bool {
    origin.rsplit_once('/').is_some_and(|(_, last)| last == tenant.as_str())
}

impl Checkpoint {
    /// The checkpoint as the text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Why: writing to a string can't fail.
        let _ = writeln!(text, "{}\n{}\n{}", self.origin, self.size, self.root);
        text
    }

    /// Reads the text of a checkpoint; extension lines are read over.
    ///
    /// # Errors
    /// `CheckpointError::Malformed`.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        Self::parse(text).ok_or(CheckpointError::Malformed)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        if origin.is_empty() || lines.any(str::is_empty) {
            return None;
        }
        let is_canonical = size == "0" || !size.starts_with(['0', '+']);
        let size = size.parse().ok().filter(|size| is_canonical && *size <= MAX_SIZE)?;
        Some(Self { origin: origin.to_owned(), size, root: root.parse().ok()? })
    }

    /// Signs the checkpoint and returns the note.
    ///
    /// Never sign two different roots for one size: the signer of a log checks that elsewhere.
    ///
    /// # Errors
    /// `CheckpointError::Origin` when the key has another name than the log.
    pub fn sign(&self, signer: &Signer) -> Result<String, CheckpointError> {
        let verifier = signer.verifier();
        self.check_origin(&verifier)?;
        Ok(signer.sign(&self.to_text())?)
    }

    /// As `sign`, with a signature of each key: while keys are rotated, those who know either can check it.
    ///
    /// # Errors
    /// As `sign`, and `Note` without any key.
    pub fn sign_by_all(&self, signers: &[Signer]) -> Result<String, CheckpointError> {
        for signer in signers {
            self.check_origin(&signer.verifier())?;
        }
        Ok(note::sign_by_all(&self.to_text(), signers)?)
    }

    /// Opens a signed checkpoint, trusting only `verifier`.
    ///
    /// # Errors
    /// `Note` when the note is malformed or not signed by `verifier`, `Malformed` when its text is no checkpoint, `Origin`
    /// when it is of another log.
    pub fn open(note: &str, verifier: &Verifier) -> Result<Self, CheckpointError> {
        let checkpoint = Self::from_text(note::open(note, std::slice::from_ref(verifier))?)?;
        checkpoint.check_origin(verifier)?;
        Ok(checkpoint)
    }

    fn check_origin(&self, verifier: &Verifier) -> Result<(), CheckpointError> {
        if self.origin == verifier.name() {
            Ok(())
        } else {
            Err(CheckpointError::Origin { expected: verifier.name().to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::leaf_hash;

    /// The example in the specification of tlog-checkpoint.
    const SOFA: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let checkpoint = Checkpoint::from_text(SOFA).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.to_text(), SOFA);
        assert_eq!(Checkpoint::from_text(&format!("{SOFA}an extension\nanother\n")), Ok(checkpoint));
    }

    #[test]
    fn malformed_checkpoints_are_refused() {
        let bad = [
            String::new(),
            "\n".to_owned(),
            SOFA.trim_end().to_owned(),
            SOFA.replace("20852163", "020852163"),
            SOFA.replace("20852163", "+20852163"),
            SOFA.replace("20852163", "-1"),
            SOFA.replace("20852163", ""),
            SOFA.replace("20852163", "9223372036854775808"),
            SOFA.replace("CsUY", "CsU"),
            SOFA.replace("example.com/behind-the-sofa", ""),
            format!("{SOFA}\n"),
            format!("{SOFA}\nextension\n"),
            SOFA.lines().take(2).map(|line| format!("{line}\n")).collect(),
        ];
        for text in bad {
            assert_eq!(Checkpoint::from_text(&text), Err(CheckpointError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_checkpoint_of_another_log_is_refused_even_when_the_key_signed_it() {
        let signer = Signer::from_seed("log.example/acme", &[1; 32]).unwrap();
        let expected = CheckpointError::Origin { expected: "log.example/acme".to_owned() };
        let other = Checkpoint { origin: "log.example/bcme".to_owned(), size: 1, root: leaf_hash(b"") };
        assert_eq!(other.sign(&signer), Err(expected.clone()));
        let note = signer.sign(&other.to_text()).unwrap();
        assert_eq!(Checkpoint::open(&note, &signer.verifier()), Err(expected));
    }

    #[test]
    fn an_origin_fits_one_tenant() {
        let tenant = |id: &str| id.parse::<TenantId>().unwrap();
        assert_eq!(origin("log.example", &tenant("acme")).unwrap(), "log.example/acme");
        assert_eq!(origin("log.example", &tenant("a/cme")), Err(CheckpointError::Tenant));
        assert!(is_origin_of("log.example/acme", &tenant("acme")));
        for other in ["log.example/acme2", "log.example/xacme", "acme", "log.example/acme/x", ""] {
            assert!(!is_origin_of(other, &tenant("acme")), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_signed_checkpoint_round_trips(size in 0..=MAX_SIZE, seed: [u8; 32]) {
            let signer = Signer::from_seed("log.example/acme", &seed).unwrap();
            let checkpoint = Checkpoint { origin: "log.example/acme".to_owned(), size, root: Hash::new(seed) };
            let note = checkpoint.sign(&signer).unwrap();
            prop_assert_eq!(Checkpoint::open(&note, &signer.verifier()), Ok(checkpoint));
        }
    }
}
