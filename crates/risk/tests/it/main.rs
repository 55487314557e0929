//! The models of sign-ups, resets, machines and token exchanges over generated sequences, in order and as they are used.

#[cfg(test)]
mod flows;
