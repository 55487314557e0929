//! The `countersign` binary from outside, as an operator, an auditor and an attacker meet it.

#[cfg(test)]
mod checks;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod erase;
#[cfg(test)]
mod erase_guards;
#[cfg(test)]
mod export;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod world;
