//! Why an act does not count.

words!(
    /// Why an act does not count, as a stable code.
    Refused {
        /// It is about another plan than this one.
        OtherHash = "other_hash",
        /// The plan waits for nobody.
        NotOpen = "not_open",
        /// Its time is over.
        Late = "late",
        /// Whoever proposed a plan does not approve it.
        Own = "own",
        /// Nobody counts twice.
        Twice = "twice",
        /// Only a person who signed in as one counts.
        NotAPerson = "not_a_person",
        /// A rejection has a reason, of 1 to 1,000 characters that hide nothing.
        NoReason = "no_reason",
        /// Only whoever proposed a plan takes it back.
        NotTheirs = "not_theirs",
        /// By the settings the plan is only shown.
        ReportOnly = "report_only",
        /// Its time is not over.
        Early = "early",
        /// From where the plan stands, that can't come.
        Misfit = "misfit",
    }
);

impl std::error::Error for Refused {}
