//! Flows: what a tenant does when somebody signs in or up, resets or changes a password, or asks for a token. Each builds
//! the documented `event`, runs the bound Actions, and says what they asked for comes to; the caller changes its state.

mod agent;
mod asked;
mod end;
mod event;
mod facts;
mod login;
mod messages;
mod password;
mod record;
mod run;
mod session;
mod sign_up;
mod tokens;

pub use asked::Asked;
pub use end::{Ending, FlowEnd, Refusal, Stage, Suspended};
pub use event::event;
pub use facts::{Facts, Visit};
pub use login::{
    Came, ContinueError, Failed, FailedRefresh, continue_login, failed_login, failed_refresh, login,
};
pub use messages::{send_message, stream_event};
pub use password::{ask_reset, change_password, continue_reset, failed_change_password, reset};
pub use run::{Ask, BUDGET_MS, Begin, Bound, End, Failure, Pipeline, Ran, run};
pub use session::{SignOut, code_exchange, sign_out};
pub use sign_up::{FailedSignUp, failed_sign_up, sign_up};
pub use tokens::{credentials, failed_credentials, failed_exchange, token_exchange};
