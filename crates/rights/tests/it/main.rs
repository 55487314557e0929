//! What the shipped policies let whom do where, and what loading and checking promise.

#[cfg(test)]
mod failing;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod page;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod support;
