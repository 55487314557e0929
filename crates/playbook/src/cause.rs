//! Who can cause an entry of the log.

use Cause::{Administrator, Anybody, Holder, Machine, Platform};

/// Who can cause an entry of a type, and so whom it proves anything against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Anybody who knows or guesses a name: a wrong password, a reset that is asked for, an account that is made under somebody's
    /// address, a link in a mail that a scanner follows. It says where somebody is, and nothing against whom it names.
    Anybody,
    /// Whoever holds something of the account: its password, a session, a token, a factor.
    Holder,
    /// Whoever holds the credentials of the application.
    Machine,
    /// Whoever administers the tenant, or holds a token of its Management API. The account that it names is whom it was done to.
    Administrator,
    /// Nobody outside: the platform tells of itself.
    Platform,
}

impl Cause {
    /// Whether an entry proves something against the account that it names.
    #[must_use]
    pub const fn proves_user(self) -> bool {
        matches!(self, Holder)
    }

    /// Whether an entry proves something against the application that it names.
    #[must_use]
    pub const fn proves_client(self) -> bool {
        matches!(self, Machine | Administrator)
    }

    /// Whether an entry proves something against the address that it came from. Anybody can name a victim; nobody sends from the
    /// victim's address. What a management call names as its address may be a console's.
    #[must_use]
    pub const fn proves_address(self) -> bool {
        matches!(self, Anybody | Holder | Machine)
    }
}

/// Who can cause entries of a type that nothing is known of: anybody.
#[must_use]
pub fn cause(kind: &str) -> Cause {
    CAUSES.binary_search_by(|(known, _)| (*known).cmp(kind)).map_or(Anybody, |at| {
        // Why never `Anybody` by the bound: the place was just found.
        CAUSES.get(at).map_or(Anybody, |(_, cause)| *cause)
    })
}

/// Who can cause which type, of all types that Auth0 documents ("Log Event Type Codes", and the schemas of its log events), in the
/// order of their codes. Where it is not plain from the documentation, the lesser stands here: what proves less.
pub static CAUSES: &[(&str, Cause)] = &[
    ("acls_summary", Platform),
    ("actions_execution_failed", Platform),
    ("acul_sdk_notice", Platform),
    ("admin_update_launch", Platform),
    ("api_limit", Anybody),
    ("api_limit_warning", Platform),
    ("appi", Platform),
    ("ciba_exchange_failed", Anybody),
    ("ciba_exchange_succeeded", Holder),
    ("ciba_start_failed", Anybody),
    ("ciba_start_succeeded", Anybody),
    ("cls", Anybody),
    ("coff", Platform),
    ("con", Platform),
    ("connected_accounts_connection_failed", Anybody),
    ("connected_accounts_connection_succeeded", Holder),
    ("connected_accounts_delete_failed", Anybody),
    ("connected_accounts_delete_succeeded", Holder),
    ("cs", Anybody),
    ("custom_domain_verification_failed", Platform),
    ("depnote", Platform),
    ("directory_sync_completed", Platform),
    ("directory_sync_failed", Platform),
    ("directory_sync_started", Platform),
    ("f", Anybody),
    ("failed_on_behalf_of_token_exchange", Anybody),
    ("fc", Anybody),
    ("fce", Anybody),
    ("fco", Anybody),
    ("fcoa", Anybody),
    ("fcp", Anybody),
    ("fcph", Platform),
    ("fcpn", Anybody),
    ("fcpr", Anybody),
    ("fcpro", Platform),
    ("fcu", Anybody),
    ("fd", Anybody),
    ("fdeac", Anybody),
    ("fdeaz", Anybody),
    ("fdecc", Anybody),
    ("fdeleacft", Anybody),
    ("fdelsa", Anybody),
    ("fdu", Anybody),
    ("feacft", Anybody),
    ("feccft", Anybody),
    ("fecte", Anybody),
    ("fede", Anybody),
    ("federated_logout_failed", Anybody),
    ("fens", Anybody),
    ("feoobft", Anybody),
    ("feotpft", Anybody),
    ("fepft", Anybody),
    ("fepotpft", Anybody),
    ("fercft", Anybody),
    ("ferrt", Holder),
    ("fertft", Anybody),
    ("feta", Anybody),
    ("fi", Anybody),
    ("flo", Anybody),
    ("flows_execution_completed", Platform),
    ("flows_execution_failed", Platform),
    ("fn", Platform),
    ("forms_submission_failed", Anybody),
    ("forms_submission_succeeded", Anybody),
    ("fp", Anybody),
    ("fpar", Anybody),
    ("fpurh", Platform),
    ("fs", Anybody),
    ("fsa", Anybody),
    ("fscim", Platform),
    ("fu", Anybody),
    ("fui", Platform),
    ("fv", Anybody),
    ("fvr", Anybody),
    ("gd_auth_email_verification", Anybody),
    ("gd_auth_fail_email_verification", Anybody),
    ("gd_auth_failed", Holder),
    ("gd_auth_rejected", Holder),
    ("gd_auth_succeed", Holder),
    ("gd_enrollment_complete", Holder),
    ("gd_otp_rate_limit_exceed", Holder),
    ("gd_recovery_failed", Holder),
    ("gd_recovery_rate_limit_exceed", Holder),
    ("gd_recovery_succeed", Holder),
    ("gd_send_email", Holder),
    ("gd_send_email_verification", Anybody),
    ("gd_send_email_verification_failure", Anybody),
    ("gd_send_pn", Holder),
    ("gd_send_pn_failure", Holder),
    ("gd_send_sms", Holder),
    ("gd_send_sms_failure", Holder),
    ("gd_send_voice", Holder),
    ("gd_send_voice_failure", Holder),
    ("gd_start_auth", Holder),
    ("gd_start_enroll", Holder),
    ("gd_start_enroll_failed", Holder),
    ("gd_tenant_update", Administrator),
    ("gd_unenroll", Holder),
    ("gd_update_device_account", Holder),
    ("gd_webauthn_challenge_failed", Holder),
    ("gd_webauthn_enrollment_failed", Holder),
    ("idjag_exchange_failed", Anybody),
    ("idjag_exchange_succeeded", Holder),
    ("jwt_bearer_exchange_failed", Anybody),
    ("kms_key_management_failure", Platform),
    ("kms_key_management_success", Administrator),
    ("kms_key_state_changed", Administrator),
    ("limit_delegation", Anybody),
    ("limit_mu", Anybody),
    ("limit_phone", Anybody),
    ("limit_sul", Anybody),
    ("limit_wc", Anybody),
    ("mfar", Holder),
    ("mgmt_api_read", Administrator),
    ("my_account_authentication_method_failed", Holder),
    ("my_account_authentication_method_succeeded", Holder),
    ("oidc_backchannel_logout_failed", Platform),
    ("oidc_backchannel_logout_succeeded", Platform),
    ("organization_member_added", Administrator),
    ("passkey_challenge_failed", Anybody),
    ("passkey_challenge_started", Anybody),
    ("pla", Anybody),
    ("pwd_leak", Anybody),
    ("reset_pwd_leak", Anybody),
    ("resource_cleanup", Platform),
    ("rich_consents_access_error", Platform),
    ("s", Holder),
    ("sapi", Administrator),
    ("sce", Holder),
    ("scoa", Holder),
    ("scp", Holder),
    ("scpn", Holder),
    ("scpr", Anybody),
    ("scu", Holder),
    ("scv", Holder),
    ("sd", Holder),
    ("sdel", Holder),
    ("sdeleacft", Holder),
    ("sdelsa", Holder),
    ("sdu", Holder),
    ("seacft", Holder),
    ("seccft", Machine),
    ("secte", Holder),
    ("sede", Holder),
    ("sens", Holder),
    ("seoobft", Holder),
    ("seotpft", Holder),
    ("sepft", Holder),
    ("sepkoobft", Holder),
    ("sepkotpft", Holder),
    ("sepkrcft", Holder),
    ("sercft", Holder),
    ("sertft", Holder),
    ("seta", Holder),
    ("si", Holder),
    ("signup_pwd_leak", Anybody),
    ("slo", Anybody),
    ("srrt", Holder),
    ("ss", Anybody),
    ("ss_sso_failure", Platform),
    ("ss_sso_info", Platform),
    ("ss_sso_success", Anybody),
    ("ssa", Holder),
    ("sscim", Administrator),
    ("success_on_behalf_of_token_exchange", Holder),
    ("sui", Administrator),
    ("sv", Anybody),
    ("svr", Anybody),
    ("sys_os_update_end", Platform),
    ("sys_os_update_start", Platform),
    ("sys_update_end", Platform),
    ("sys_update_start", Platform),
    ("too_many_records", Anybody),
    ("ublkdu", Anybody),
    ("universal_logout_failed", Anybody),
    ("universal_logout_succeeded", Anybody),
    ("w", Platform),
    ("wn", Platform),
    ("wum", Platform),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use countersign_detect::{detectors::NATIVE, pack::PACK, sigma};

    use super::*;

    /// The codes that Auth0 documents, one a line.
    const DOCUMENTED: &str = include_str!("../data/log-types.txt");

    #[test]
    fn every_documented_type_stands_in_the_table_once_and_in_order() {
        let documented: Vec<&str> = DOCUMENTED.lines().collect();
        let told: Vec<&str> = CAUSES.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(told, documented);
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
    }

    #[test]
    fn every_type_that_a_detector_or_a_rule_looks_at_stands_in_the_table() {
        let rules = sigma::load(PACK, &sigma::Values::new()).unwrap();
        let of_rules = rules.iter().flat_map(|rule| rule.about().kinds.iter());
        let native = NATIVE.iter().flat_map(|native| native.about.kinds.iter());
        for kind in native.chain(of_rules).filter(|kind| !kind.contains('*')) {
            assert!(CAUSES.iter().any(|(known, _)| known == kind), "{kind}");
        }
    }

    #[test]
    fn what_anybody_can_cause_proves_nothing_against_an_account() {
        let by_anybody = [
            "f",
            "fp",
            "fu",
            "fepft",
            "fcoa",
            "fcp",
            "fcpr",
            "scpr",
            "fs",
            "ss",
            "sv",
            "svr",
            "cls",
            "cs",
            "pwd_leak",
            "signup_pwd_leak",
            "reset_pwd_leak",
            "limit_wc",
            "limit_sul",
            "limit_mu",
            "ublkdu",
            "ciba_start_succeeded",
            "passkey_challenge_failed",
            "pla",
        ];
        for kind in by_anybody {
            assert!(!cause(kind).proves_user() && cause(kind).proves_address(), "{kind}");
        }
        for kind in ["s", "seacft", "sertft", "ferrt", "gd_send_pn", "gd_auth_succeed"] {
            assert!(cause(kind).proves_user(), "{kind}");
        }
        assert!(cause("sapi").proves_client() && !cause("sapi").proves_user());
        for kind in ["", "no_such_type", "s ", "S"] {
            assert_eq!(cause(kind), Anybody, "{kind}");
        }
    }

    #[test]
    fn no_failure_is_taken_for_something_that_only_a_holder_can_cause_but_what_needs_one() {
        let needs_one = ["ferrt", "my_account_authentication_method_failed"];
        for (kind, cause) in CAUSES {
            let is_failure = kind.starts_with('f') || kind.ends_with("_failed") && !kind.starts_with("gd_");
            if is_failure && !needs_one.contains(kind) {
                assert!(!cause.proves_user(), "{kind}");
            }
        }
    }
}
