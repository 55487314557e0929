//! Detections held to labelled sequences of log entries.

mod scenarios;
