//! A stand-in for an Auth0 tenant: invented people with habits, their sign-ins, attacks on them, and a host that runs
//! real Actions in Node.
//!
//! It decides nothing about a sign-in. It must never name anybody real: addresses, networks, telephone numbers and
//! domains come from ranges that are reserved for documentation or fiction. It imports only `core` and speaks JSON as the
//! vendor documents it, so that it can't share the service's misreadings; all its chance comes from a seed, all its time from
//! its caller.
//!
//! ```
//! use countersign_core::Timestamp;
//! use countersign_sandbox::{Pace, Scenario, Story, Traffic};
//!
//! let now: Timestamp = "2026-08-20T14:00:00Z".parse()?;
//! let people = Scenario::built_in(0)?.population(42);
//! let mut traffic = Traffic::new(people, 42);
//! let history = traffic.history(7, now);
//! let mut story = Story::new(traffic, Pace::default(), 42, now);
//! let live = story.due(story.next_at());
//! assert!(history.len() > 300 && live.len() == 1);
//! assert_eq!(live[0].event["tenant"]["id"], "countersign-sandbox");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assessors;
mod attack;
mod city;
mod clock;
mod company;
mod device;
mod dice;
mod event;
mod file;
pub mod flow;
mod habits;
mod names;
mod network;
mod node;
mod oidc;
mod people;
mod population;
pub mod scenario;
mod session;
mod sign_in;
pub mod simulate;
mod story;
pub mod stream;
pub mod tenant;
mod traffic;

pub use city::City;
pub use clock::FastClock;
pub use company::{Client, Organization, TENANT};
pub use device::{Browser, Device};
pub use dice::Dice;
pub use file::{FileError, Kept, StateFile};
pub use network::{Network, Pool, Region};
pub use node::{
    Action, Answer, Call, Claims, Denial, Effects, Exchange, Execution, Handler, Host, HostError, Launch,
    Lifetime, Outcome, Revocation, Scopes, Thrown, materialize,
};
pub use people::{Factor, Person, Shift, Spot, Strategy, Trips};
pub use population::Population;
pub use scenario::{Scenario, ScenarioError};
pub use sign_in::{AttackKind, Failure, Label, SignIn};
pub use story::{Pace, Story};
pub use traffic::Traffic;
