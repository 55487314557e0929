//! Whatever comes over the network: bodies, headers, queries, cookies, deliveries. No fault of ours, no panic, an answer in time and of the
//! form that is promised; what was refused changed nothing.

mod bodies;
mod decisions;
mod deliveries;
mod headers;
mod world;
