//! Randomness as an argument.

/// A source of random bytes; the real one is the operating system's, a test's is seeded.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with random bytes.
    ///
    /// # Errors
    /// `EntropyError` when the operating system gave none; whoever asked must not go on without.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// No random bytes could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes could be had from the operating system")]
pub struct EntropyError;
