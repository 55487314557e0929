//! `countersign review`

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::{plans::OfPlans, reveal::MaybeWhy};

/// `countersign review`
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// Print decisions that wait for a person, the newest first; it names nobody.
    #[command(after_help = "Example: countersign review list --tenant example-tenant --overdue")]
    List(ListReviews),
    /// Tell one review whole; with --reason also what was written about it, which the ledger tells.
    Show(ShowReview),
    /// Put a decision into the queue.
    #[command(
        after_help = "Example: countersign review open dec_0198… --reason 'they called' --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Open(OpenReview),
    /// Give a review to somebody, or into another queue.
    Assign(AssignReview),
    /// Write something about a review.
    Comment(CommentReview),
    /// Say what the decision was: an outcome of it, and the end of the review.
    #[command(
        after_help = "Example: countersign review verdict rvw_0198… legitimate --reason 'it was her' --tenant example-tenant --url http://127.0.0.1:8377"
    )]
    Verdict(JudgeReview),
}

/// `countersign review list`
#[derive(Debug, ClapArgs)]
pub struct ListReviews {
    /// Those that were closed.
    #[arg(long)]
    pub closed: bool,
    /// In this queue.
    #[arg(long)]
    pub audience: Option<String>,
    /// In the hands of this person.
    #[arg(long)]
    pub assignee: Option<String>,
    /// That somebody should have looked at.
    #[arg(long)]
    pub overdue: bool,
    /// Before this one, to go on with a list: what the last line on standard error says.
    #[arg(long, value_name = "REVIEW")]
    pub before: Option<String>,
    /// At most so many, up to 50.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Whose they are.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign review show`
#[derive(Debug, ClapArgs)]
pub struct ShowReview {
    /// The review.
    pub id: String,
    /// Why what was written is opened.
    #[command(flatten)]
    pub why: MaybeWhy,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign review open`
#[derive(Debug, ClapArgs)]
pub struct OpenReview {
    /// The decision.
    pub decision: String,
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// Into whose hands.
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// Into this queue; the usual one where none is named.
    #[arg(long)]
    pub audience: Option<String>,
    /// How much it presses: 0 to 3; by the decision's level where it is not said.
    #[arg(long)]
    pub priority: Option<u8>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign review assign`
#[derive(Debug, ClapArgs)]
pub struct AssignReview {
    /// The review.
    pub id: String,
    /// To whom.
    #[arg(long, value_name = "NAME", conflicts_with = "nobody")]
    pub to: Option<String>,
    /// To nobody.
    #[arg(long)]
    pub nobody: bool,
    /// Into this queue.
    #[arg(long)]
    pub audience: Option<String>,
    /// How much it presses: 0 to 3.
    #[arg(long)]
    pub priority: Option<u8>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign review comment`
#[derive(Debug, ClapArgs)]
pub struct CommentReview {
    /// The review.
    pub id: String,
    /// What.
    #[arg(long)]
    pub text: String,
    /// Who, where several people have the token.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// `countersign review verdict`
#[derive(Debug, ClapArgs)]
pub struct JudgeReview {
    /// The review.
    pub id: String,
    /// What the decision was about.
    #[arg(value_enum)]
    pub verdict: Judged,
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// Who, where several people have the token.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Whose it is.
    #[command(flatten)]
    pub of: OfPlans,
}

/// What a decision was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Judged {
    /// It was the user.
    Legitimate,
    /// It was not.
    Fraudulent,
}

impl Judged {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legitimate => "legitimate",
            Self::Fraudulent => "fraudulent",
        }
    }
}
