//! The exported log against an implementation that shares no code with ours, Go's `sumdb/note` and `sumdb/tlog`; and what anybody may hand us
//! as a proof.

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod go;
