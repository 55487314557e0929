//! What Countersign may be used for at a tenant, and which scopes each of it needs, when and why.

use crate::{Need, Phase};

words!(
    /// Something that Countersign may be used for.
    Capability {
        /// Our Actions ask about sign-ins.
        Decide = "decide",
        /// The tenant's logs come to us.
        Ingest = "ingest",
        /// Changes of users and organizations come to us.
        Events = "events",
        /// Our API, which tokens are given out for.
        Api = "api",
        /// Facts about the user beside a decision.
        Enrich = "enrich",
        /// A user is kept out.
        Contain = "contain",
        /// A user gets back in.
        Recover = "recover",
        /// Organizations, their members and connections.
        Organizations = "organizations",
        /// Single sign-on and provisioning of organizations.
        Onboarding = "onboarding",
        /// Users are brought in.
        Import = "import",
        /// Networks are kept out in an emergency.
        Network = "network",
        /// Advice about the tenant's settings.
        Advice = "advice",
    }
);

words!(
    /// How far Countersign goes by itself.
    Autonomy {
        /// It tells.
        Report = "report",
        /// It prepares, and a person has it done.
        Propose = "propose",
        /// It does.
        Auto = "auto",
    }
);

/// A scope, and what it is for.
type Row = (&'static str, &'static str);

/// What a capability needs: by whoever installs, to report, and to write.
struct Scopes {
    install: &'static [Row],
    report: &'static [Row],
    write: &'static [Row],
}

const ACTIONS: Scopes = Scopes {
    install: &[
        ("read:actions", "see which Actions are there, and in which order"),
        ("create:actions", "create and deploy our Actions"),
        ("update:actions", "change our Actions, and bind them in order"),
        ("delete:actions", "take our Actions out again"),
    ],
    report: &[("read:actions", "see that our Actions are as they were deployed")],
    write: &[],
};

const LOGS: Scopes = Scopes {
    install: &[
        ("read:log_streams", "see whether our log stream is there"),
        ("create:log_streams", "create our log stream"),
        ("update:log_streams", "change our log stream"),
        ("delete:log_streams", "take our log stream out again"),
    ],
    report: &[
        ("read:log_streams", "see that our log stream is active"),
        ("read:logs", "fetch what the stream left out"),
    ],
    write: &[],
};

const EVENTS: Scopes = Scopes {
    install: &[
        ("read:event_streams", "see whether our event stream is there"),
        ("create:event_streams", "create our event stream"),
        ("update:event_streams", "change our event stream"),
        ("delete:event_streams", "take our event stream out again"),
    ],
    report: &[("read:event_streams", "see that our event stream is enabled")],
    write: &[],
};

const API: Scopes = Scopes {
    install: &[
        ("read:resource_servers", "see whether our API is there"),
        ("create:resource_servers", "create our API"),
        ("update:resource_servers", "change our API's scopes"),
        ("delete:resource_servers", "take our API out again"),
    ],
    report: &[],
    write: &[],
};

const ENRICH: Scopes = Scopes {
    install: &[],
    report: &[
        ("read:users", "read the user who signs in"),
        ("read:roles", "read the user's roles"),
        ("read:organizations", "read the user's organizations"),
    ],
    write: &[],
};

const CONTAIN: Scopes = Scopes {
    install: &[],
    report: &[
        ("read:users", "see whether the user is blocked"),
        ("read:sessions", "see which sessions would end"),
    ],
    write: &[
        ("update:users", "block the user"),
        ("delete:sessions", "end the user's sessions"),
        ("delete:refresh_tokens", "end the user's refresh tokens"),
    ],
};

const RECOVER: Scopes = Scopes {
    install: &[],
    report: &[
        ("read:users", "see what keeps the user out"),
        ("read:authentication_methods", "see which factors the user has"),
    ],
    write: &[
        ("create:user_tickets", "give the user a ticket for a new password"),
        ("update:users", "lift the block"),
        ("delete:authentication_methods", "take a factor that was stolen from the user"),
        ("create:guardian_enrollment_tickets", "let the user enroll a factor"),
    ],
};

const ORGANIZATIONS: Scopes = Scopes {
    install: &[],
    report: &[
        ("read:organizations", "read organizations"),
        ("read:organization_members", "read who is a member"),
        ("read:organization_member_roles", "read members' roles"),
        ("read:organization_invitations", "read invitations"),
        ("read:organization_discovery_domains", "read discovery domains"),
        ("read:roles", "read what roles there are"),
        ("read:connections", "read what connections there are"),
    ],
    write: &[
        ("create:organizations", "create organizations"),
        ("update:organizations", "change organizations"),
        ("create:organization_connections", "enable connections"),
        ("create:organization_members", "add members"),
        ("delete:organization_members", "remove members"),
        ("create:organization_member_roles", "give members roles"),
        ("delete:organization_member_roles", "take roles from members"),
        ("create:organization_invitations", "invite members"),
        ("delete:organization_invitations", "take invitations back"),
        ("create:organization_discovery_domains", "add discovery domains"),
        ("update:organization_discovery_domains", "change discovery domains"),
        ("create:organization_client_grants", "let applications act for an organization"),
    ],
};

const ONBOARDING: Scopes = Scopes {
    install: &[],
    report: &[("read:self_service_profiles", "read what customers may set up themselves")],
    write: &[
        ("create:sso_access_tickets", "let a customer set up single sign-on"),
        ("create:scim_config", "set up provisioning"),
        ("create:scim_token", "give a customer a token for provisioning"),
    ],
};

const IMPORT: Scopes = Scopes {
    install: &[],
    report: &[("read:users", "see which users are there")],
    write: &[("create:users", "create users")],
};

const NETWORK: Scopes = Scopes {
    install: &[],
    report: &[("read:network_acls", "read which networks are kept out")],
    write: &[
        ("create:network_acls", "keep a network out"),
        ("update:network_acls", "change which networks are kept out"),
    ],
};

const ADVICE: Scopes = Scopes {
    install: &[],
    report: &[
        ("read:attack_protection", "read how attack protection is set"),
        ("read:mfa_policies", "read when a second factor is asked for"),
        ("read:branding", "read how pages look"),
        ("read:tenant_settings", "read the tenant's settings"),
        ("read:guardian_factors", "read which second factors there are"),
        ("read:client_grants", "see that our client may do what it needs, and nothing else"),
        ("read:hooks", "see which Hooks are left"),
        ("read:rules", "see which Rules are left"),
    ],
    write: &[],
};

/// What it takes to give the service a client of its own.
const CLIENT: &[Row] = &[
    ("read:clients", "see whether the service's client is there"),
    ("read:client_keys", "read the new client's secret where an interruption lost it"),
    ("create:clients", "create the service's client"),
    ("update:clients", "change the service's client"),
    ("delete:clients", "take the service's client out again"),
    ("read:client_grants", "see what the service's client may do"),
    ("create:client_grants", "let the service's client do what it needs, and nothing else"),
    ("update:client_grants", "change what the service's client may do"),
    ("delete:client_grants", "take away what the service's client may do"),
];

const fn scopes(capability: Capability) -> Scopes {
    match capability {
        Capability::Decide => ACTIONS,
        Capability::Ingest => LOGS,
        Capability::Events => EVENTS,
        Capability::Api => API,
        Capability::Enrich => ENRICH,
        Capability::Contain => CONTAIN,
        Capability::Recover => RECOVER,
        Capability::Organizations => ORGANIZATIONS,
        Capability::Onboarding => ONBOARDING,
        Capability::Import => IMPORT,
        Capability::Network => NETWORK,
        Capability::Advice => ADVICE,
    }
}

/// What a capability needs at its autonomy, now and from then on.
#[must_use]
pub fn needs(capability: Capability, autonomy: Autonomy) -> Vec<Need> {
    let Scopes { install, report, write } = scopes(capability);
    let need = |phase: Phase| {
        move |(scope, why): &Row| Need {
            phase,
            scope: (*scope).to_owned(),
            capability: capability.as_str().to_owned(),
            why: (*why).to_owned(),
        }
    };
    let writes = if autonomy == Autonomy::Report { &[][..] } else { write };
    let serve = report.iter().chain(writes).map(need(Phase::Serve));
    install.iter().map(need(Phase::Install)).chain(serve).collect()
}

/// What it takes to give the service a client of its own.
#[must_use]
pub fn client_needs() -> Vec<Need> {
    let need = |(scope, why): &Row| Need {
        phase: Phase::Install,
        scope: (*scope).to_owned(),
        capability: "client".to_owned(),
        why: (*why).to_owned(),
    };
    CLIENT.iter().map(need).collect()
}

/// Whether a scope lets nothing be changed.
#[must_use]
pub fn is_read(scope: &str) -> bool {
    scope.starts_with("read:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_reports_needs_no_scope_that_writes_after_installation() {
        for capability in Capability::ALL {
            for need in needs(*capability, Autonomy::Report) {
                assert!(need.phase == Phase::Install || is_read(&need.scope), "{capability}: {}", need.scope);
            }
        }
    }

    #[test]
    fn more_autonomy_never_needs_less() {
        for capability in Capability::ALL {
            let report = needs(*capability, Autonomy::Report);
            for autonomy in [Autonomy::Propose, Autonomy::Auto] {
                let more = needs(*capability, autonomy);
                assert!(report.iter().all(|need| more.contains(need)), "{capability} {autonomy}");
            }
        }
    }

    #[test]
    fn words_are_read_back_and_others_refused() {
        for capability in Capability::ALL {
            assert_eq!(capability.as_str().parse::<Capability>().as_ref(), Ok(capability));
        }
        assert!("everything".parse::<Capability>().unwrap_err().to_string().contains("`decide`"));
    }
}
