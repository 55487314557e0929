//! What the crate promises about whole events.

#[cfg(test)]
mod documented_fields;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod json;
#[cfg(test)]
mod management;
#[cfg(test)]
mod mutations;
