//! Tiles: rows of hashes eight levels apart, and where a published log keeps them (C2SP tlog-tiles).

use std::fmt::Write as _;

use crate::{
    Hash, MAX_SIZE,
    proof::{HashSource, ProofError},
};

/// How many levels of the tree one tile spans (C2SP tlog-tiles, "Merkle Tree").
pub(crate) const TILE_HEIGHT: u32 = 8;

/// The number of hashes in a full tile (C2SP tlog-tiles, "Merkle Tree").
pub(crate) const TILE_WIDTH: u64 = 256;

/// One tile of a tree of some size: 1 to 256 consecutive hashes of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile `index` of `level` in a tree of `size` leaves; level 0 holds leaf hashes.
    ///
    /// `None` when it would be empty, and above `MAX_SIZE` leaves.
    #[must_use]
    pub fn of(level: u8, index: u64, size: u64) -> Option<Self> {
        if size > MAX_SIZE {
            return None;
        }
        let available = size.checked_shr(u32::from(level) * TILE_HEIGHT)?;
        let width = available.checked_sub(index.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
        Self::filling(level, index, width)
    }

    /// The tile at the edge of a level that holds `width` hashes so far; `None` unless there are 1 to 256.
    pub(crate) fn filling(level: u8, index: u64, width: u64) -> Option<Self> {
        let width =
            u16::try_from(width).ok().filter(|width| (1..=TILE_WIDTH).contains(&u64::from(*width)))?;
        Some(Self { level, index, width })
    }

    /// Every tile of a tree of `size` leaves, level by level from the leaves up.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let of_level = move |level| (0..).map_while(move |index| Self::of(level, index, size));
        (0..=u8::MAX).take_while(move |level| Self::of(*level, 0, size).is_some()).flat_map(of_level)
    }

    /// The number of hashes, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The path of the hashes below the log's prefix, such as `tile/1/x001/234.p/17`.
    #[must_use]
    pub fn path(&self) -> String {
        self.below(&self.level.to_string())
    }

    /// The path of the entries under a tile of level 0, such as `tile/entries/x001/234.p/17`.
    #[must_use]
    pub fn entries_path(&self) -> String {
        self.below("entries")
    }

    /// Three digits an element, each but the last behind an `x`; the width when it is not full.
    fn below(&self, folder: &str) -> String {
        let mut number = format!("{:03}", self.index % 1_000);
        let mut rest = self.index / 1_000;
        while rest > 0 {
            number = format!("x{:03}/{number}", rest % 1_000);
            rest /= 1_000;
        }
        let mut path = format!("tile/{folder}/{number}");
        if u64::from(self.width) < TILE_WIDTH {
            // Why: writing to a string can't fail.
            let _ = write!(path, ".p/{}", self.width);
        }
        path
    }

    /// Reads the hashes; as bytes one after the other they are what is published at `path`.
    ///
    /// # Errors
    /// `Source` when the source fails, `Short` when it has not as many hashes.
    pub fn read<S: HashSource>(&self, source: &S) -> Result<Vec<Hash>, ProofError<S::Error>> {
        let (first, count) = (self.index * TILE_WIDTH, u64::from(self.width));
        let hashes = match self.level {
            0 => source.leaves(first, count),
            level => source.nodes(level, first, count),
        }
        .map_err(ProofError::Source)?;
        if u64::try_from(hashes.len()) == Ok(count) {
            Ok(hashes)
        } else {
            Err(ProofError::Short { level: self.level, first, count, found: hashes.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryLog;

    fn paths(size: u64) -> Vec<String> {
        Tile::all(size).map(|tile| tile.path()).collect()
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        let far = Tile::of(0, 1_234_067, MAX_SIZE).unwrap();
        assert_eq!(
            (far.path(), far.entries_path()),
            ("tile/0/x001/x234/067".into(), "tile/entries/x001/x234/067".into())
        );
        let partial = Tile::of(0, 1_000, 256_017).unwrap();
        assert_eq!((partial.path(), partial.width()), ("tile/0/x001/000.p/17".into(), 17));
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        let paths = paths(70_000);
        assert_eq!(
            paths.iter().filter(|path| path.starts_with("tile/0/") && !path.contains(".p/")).count(),
            273
        );
        assert_eq!(paths[273..], ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn only_tiles_with_hashes_exist() {
        assert_eq!(paths(0), [""; 0]);
        assert_eq!(paths(1), ["tile/0/000.p/1"]);
        assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(Tile::of(0, 1, 256), None);
        assert_eq!(Tile::of(255, 0, MAX_SIZE), None);
        assert_eq!(Tile::of(0, u64::MAX, MAX_SIZE), None);
        assert_eq!(Tile::of(0, 0, MAX_SIZE + 1), None);
    }

    #[test]
    fn a_tile_reads_its_own_hashes() {
        let mut log = MemoryLog::default();
        for number in 0..600_u64 {
            log.push(&number.to_be_bytes());
        }
        let read = |level, index| Tile::of(level, index, 600).unwrap().read(&log).unwrap();
        assert_eq!(read(0, 2), log.leaves(512, 88).unwrap());
        assert_eq!(read(1, 0), log.nodes(1, 0, 2).unwrap());
        let missing = ProofError::Short { level: 0, first: 512, count: 100, found: 88 };
        assert_eq!(Tile::of(0, 2, 612).unwrap().read(&log), Err(missing));
    }
}
