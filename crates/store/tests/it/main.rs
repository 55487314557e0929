//! Cases that every backend must pass, and those that only one of them has.

#[cfg(test)]
#[macro_use]
mod suite;

#[cfg(test)]
mod postgres;

#[cfg(test)]
mod signatures;

#[cfg(test)]
mod sqlite;
