//! The way from the look before a write to the write: whatever has to be waited for is waited for here, and what was seen before a long
//! wait is looked at again, in the turn that was waited for.

use std::time::Duration;

use countersign_auth0::management::operation_named;
use countersign_plan::{
    change::{Call, ChangeStep},
    run::Run,
};
use tokio::sync::MutexGuard;

use super::{
    Hands,
    look::CantLook,
    own::Door,
    send::lane,
    steps::Course,
    wait::{Delay, Hindrance},
};
use crate::{
    App, Error, Tenant,
    management::{Error as ApiError, Pass},
};

/// How old what was seen before a write may be when it is sent.
const FRESH: Duration = Duration::from_secs(2);

/// The least pause before a step is sent a third time, of which nobody knows what came of it.
const BEFORE_THE_LAST: Duration = Duration::from_secs(10);

/// How far a run came on its way to its next write.
#[derive(Default)]
pub(super) struct Way {
    /// The step that was sent last, since the run was opened.
    sent: Option<usize>,
    /// A turn that was waited for so long that the step is looked at again.
    held: Option<Pass>,
}

/// What comes next on it.
pub(super) enum Approach<'a> {
    /// The step is sent, while what is held of the door is.
    Send(Pass, Option<MutexGuard<'a, ()>>),
    /// It would lock out.
    Shut,
    /// It is looked at again first.
    LookAgain,
    /// The run is put off.
    PutOff(Delay),
}

impl App {
    /// Takes a turn for a step and looks whether it may be sent.
    pub(super) async fn approach<'a>(
        &self,
        tenant: &'a Tenant,
        hands: &Hands,
        (course, step): (&Course, usize),
        way: &mut Way,
    ) -> Result<Result<Approach<'a>, CantLook>, Error> {
        if way.sent == Some(step) {
            // Why not at once: a tenant that does not say what came of it is given time.
            let times = course.run.row(step).map_or(0, |row| row.sent);
            let after = (times > 1).then_some(BEFORE_THE_LAST);
            return Ok(Ok(Approach::PutOff(Delay { after, ..Delay::by(Hindrance::Unreachable) })));
        }
        let began = self.ports.clock.monotonic();
        let held = way.held.take();
        let is_second = held.is_some();
        let pass = match held {
            Some(pass) => pass,
            None => match turn(hands, course.step(step)?).await {
                Ok(pass) => pass,
                Err(error) => return Ok(Err(CantLook(error))),
            },
        };
        let alone = match self.keeps_out(tenant, hands, (course, step)).await? {
            Ok(Door::Shut) => return Ok(Ok(Approach::Shut)),
            Ok(Door::Open(alone)) => alone,
            Err(error) => return Ok(Err(error)),
        };
        if self.ports.clock.monotonic().saturating_sub(began) <= FRESH {
            way.sent = Some(step);
            return Ok(Ok(Approach::Send(pass, alone)));
        }
        // Why once: what takes so long also in a turn that is there is tried later.
        Ok(Ok(if is_second {
            Approach::PutOff(Delay::by(Hindrance::Busy))
        } else {
            way.held = Some(pass);
            Approach::LookAgain
        }))
    }
}

impl Course {
    /// Forgets what was looked at and not written down: the step in hand is looked at again.
    pub(super) fn look_again(&mut self) -> Result<(), Error> {
        let (rows, answers) = (self.run.rows().to_vec(), self.run.answers().clone());
        let halt = self.run.halt().cloned();
        self.run = Run::load(self.kept.plan(), rows, answers, halt).map_err(Error::internal)?;
        Ok(())
    }
}

/// Waits for a turn at the tenant; what goes to a receiver needs none.
async fn turn(hands: &Hands, step: &ChangeStep) -> Result<Pass, ApiError> {
    let Call::Management(template) = &step.write.call else { return Ok(Pass::default()) };
    match operation_named(&template.operation) {
        Some(operation) => hands.port.api().pass(operation, lane(step)).await,
        None => Ok(Pass::default()),
    }
}
