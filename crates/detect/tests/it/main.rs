//! Detections held to labeled sequences of log entries, to rules of others, and to properties of the whole registry.

#[cfg(test)]
mod covered;
#[cfg(test)]
mod flood;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod labeled;
#[cfg(test)]
mod official;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod scenarios;
