//! The certificates that the service shows.

use super::{Check, Finding, Rule, Severity, View};

const EXPIRED: Rule = Rule::new("certificate.expired", Severity::Critical);
const EXPIRING: Rule = Rule::new("certificate.expiring", Severity::Warning);
const UNREADABLE: Rule = Rule::new("certificate.unreadable", Severity::Warning);

pub(super) const CHECK: Check = Check { rules: &[&EXPIRED, &EXPIRING, &UNREADABLE], run };

/// How long before its end a certificate should be replaced: what renewal by ACME does at the usual 90 days.
const EARLY_DAYS: i64 = 21;

fn run(view: &View<'_>) -> Vec<Finding> {
    let fix = "replace it; the service reads it again by itself";
    let mut found = Vec::new();
    for certificate in view.posture.local.iter().flat_map(|local| &local.certificates) {
        let name = &certificate.name;
        found.extend(match certificate.ends {
            None => Some(UNREADABLE.found(
                name,
                format!("until when the certificate in `{name}` holds can't be read"),
                fix,
            )),
            Some(ends) if ends <= view.now => {
                let text =
                    format!("the certificate in `{name}` has ended, so that no Action reaches the service");
                Some(EXPIRED.found(name, text, fix))
            }
            Some(ends) if ends.days() - view.now.days() < EARLY_DAYS => {
                let days = ends.days() - view.now.days();
                Some(EXPIRING.found(name, format!("the certificate in `{name}` ends in {days} days"), fix))
            }
            Some(_) => None,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{
        Certificate,
        testing::{at, codes, expected, local, posture},
    };

    #[test]
    fn a_certificate_is_told_weeks_before_it_ends() {
        for (ends, told) in [
            (Some(at(22 * 86_400)), &[][..]),
            (Some(at(20 * 86_400)), &["certificate.expiring"]),
            (Some(at(0)), &["certificate.expired"]),
            (None, &["certificate.unreadable"]),
        ] {
            let mut here = posture();
            here.local = Some(local());
            here.local.as_mut().unwrap().certificates =
                vec![Certificate { name: "server.pem".to_owned(), ends }];
            assert_eq!(codes(&here, &expected()), told);
        }
    }
}
