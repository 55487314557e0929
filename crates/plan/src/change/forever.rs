//! Why something can't be undone.

words!(
    /// Why a step can't be undone.
    Forever {
        /// Sessions and tokens that were ended stay ended.
        SignIn = "sign_in",
        /// Nobody knows the old password.
        Password = "password",
        /// An address that was made stays good until its time is over.
        Ticket = "ticket",
        /// Methods that were removed have to be enrolled anew.
        Enroll = "enroll",
        /// The old secret is gone.
        Secret = "secret",
        /// What was told stays told.
        Told = "told",
        /// What was deleted does not come back.
        Deleted = "deleted",
        /// Whom it was about was erased, and with them what would take it back.
        Erased = "erased",
    }
);

impl Forever {
    /// Why, for a person.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SignIn => "people have to sign in again",
            Self::Password => "nobody knows the password of before",
            Self::Ticket => "the address stays good until its time is over",
            Self::Enroll => "methods have to be enrolled anew",
            Self::Secret => "the secret of before is gone",
            Self::Told => "what was told stays told",
            Self::Deleted => "what is deleted does not come back",
            Self::Erased => "whom it was about was erased",
        }
    }
}
