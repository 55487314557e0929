//! Months of generated logs, held against what is found in them. Apart from the others, which go by the clock: these keep both cores busy.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod demo_quiet;
#[cfg(test)]
#[path = "../shared/dice.rs"]
mod dice;
