//! Numbers as bytes, the least significant first.

/// Bytes being written.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    /// The lowest `size` bytes of a number.
    pub(super) fn put(&mut self, value: u64, size: usize) {
        self.0.extend(value.to_le_bytes().into_iter().take(size));
    }

    /// How many items follow; more than 255 are never written.
    pub(super) fn count(&mut self, count: usize) {
        self.put(u64::try_from(count).unwrap_or(0), 1);
    }

    pub(super) fn key(&mut self, value: u32) {
        self.put(value.into(), 4);
    }
}

/// Bytes being read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// A number of `size` bytes, at most eight; `None` when there are fewer left.
    pub(super) fn take(&mut self, size: usize) -> Option<u64> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        self.take(1).and_then(|count| usize::try_from(count).ok())
    }

    pub(super) fn key(&mut self) -> Option<u32> {
        self.take(4).and_then(|key| u32::try_from(key).ok())
    }

    /// The next `size` bytes as they are.
    pub(super) fn slice(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}
