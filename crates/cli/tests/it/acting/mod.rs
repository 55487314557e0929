//! Plans at the sandbox tenant, carried out by the service as a process.

mod beside;
mod killed;
mod scene;
mod two;
