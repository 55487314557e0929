//! `docs/fields.md`, written from the table.

use std::fmt::Write as _;

use super::{FieldClass, rows};

const HEAD: &str = "\
# Fields

Every field that Countersign takes in has a class, and the class says what may become of it. The table is
`crates/privacy/data/fields.tsv`; this page is written from it by
`COUNTERSIGN_BLESS=1 cargo test -p countersign-privacy the_page_says_what_the_table_says`, and tests hold the table to the types
that read what comes in. A field without a row counts as `secret`, and a test names it.

| class | what it is | stored, in records and the journal of the log | log lines, metrics, URLs | prompts of a model, what is shown unopened | once somebody who may opened it, with a reason |
|---|---|---|---|---|---|
";

/// What a class is, and what follows: stored, in log lines, unopened, opened.
const fn meaning(class: FieldClass) -> [&'static str; 5] {
    match class {
        FieldClass::Identifier => [
            "names one account, client, session or other thing by an id",
            "sealed; accounts and clients joined by pseudonym",
            "ids of tenants, organizations, clients and decisions; never an account's",
            "as an alias of its tenant and period",
            "yes",
        ],
        FieldClass::Personal => [
            "tells of a person: names, addresses, telephone numbers, pictures",
            "sealed under the person's key",
            "never",
            "`[personal]`",
            "yes",
        ],
        FieldClass::Network => [
            "where somebody came from and with what: addresses, places, agents, fingerprints",
            "sealed; hashes of it in the profile",
            "never",
            "`[network]`",
            "yes",
        ],
        FieldClass::Secret => [
            "passwords, codes, tokens; requests that an entry repeats; what nobody classed",
            "refused where its field is known to be one; else sealed within the whole it came in",
            "never",
            "gone, with its name",
            "within the whole entry or record alone",
        ],
        FieldClass::FreeText => [
            "written by people or by a tenant, with anything in it",
            "sealed",
            "never",
            "`[free_text]`",
            "yes, as text and never as markup",
        ],
        FieldClass::Public => [
            "words of Auth0's or of ours, times, flags, numbers",
            "yes",
            "yes",
            "yes; a text that is no word (longer than 256 characters, with `@` or control characters) as `[free_text]`",
            "yes",
        ],
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for class in FieldClass::ALL {
        let [what, stored, logged, unopened, opened] = meaning(class);
        writeln!(page, "| `{class}` | {what} | {stored} | {logged} | {unopened} | {opened} |").unwrap();
    }
    let mut last = "";
    for row in rows() {
        if row.source != last {
            last = row.source;
            write!(
                page,
                "\n## `{last}`\n\n{}\n\n| field | class | what it is |\n|---|---|---|\n",
                about(last)
            )
            .unwrap();
        }
        writeln!(page, "| `{}` | `{}` | {} |", row.path, row.class, row.note).unwrap();
    }
    page
}

fn about(source: &str) -> &'static str {
    match source {
        "event.*" => "Events of Actions, whatever the trigger. Not every trigger has every field.",
        "log" => {
            "Entries of a tenant's log, as a log stream delivers them or the Management API answers them."
        }
        "stream" => "Messages of an event stream, as its webhook delivers them.",
        "enrichment" => "What an enrichment connector answers.",
        "api" => "Bodies and queries of the service's own API; the first name is the endpoint's.",
        "identity" => {
            "Claims of ID tokens, by which people sign in, and of access tokens of applications. The claim that \
             `access.oidc.roles_claim` names is compared and not kept; like every other claim it has no row."
        }
        "management" => "What is read of a tenant by the Management API; the first name is the object's.",
        _ => "Beside what every trigger has.",
    }
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fields.md");

#[test]
fn the_page_says_what_the_table_says() {
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::write(PAGE, page()).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(kept == page(), "docs/fields.md is old; its head says how it is written anew");
}
