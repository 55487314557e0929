//! Changes planned, carried out and taken back on a tenant in memory.

mod access;
mod back;
mod bounds;
mod erased;
mod faults;
mod killed;
mod said;
mod support;
mod traps;
mod whole;
