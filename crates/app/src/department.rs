//! The department that an address speaks of: its local part, or the domain below a company's own.

/// Words that stand alone in an address and name a department.
const WORDS: [(&str, &[&str]); 9] = [
    ("Engineering", &["engineering", "dev", "developer", "developers", "devops", "tech", "eng", "platform"]),
    (
        "Finance",
        &["finance", "accounting", "accounts", "billing", "invoices", "payroll", "treasury", "ap", "ar"],
    ),
    ("Human Resources", &["hr", "people", "recruiting", "recruitment", "talent", "careers", "jobs"]),
    ("Information Technology", &["it", "sysadmin", "helpdesk", "servicedesk", "postmaster", "hostmaster"]),
    ("Legal", &["legal", "compliance", "privacy", "dpo", "contracts"]),
    ("Marketing", &["marketing", "press", "media", "brand", "communications", "events"]),
    ("Sales", &["sales", "partners", "partnerships", "bizdev", "presales"]),
    ("Security", &["security", "infosec", "secops", "soc", "abuse"]),
    ("Support", &["support", "help", "service", "customerservice", "success", "care"]),
];

/// The longest address that is looked at (RFC 5321, section 4.5.3.1).
const MAX_BYTES: usize = 254;

/// The department, by a name of ours; `None` when no whole word of the address names one.
pub(crate) fn inferred(email: &str) -> Option<&'static str> {
    let (local, domain) = email.trim().rsplit_once('@').filter(|_| email.len() <= MAX_BYTES)?;
    let below = domain.rsplitn(3, '.').nth(2).unwrap_or_default();
    let mut words = local.split(['.', '-', '_', '+']).chain(below.split(['.', '-']));
    words.find_map(|word| {
        let word = word.to_ascii_lowercase();
        WORDS.iter().find(|(_, known)| known.contains(&word.as_str())).map(|(name, _)| *name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_of_the_address_name_a_department() {
        for (email, department) in [
            ("sales@acme.example", Some("Sales")),
            ("jo.hr@acme.example", Some("Human Resources")),
            ("jo@finance.acme.example", Some("Finance")),
            ("IT-Ops@acme.example", Some("Information Technology")),
            ("salesman@acme.example", None),
            ("jo@sales.example", None),
            ("it", None),
            ("", None),
        ] {
            assert_eq!(inferred(email), department, "{email}");
        }
        assert_eq!(inferred(&format!("sales@{}.example", "a".repeat(300))), None);
    }
}
