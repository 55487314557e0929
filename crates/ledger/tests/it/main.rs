//! The exported log against an implementation that shares no code with ours: Go's `sumdb/note` and `sumdb/tlog`.

#[cfg(test)]
mod go;
