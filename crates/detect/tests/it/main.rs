//! Detections held to labelled sequences of log entries.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod scenarios;
