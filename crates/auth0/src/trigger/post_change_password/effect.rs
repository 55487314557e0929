//! What a post-change-password Action can be told to do: nothing.

no_effects! {
    /// No effect at all: `post-change-password` is asynchronous and offers only a cache.
}
