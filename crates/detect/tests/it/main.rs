//! Detections held to labelled sequences of log entries, and to what must hold for every detector.

#[cfg(test)]
mod flood;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod scenarios;
