//! Files of policies that anybody may have written: loaded or refused with a place, and what is loaded never permits what a `forbid` of ours rules out.

use std::time::Duration;

use countersign_fuzz::Target;
use countersign_rights::{Action, How, Place, PrincipalKind, Rights, Role};

use crate::support::{grant, principal, tenant};

const OWN: &[&str] = &[
    "@id(\"nobody_erases\")\nforbid (principal, action == Countersign::Action::\"erase_people\", resource);\n",
    "// Ours.\n@id(\"mine\") permit (principal is Countersign::ServiceAccount, action in Countersign::Action::\"read\", resource)\nwhen { principal.scopes.contains(\"a\") && context.how == \"token\" };",
    "@id(\"here\") forbid (principal is Countersign::Person, action, resource == Countersign::Tenant::\"acme\") unless { context.how == \"oidc\" };",
    "@id(\"if\") permit (principal in Countersign::Role::\"viewer\", action, resource) when { if resource in Countersign::Installation::\"installation\" then context.action like \"read*\" else false };",
    "@id(\"app\") permit (principal is Countersign::Application, action, resource) when { principal has tenant && resource in principal.tenant };",
];

#[test]
fn policy_files() {
    let place = tenant("acme");
    // What no policy permits of anybody: an approval by a token (`approvals_need_people`).
    let token = principal(
        PrincipalKind::ServiceAccount,
        How::Token,
        vec![grant(Role::Administrator, &Place::Installation)],
    );
    let viewer = principal(PrincipalKind::Person, How::Oidc, vec![grant(Role::Viewer, &place)]);
    Target::new("policy_files")
        .examples(OWN)
        .examples([OWN.concat()])
        .words([
            "principal",
            "action",
            "resource",
            "Countersign::",
            "permit (",
            "forbid (",
            "when {",
            "unless {",
            "like",
            "has",
            "?principal",
            "ip(\"",
            "decimal(\"1.0\")",
            ".contains(",
            "@id(\"",
            "//",
            "}; ",
        ])
        .at_most(8 * 1024)
        .within(Duration::from_secs(5))
        .run(|input| {
            let text = String::from_utf8_lossy(input).into_owned();
            let lines = text.lines().count() + 2;
            let rights = match Rights::with(&[("own.cedar".to_owned(), text)]) {
                Ok(rights) => rights,
                Err(fault)
                    if fault.file == "own.cedar"
                        && (1..=lines).contains(&fault.line)
                        && fault.column >= 1
                        && !fault.message.is_empty() =>
                {
                    return Ok(fault.message);
                }
                Err(fault) => return Err(format!("a fault without a place: {fault:?}")),
            };
            if rights.check(&token, Action::ApprovePlans, &place).is_permitted {
                return Err("a token approves".to_owned());
            }
            let verdict = rights.check(&viewer, Action::ReadDecisions, &place);
            if verdict.is_permitted && verdict.policies.is_empty() {
                return Err("it is permitted by no policy".to_owned());
            }
            Ok(format!("loaded {} {}", verdict.is_permitted, verdict.failed.len()))
        });
}
