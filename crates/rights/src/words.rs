//! The closed vocabularies: roles, actions and their groups, kinds of principals, and the ways by which they come.

use countersign_core::words;

words!(
    /// What somebody is trusted with, at a place. What each role may do is in the policies.
    Role, "role", {
        /// Reads.
        Viewer = "viewer",
        /// Reads, opens what is sealed, and works on what was found.
        Analyst = "analyst",
        /// Reads, and approves plans that somebody else proposed.
        Approver = "approver",
        /// Reads, and runs the service: switches, policies, models, tokens, plans.
        Operator = "operator",
        /// All but approving and deciding; the only role that changes who may do what.
        Administrator = "administrator",
        /// Reads, who may do what included.
        Auditor = "auditor",
        /// Reads the decisions of one organization, and tells how they turned out.
        TenantAdmin = "tenant_admin",
    }
);

words!(
    /// What somebody wants to do. Each is in one [`Group`].
    Action, "action", {
        /// Decisions, and receipts of them.
        ReadDecisions = "read_decisions",
        /// Leaves, proofs, checkpoints and exports of the ledger.
        ReadLedger = "read_ledger",
        /// Policies of decisions, and switches.
        ReadPolicies = "read_policies",
        /// Models, and how they do.
        ReadModels = "read_models",
        /// What is known of a person, under their pseudonym.
        ReadUsers = "read_users",
        /// Tokens of the short form; never their text.
        ReadTokens = "read_tokens",
        /// What the look at the tenant's settings found.
        ReadFindings = "read_findings",
        /// Incidents, alerts and suppressions.
        ReadIncidents = "read_incidents",
        /// Plans, how far they came, and what waits for a review; people by alias.
        ReadPlans = "read_plans",
        /// How the watch over the tenant's log stands.
        ReadWatch = "read_watch",
        /// Metrics.
        ReadMetrics = "read_metrics",
        /// Takes incidents on, and closes them.
        WorkIncidents = "work_incidents",
        /// Makes and ends suppressions.
        ChangeSuppressions = "change_suppressions",
        /// Tells how a decision turned out.
        TellOutcomes = "tell_outcomes",
        /// Marks a person as compromised, or as watched.
        MarkUsers = "mark_users",
        /// Finds the pseudonym of a person or address.
        FindEntities = "find_entities",
        /// Assigns what waits for a review, comments on it, and says what became of it; reports harm.
        WorkReviews = "work_reviews",
        /// Opens sealed bodies and receipts of decisions.
        RevealDecisions = "reveal_decisions",
        /// Opens log entries as Auth0 sent them.
        RevealLogs = "reveal_logs",
        /// Opens named fields of an incident, an alert, a decision, a log entry, a suppression or a person.
        RevealPersonal = "reveal_personal",
        /// Opens whom a plan touches, and what was written about it.
        RevealPlans = "reveal_plans",
        /// Throws kill switches and takes them back.
        SetSwitches = "set_switches",
        /// Puts a policy of decisions in force.
        ApplyPolicies = "apply_policies",
        /// Registers, promotes and withdraws models.
        ChangeModels = "change_models",
        /// Makes and ends tokens of the short form.
        ChangeTokens = "change_tokens",
        /// Sends a trial message to hooks.
        TestHooks = "test_hooks",
        /// Writes at the tenant by its Management API.
        WriteTenant = "write_tenant",
        /// Proposes a plan.
        ProposePlans = "propose_plans",
        /// Carries out a plan that was approved.
        ExecutePlans = "execute_plans",
        /// Erases a person's key, and with it what is sealed under it.
        ErasePeople = "erase_people",
        /// Reads grants, sessions, accounts, and why something was denied.
        ReadAccess = "read_access",
        /// Changes grants, sessions and accounts.
        ChangeAccess = "change_access",
        /// Approves a plan.
        ApprovePlans = "approve_plans",
        /// Asks for a decision.
        Decide = "decide",
        /// Records gaps and switches, and signs checkpoints.
        KeepLedger = "keep_ledger",
        /// Looks for attacks in the tenant's log, and opens incidents.
        WatchLog = "watch_log",
        /// Learns how sign-ins turned out: from the log, from silence, and what they have in common.
        Learn = "learn",
        /// Tells receivers of incidents.
        TellReceivers = "tell_receivers",
        /// Puts sign-ups of high risk into the review queue, and raises what nobody looked at in time.
        QueueReviews = "queue_reviews",
        /// Deletes what is older than it is kept.
        DeleteOld = "delete_old",
        /// Fetches the tenant's log by its Management API.
        PullLog = "pull_log",
        /// Reads the tenant's settings by its Management API.
        InspectTenant = "inspect_tenant",
    }
);

words!(
    /// Actions that are given together.
    Group, "group of actions", {
        /// Looking at what names nobody.
        Read = "read",
        /// Working on what was found.
        Triage = "triage",
        /// Opening what is sealed.
        Reveal = "reveal",
        /// Running the service and the tenant.
        Operate = "operate",
        /// Erasing people, and who may do what.
        Administer = "administer",
        /// Approving plans.
        Approve = "approve",
        /// Asking for decisions.
        Decide = "decide",
        /// What the service does by itself.
        Run = "run",
    }
);

words!(
    /// What a principal is.
    PrincipalKind, "kind of principal", {
        /// A human, by OIDC or by a one-time link.
        Person = "person",
        /// A program of the operator's, by a token of ours.
        ServiceAccount = "service_account",
        /// An application of a guarded tenant, by an access token for our API.
        Application = "application",
        /// Whoever can read the data directory.
        Local = "local",
        /// The service itself.
        Job = "job",
    }
);

words!(
    /// By which credential a principal came.
    How, "way to come", {
        /// A session that began at the identity provider.
        Oidc = "oidc",
        /// A session that began with the one-time link of the first start.
        Link = "link",
        /// A session that began with a one-time link past the identity provider.
        BreakGlass = "break_glass",
        /// A token of a service account.
        Token = "token",
        /// An access token of a guarded tenant.
        AccessToken = "access_token",
        /// The token in the data directory.
        File = "file",
        /// No credential: the process itself, a job or a command beside the data.
        Process = "process",
    }
);

impl Action {
    /// The one group that it is in.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::ReadDecisions
            | Self::ReadLedger
            | Self::ReadPolicies
            | Self::ReadModels
            | Self::ReadUsers
            | Self::ReadTokens
            | Self::ReadFindings
            | Self::ReadIncidents
            | Self::ReadPlans
            | Self::ReadWatch
            | Self::ReadMetrics => Group::Read,
            Self::WorkIncidents
            | Self::ChangeSuppressions
            | Self::TellOutcomes
            | Self::MarkUsers
            | Self::FindEntities
            | Self::WorkReviews => Group::Triage,
            Self::RevealDecisions | Self::RevealLogs | Self::RevealPersonal | Self::RevealPlans => {
                Group::Reveal
            }
            Self::SetSwitches
            | Self::ApplyPolicies
            | Self::ChangeModels
            | Self::ChangeTokens
            | Self::TestHooks
            | Self::WriteTenant
            | Self::ProposePlans
            | Self::ExecutePlans => Group::Operate,
            Self::ErasePeople | Self::ReadAccess | Self::ChangeAccess => Group::Administer,
            Self::ApprovePlans => Group::Approve,
            Self::Decide => Group::Decide,
            Self::KeepLedger
            | Self::WatchLog
            | Self::Learn
            | Self::TellReceivers
            | Self::QueueReviews
            | Self::DeleteOld
            | Self::PullLog
            | Self::InspectTenant => Group::Run,
        }
    }
}
