//! The table of docs/roles.md is what the shipped policies permit.

use std::{fmt::Write, fs};

use countersign_rights::{Action, Place, Rights, Role};

use crate::support::{application, grant, organization, person, service_account, tenant};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/roles.md");
const BEGIN: &str = "<!-- what the shipped policies permit: begin -->\n";
const END: &str = "<!-- end -->\n";

/// A row an action: whether each role may do it where it has that role, and each scope of an application.
fn table() -> String {
    let rights = Rights::shipped().unwrap();
    let here = [tenant("a"), organization("a", "org_1")];
    let mut columns = Vec::new();
    for role in Role::ALL {
        let at = &here[usize::from(*role == Role::TenantAdmin)];
        columns.push((format!("`{role}`"), person(vec![grant(*role, at)]), at));
    }
    let all: Vec<_> = Role::ALL.iter().filter(|role| **role != Role::TenantAdmin).collect();
    let grants = all.iter().map(|role| grant(**role, &Place::Installation)).collect();
    columns.push(("service account, `*`".to_owned(), service_account(grants, &["*"]), &here[0]));
    for scope in ["decide", "read:decisions", "read:ledger", "operate"] {
        columns.push((format!("application, `{scope}`"), application("a", None, &[scope]), &here[0]));
    }
    let mut text = String::from("| action | group |");
    columns.iter().for_each(|(name, ..)| write!(text, " {name} |").unwrap());
    write!(text, "\n|---|---|{}\n", "---|".repeat(columns.len())).unwrap();
    for action in Action::ALL {
        write!(text, "| `{action}` | {} |", action.group()).unwrap();
        for (_, asking, at) in &columns {
            let may = rights.check(asking, *action, at).is_permitted;
            text.push_str(if may { " yes |" } else { " |" });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_page_of_roles_is_what_the_policies_permit() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (_, rest) = page.split_once(BEGIN).expect("docs/roles.md has the mark where the table begins");
    let (shown, _) = rest.split_once(END).expect("docs/roles.md has the mark where the table ends");
    let wanted = table();
    assert!(
        shown == wanted,
        "docs/roles.md is not what the policies permit; put this between its marks:\n{wanted}"
    );
}
