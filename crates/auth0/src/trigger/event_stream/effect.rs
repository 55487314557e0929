//! What an event-stream Action can be told to do: nothing.

no_effects! {
    /// No effect at all: `event-stream` is asynchronous and offers only a cache.
}
