//! The state of an engine as bytes.

use serde::{Deserialize, Serialize};

use super::{Engine, Episodes};
use crate::{
    Marks, Memory, StateError,
    state::{Door, Table},
};

/// Rises when the form of the engine's own state changes.
const FORMAT: u32 = 3;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    frontier: i64,
    passed: i64,
    people: &'a Table<Memory>,
    door: &'a Door,
    marks: &'a Marks,
    episodes: &'a Episodes,
    detectors: Vec<(&'a str, u32, Vec<u8>)>,
}

#[derive(Deserialize)]
struct Read {
    format: u32,
    frontier: i64,
    passed: i64,
    people: Table<Memory>,
    door: Door,
    marks: Marks,
    episodes: Episodes,
    detectors: Vec<(String, u32, Vec<u8>)>,
}

impl Engine {
    /// The whole state.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let detectors = self.detectors.iter().map(|detector| {
            let about = detector.about();
            (&*about.id, about.version, detector.save())
        });
        let written = Written {
            format: FORMAT,
            frontier: self.frontier.micros(),
            passed: self.passed.micros(),
            people: &self.people,
            door: &self.door,
            marks: &self.marks,
            episodes: &self.episodes,
            detectors: detectors.collect(),
        };
        postcard::to_allocvec(&written).unwrap_or_default()
    }

    /// Takes a saved state; returns the ids of detectors that had none of their version, which begin anew.
    ///
    /// # Errors
    /// `StateError` when the bytes are not a state of this format; nothing is taken then.
    pub fn restore(&mut self, saved: &[u8]) -> Result<Vec<String>, StateError> {
        let read: Read = postcard::from_bytes(saved).map_err(|_| StateError)?;
        if read.format != FORMAT {
            return Err(StateError);
        }
        let mut begun = Vec::new();
        for detector in &mut self.detectors {
            let (id, version) = (detector.about().id.to_string(), detector.about().version);
            let state = read.detectors.iter().find(|(saved, of, _)| *saved == id && *of == version);
            if state.is_none_or(|(_, _, bytes)| detector.restore(bytes).is_err()) {
                begun.push(id);
            }
        }
        self.people.fill(read.people);
        self.door = read.door;
        (self.marks, self.episodes) = (read.marks.confirmed_as(&self.marks), read.episodes);
        self.frontier = countersign_core::Timestamp::from_micros(read.frontier);
        self.passed = countersign_core::Timestamp::from_micros(read.passed);
        Ok(begun)
    }
}
