//! A log, or one record of it, as files that others' tools read: C2SP tlog-tiles and tlog-proof.

use std::fmt::Write as _;

use crate::{
    Frontier, Hash, leaf_hash,
    receipt::Receipt,
    tile::{TILE_WIDTH, Tile},
};

/// Where a published log keeps its newest signed checkpoint (C2SP tlog-tiles, "Checkpoints").
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// One file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path with forward slashes, relative to the log's or the record's folder.
    pub path: String,
    /// The contents.
    pub bytes: Vec<u8>,
}

/// An export that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError<E> {
    /// A leaf that is longer than an entry bundle can carry: 65,535 bytes.
    #[error("leaf `{index}` is too long to be exported")]
    Leaf {
        /// Which leaf.
        index: u64,
    },
    /// A leaf could not be read, or a file not be written.
    #[error("a leaf could not be read or a file not be written")]
    Outside(#[source] E),
}

/// Renders a whole log from its leaves, in order: entry bundles and hash tiles of every level, the last ones partial.
///
/// Each file goes to `write` as soon as it is full, so memory holds one tile a level. Returns the frontier: compare its
/// size and root with the checkpoint that is published beside the files, at `CHECKPOINT_PATH`.
///
/// # Errors
/// `Leaf` when a leaf is too long, `Outside` with the first error of `leaves` or `write`.
pub fn log_files<L: AsRef<[u8]>, E>(
    leaves: impl IntoIterator<Item = Result<L, E>>,
    mut write: impl FnMut(File) -> Result<(), E>,
) -> Result<Frontier, ExportError<E>> {
    let mut frontier = Frontier::default();
    let mut entries = Vec::new();
    let mut levels: Vec<Row> = vec![Row::default()];
    for leaf in leaves {
        let leaf = leaf.map_err(ExportError::Outside)?;
        let leaf = leaf.as_ref();
        let length = u16::try_from(leaf.len()).map_err(|_| ExportError::Leaf { index: frontier.size() })?;
        entries.extend_from_slice(&length.to_be_bytes());
        entries.extend_from_slice(leaf);
        let hash = leaf_hash(leaf);
        Row::push(&mut levels, 0, &hash);
        frontier.push(hash, &mut |node| Row::push(&mut levels, usize::from(node.level), &node.hash));
        for (level, row) in (0..).zip(&mut levels) {
            if row.width < TILE_WIDTH {
                break;
            }
            row.emit(level, &mut entries, &mut write).map_err(ExportError::Outside)?;
        }
    }
    for (level, row) in (0..).zip(&mut levels) {
        row.emit(level, &mut entries, &mut write).map_err(ExportError::Outside)?;
    }
    Ok(frontier)
}

/// The tile that is being filled on one level.
#[derive(Default)]
struct Row {
    index: u64,
    width: u64,
    bytes: Vec<u8>,
}

impl Row {
    fn push(levels: &mut Vec<Self>, level: usize, hash: &Hash) {
        // INVARIANT: a level's first node comes after the level below has one, so at most one level is new.
        if levels.len() <= level {
            levels.push(Self::default());
        }
        if let Some(row) = levels.get_mut(level) {
            row.bytes.extend_from_slice(hash.as_bytes());
            row.width += 1;
        }
    }

    /// Writes the tile, if there is something in it, and begins the next; for level 0 the entries as well.
    fn emit<E>(
        &mut self,
        level: u8,
        entries: &mut Vec<u8>,
        write: &mut impl FnMut(File) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(tile) = Tile::filling(level, self.index, self.width) else { return Ok(()) };
        if level == 0 {
            write(File { path: tile.entries_path(), bytes: std::mem::take(entries) })?;
        }
        write(File { path: tile.path(), bytes: std::mem::take(&mut self.bytes) })?;
        *self = Self { index: self.index + 1, ..Self::default() };
        Ok(())
    }
}

/// Renders one record: `leaf`, `index`, `proof` (a hash a line) and all but the leaf as `record.tlog-proof`.
///
/// Says nothing about whether the receipt is true; verify it first.
#[must_use]
pub fn record_files(receipt: &Receipt) -> Vec<File> {
    let proof = lines(&receipt.proof);
    let tlog_proof =
        format!("c2sp.org/tlog-proof@v1\nindex {}\n{proof}\n{}", receipt.index, receipt.checkpoint);
    let file = |path: &str, bytes: Vec<u8>| File { path: path.to_owned(), bytes };
    vec![
        file("leaf", receipt.leaf.0.clone()),
        file("index", format!("{}\n", receipt.index).into_bytes()),
        file("proof", proof.into_bytes()),
        file("record.tlog-proof", tlog_proof.into_bytes()),
    ]
}

/// A proof as text: a hash a line, in base64.
#[must_use]
pub fn lines(proof: &[Hash]) -> String {
    let mut text = String::new();
    for hash in proof {
        // Why: writing to a string can't fail.
        let _ = writeln!(text, "{hash}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use super::*;
    use crate::{
        receipt::tests::{receipt, signer},
        testing::MemoryLog,
    };

    fn leaf(number: u64) -> Vec<u8> {
        vec![b'x'; usize::try_from(number % 7).unwrap()]
    }

    fn exported(size: u64) -> (BTreeMap<String, Vec<u8>>, Frontier) {
        let mut files = BTreeMap::new();
        let frontier = log_files((0..size).map(|number| Ok::<_, Infallible>(leaf(number))), |file| {
            assert!(files.insert(file.path.clone(), file.bytes).is_none(), "`{}` twice", file.path);
            Ok(())
        });
        (files, frontier.unwrap())
    }

    #[test]
    fn the_files_of_a_log_are_exactly_its_tiles_and_entries() {
        for size in [0, 1, 255, 256, 257, 512, 65_535, 65_536, 65_537] {
            let mut log = MemoryLog::default();
            (0..size).for_each(|number| log.push(&leaf(number)));
            let (mut files, frontier) = exported(size);
            assert_eq!(&frontier, log.frontier());
            for tile in Tile::all(size) {
                let hashes = tile.read(&log).unwrap();
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
                assert_eq!(files.remove(&tile.path()), Some(bytes), "{}", tile.path());
            }
            let mut number = 0;
            for tile in (0..).map_while(|index| Tile::of(0, index, size)) {
                let mut bytes = &files.remove(&tile.entries_path()).unwrap()[..];
                for _ in 0..tile.width() {
                    let (length, rest) = bytes.split_first_chunk::<2>().unwrap();
                    let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
                    assert_eq!(entry, leaf(number));
                    (bytes, number) = (rest, number + 1);
                }
                assert!(bytes.is_empty());
            }
            assert_eq!((number, files.len()), (size, 0));
        }
    }

    #[test]
    fn errors_from_outside_and_long_leaves_end_an_export() {
        let unreadable = log_files([Ok(vec![]), Err("disk")], |_| Ok(()));
        assert_eq!(unreadable, Err(ExportError::Outside("disk")));
        let unwritable = log_files([Ok::<_, &str>(b"x")], |_| Err("full"));
        assert_eq!(unwritable, Err(ExportError::Outside("full")));
        let long = log_files([Ok::<_, &str>(vec![]), Ok(vec![0; 65_536])], |_| Ok(()));
        assert_eq!(long, Err(ExportError::Leaf { index: 1 }));
    }

    #[test]
    fn a_record_is_four_files() {
        let receipt = receipt(2, 5, &signer());
        let files: BTreeMap<_, _> = record_files(&receipt)
            .into_iter()
            .map(|file| (file.path, String::from_utf8(file.bytes).unwrap()))
            .collect();
        let proof: String = receipt.proof.iter().map(|hash| format!("{hash}\n")).collect();
        assert_eq!(files["leaf"].as_bytes(), receipt.leaf.0);
        assert_eq!(files["index"], "2\n");
        assert_eq!(files["proof"], proof);
        let expected = format!("c2sp.org/tlog-proof@v1\nindex 2\n{proof}\n{}", receipt.checkpoint);
        assert_eq!(files["record.tlog-proof"], expected);
        assert_eq!(files.len(), 4);
    }
}
