//! Detections held to labelled sequences of log entries, and rules of others to what is known of them.

#[cfg(test)]
mod official;
#[cfg(test)]
mod pack;
