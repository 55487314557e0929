//! What a post-user-registration Action can be told to do: nothing.

no_effects! {
    /// No effect at all: `post-user-registration` is asynchronous and offers only a cache.
}
