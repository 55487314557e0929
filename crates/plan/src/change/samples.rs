//! Plans for tests.

use countersign_core::Timestamp;

use super::{ChangePlan, ChangeStep, Origin, Person};

/// A plan of these steps, which a person wants and which may begin within nine seconds.
pub fn plan(steps: Vec<ChangeStep>) -> ChangePlan {
    let person = Person { issuer: "i".to_owned(), subject: "s".to_owned() };
    ChangePlan {
        v: 1,
        tenant: "acme".parse().unwrap(),
        domain: "d".to_owned(),
        title: "t".to_owned(),
        origin: Origin::Person { person },
        made_at: Timestamp::from_seconds(0),
        begin_by: Timestamp::from_seconds(9),
        because: vec![],
        steps,
        left: vec![],
        notes: vec![],
    }
}
