//! Multi-factor authentication: factors, the policy that asks for them, and enrollment.

use serde_json::json;

use super::{Endpoint, EnrollmentId, FactorName, Nothing, Operation, Request, UserId};
use crate::Dictionary;

model! {
    /// A factor, and whether the tenant has it on.
    Factor {
        required {
            /// The factor, such as `otp`.
            name: FactorName,
        }
        maybe {
            /// Whether users may enroll in it.
            enabled: bool,
            /// Whether its trial is over.
            trial_expired: bool,
        }
    }
}

model! {
    /// An invitation to enroll.
    EnrollmentTicket {
        maybe {
            /// The ticket's id.
            ticket_id: String,
            /// Where the user enrolls: whoever has the address can.
            ticket_url: String,
        }
    }
}

static FACTORS: Endpoint<Vec<Factor>, 0> =
    Endpoint::get("guardian.factors", "/guardian/factors").scopes(&["read:guardian_factors"]);
static SET_FACTOR: Endpoint<Dictionary, 1> = Endpoint::put("guardian.set_factor", "/guardian/factors/{name}")
    .scopes(&["update:guardian_factors"])
    .required(&["enabled"]);
static POLICIES: Endpoint<Vec<String>, 0> =
    Endpoint::get("guardian.policies", "/guardian/policies").scopes(&["read:mfa_policies"]);
static SET_POLICIES: Endpoint<Vec<String>, 0> =
    Endpoint::put("guardian.set_policies", "/guardian/policies").scopes(&["update:mfa_policies"]);
static CREATE_TICKET: Endpoint<EnrollmentTicket, 0> =
    Endpoint::post("guardian.create_ticket", "/guardian/enrollments/ticket")
        .scopes(&["create:guardian_enrollment_tickets"])
        .required(&["user_id"]);
static DELETE_ENROLLMENT: Endpoint<Nothing, 1> =
    Endpoint::delete("guardian.delete_enrollment", "/guardian/enrollments/{id}")
        .scopes(&["delete:guardian_enrollments"]);

pub(super) static OPERATIONS: &[&Operation] = &[
    &FACTORS.operation,
    &SET_FACTOR.operation,
    &POLICIES.operation,
    &SET_POLICIES.operation,
    &CREATE_TICKET.operation,
    &DELETE_ENROLLMENT.operation,
];

/// Lists the factors.
#[must_use]
pub fn factors() -> Request<Vec<Factor>> {
    Request::new(&FACTORS, [])
}

/// Turns a factor on or off.
#[must_use]
pub fn set_factor(name: &FactorName, is_enabled: bool) -> Request<Dictionary> {
    Request::new(&SET_FACTOR, [name.as_str()]).json(json!({ "enabled": is_enabled }))
}

/// Reads the policy: nothing is never, `all-applications` is always, `confidence-score` is by risk.
#[must_use]
pub fn policies() -> Request<Vec<String>> {
    Request::new(&POLICIES, [])
}

/// Sets the policy.
#[must_use]
pub fn set_policies(policies: &[String]) -> Request<Vec<String>> {
    Request::new(&SET_POLICIES, []).json(json!(policies))
}

/// Makes an invitation to enroll, and sends it by mail where asked.
#[must_use]
pub fn create_ticket(user: &UserId, sends_mail: bool) -> Request<EnrollmentTicket> {
    Request::new(&CREATE_TICKET, []).json(json!({ "user_id": user, "send_mail": sends_mail }))
}

/// Ends an enrollment.
#[must_use]
pub fn delete_enrollment(id: &EnrollmentId) -> Request<Nothing> {
    Request::new(&DELETE_ENROLLMENT, [id.as_str()])
}
