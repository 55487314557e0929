//! Every key that can be configured, in one table: what is unknown is told by it, and the reference is printed from it.

/// One key: where, an example that is valid, and what it means. `*` stands for a name of the operator's.
struct Key {
    path: &'static str,
    example: &'static str,
    doc: &'static str,
}

const fn key(path: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key { path, example, doc }
}

const KEYS: &[Key] = &[
    key(
        "server.listen",
        "\"127.0.0.1:8377\"",
        "Address and port; beyond loopback only with TLS, its own or a proxy's. Since 0.1.",
    ),
    key("server.hosts", "[\"decide.example.com\"]", "Further `Host` values to answer. Since 0.1."),
    key(
        "server.public_url",
        "\"https://countersign.example.com\"",
        "Where browsers reach the console, as the identity provider must know it: `<this>/sign-in/callback`; needed with `server.behind_tls_proxy`; https, or http for a loopback address where no TLS is spoken. Since 0.1.",
    ),
    key(
        "server.behind_tls_proxy",
        "false",
        "Speak plain HTTP beyond loopback too, since a proxy with TLS is before it; not together with `server.tls`. Since 0.1.",
    ),
    key(
        "server.limits.requests_per_second",
        "50",
        "Requests a second of one caller who is known: a session, a service account or an application; not the token of the data directory. 0: any number. Since 0.1.",
    ),
    key("server.limits.requests_at_once", "200", "Requests of one caller that may come at once. Since 0.1."),
    key(
        "server.limits.attempts_per_minute",
        "10",
        "Sign-ins that begin or end, and credentials that nobody knows, of one client address a minute; not on loopback. 0: any number. Since 0.1.",
    ),
    key("server.limits.attempts_at_once", "30", "Such attempts that may come at once. Since 0.1."),
    key(
        "server.tls.certificate",
        "\"tls/server.pem\"",
        "Certificate chain, PEM; read again when it changes and on SIGHUP, as the next two. Since 0.1.",
    ),
    key("server.tls.key", "\"tls/server.key\"", "Its private key, PEM. Since 0.1."),
    key(
        "server.tls.client_ca",
        "\"tls/clients.pem\"",
        "Authorities of client certificates, PEM; none are asked for when absent. Since 0.1.",
    ),
    key(
        "server.tls.require_client_certificate",
        "true",
        "Whether nobody connects without a client certificate. Since 0.1.",
    ),
    key(
        "storage.directory",
        "\"countersign-data\"",
        "The data directory; made at the first start. Since 0.1.",
    ),
    key(
        "storage.postgres_url",
        "\"env:COUNTERSIGN_RECORDS_URL\"",
        "Address of the PostgreSQL database of the records, by reference; SQLite in the data directory when absent. Since 0.1.",
    ),
    key(
        "storage.postgres_keys_url",
        "\"env:COUNTERSIGN_KEYS_URL\"",
        "Address of the database of people's keys, another one, which ordinary dumps leave out. Since 0.1.",
    ),
    key(
        "storage.postgres_connections",
        "8",
        "Connections for the reads of sign-ins, to each of the two databases. Since 0.1.",
    ),
    key(
        "retention.decisions_days",
        "400",
        "Days after which what decisions' records say about people is deleted; kept for ever when absent. Since 0.1.",
    ),
    key("retention.outcomes_days", "400", "The same for outcomes. Since 0.1."),
    key(
        "retention.log_days",
        "90",
        "Days after which entries of the log are deleted, at least 8; 0 keeps them for ever. Since 0.1.",
    ),
    key(
        "retention.alert_days",
        "400",
        "Days after its newest finding that an alert is deleted, but for those of incidents that are not closed; at least 8, or 0. Since 0.1.",
    ),
    key(
        "retention.incident_days",
        "400",
        "Days after its newest finding and its closing that an incident is deleted with its notes; at least 8, or 0. Since 0.1.",
    ),
    key(
        "retention.plan_days",
        "400",
        "Days after it ended that a plan is deleted, with what was said and written about it, and a review after it was closed; until then what a plan did can be undone. At least 8, or 0. Since 0.1.",
    ),
    key(
        "keys.master",
        "\"env:COUNTERSIGN_MASTER_KEY\"",
        "Master key, 64 hexadecimal digits, by reference; made in the data directory when absent. Since 0.1.",
    ),
    key(
        "keys.checkpoint",
        "\"env:COUNTERSIGN_CHECKPOINT_KEY\"",
        "Seed of the Ed25519 key that signs checkpoints, likewise. Since 0.1.",
    ),
    key(
        "keys.earlier_masters",
        "[\"env:COUNTERSIGN_EARLIER_MASTER_KEY\"]",
        "Master keys of before, the newest first, while they are rotated. Since 0.1.",
    ),
    key(
        "keys.earlier_checkpoints",
        "[\"env:COUNTERSIGN_EARLIER_CHECKPOINT_KEY\"]",
        "Seeds of before, the newest first, while they are rotated: each signs beside the newest. Since 0.1.",
    ),
    key(
        "ledger.site",
        "\"countersign.local\"",
        "First part of each ledger's origin; never change it afterwards. Since 0.1.",
    ),
    key("log.level", "\"info\"", "Least level of log lines: error, warn, info, debug, trace. Since 0.1."),
    key("log.format", "\"text\"", "`text` or `json`. Since 0.1."),
    key(
        "places.city",
        "\"places/city.mmdb\"",
        "Database of countries and coordinates in the MaxMind DB format; read again when it was replaced, as the next three. Since 0.1.",
    ),
    key("places.asn", "\"places/asn.mmdb\"", "Database of autonomous systems, likewise. Since 0.1."),
    key(
        "places.anonymizers",
        "\"places/anonymous-ip.mmdb\"",
        "Database of anonymizers, or of connection types, likewise. Since 0.1.",
    ),
    key(
        "places.networks",
        "[{ file = \"places/offices.txt\", kind = \"corporate\" }]",
        "Lists of your own, a network or `AS64500` a line: `hosting`, `vpn`, `anonymizer`, `gateway`, `mobile`, `corporate` or `residential`. They win over databases, and the longest prefix over others. Since 0.1.",
    ),
    key(
        "places.systems",
        "\"places/systems.csv\"",
        "Table of autonomous systems in CSV, with columns `asn` and `category`; lists win over it, and it over databases. Read again when it was replaced, as the next three. Since 0.1.",
    ),
    key(
        "access.policies",
        "\"access-policies\"",
        "Folder with Cedar policies (`*.cedar`) beside the shipped ones. Since 0.1.",
    ),
    key(
        "access.oidc.issuer",
        "\"https://acme.eu.auth0.com/\"",
        "Identity provider at which people sign in to the console, exactly as its tokens name it. Since 0.1.",
    ),
    key(
        "access.oidc.client_id",
        "\"kbyuFDidLLm280LIwVFiazOqjO3ty8KH\"",
        "The console's client there. Since 0.1.",
    ),
    key(
        "access.oidc.client_secret",
        "\"env:COUNTERSIGN_OIDC_SECRET\"",
        "Its secret, by reference; PKCE alone when absent. Since 0.1.",
    ),
    key("access.oidc.scopes", "[\"profile\"]", "What is asked for besides `openid`. Since 0.1."),
    key(
        "access.oidc.roles_claim",
        "\"https://acme.example/groups\"",
        "Claim of the ID token whose values `access.claims` gives roles for. Since 0.1.",
    ),
    key(
        "access.oidc.hosts",
        "[\"oauth2.googleapis.com\"]",
        "Hosts besides the issuer's where its endpoints may be. Since 0.1.",
    ),
    key("access.oidc.ca", "\"tls/provider-ca.pem\"", "Authorities of its certificate, PEM. Since 0.1."),
    key(
        "access.claims",
        "[{ value = \"security\", role = \"analyst\", tenant = \"acme\" }]",
        "Roles for values of the claim; at all tenants without a `tenant`. Since 0.1.",
    ),
    key(
        "access.fresh_hours",
        "12",
        "How long ago somebody may have shown who they are when they change who may do what, or approve, in hours; then they sign in again. Since 0.1.",
    ),
    key(
        "reference.disposable_domains",
        "\"reference/disposable-domains.txt\"",
        "List of domains of addresses that last for minutes, a domain a line, beside the built-in ones. Since 0.1.",
    ),
    key(
        "reference.free_mail_domains",
        "\"reference/free-mail-domains.txt\"",
        "The same of mailboxes that anyone may open. Since 0.1.",
    ),
    key(
        "reference.public_suffixes",
        "\"reference/public_suffix_list.dat\"",
        "Public suffixes in the form of publicsuffix.org, in place of the built-in ones. Since 0.1.",
    ),
    key(
        "tenants.*.action_keys",
        "[\"file:action.key\"]",
        "One or two keys (`whsec_…`) shared with the tenant's Actions, by reference; made in the data directory when absent. Since 0.1.",
    ),
    key(
        "tenants.*.client_certificate_sha256",
        "[\"9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08\"]",
        "Client certificates that the tenant's requests must come with, by the SHA-256 of each; no other tenant's may. Since 0.1.",
    ),
    key(
        "tenants.*.client_names",
        "[\"actions.example.com\"]",
        "Names that stand in a client certificate which may be used instead. Since 0.1.",
    ),
    key(
        "tenants.*.enrichment.url",
        "\"https://crm.example.com/v1/enrich\"",
        "An API that is asked about people who sign up; https, or http on a loopback address. Nothing is asked when absent. Since 0.1.",
    ),
    key(
        "tenants.*.enrichment.token",
        "\"env:COUNTERSIGN_ENRICHMENT_TOKEN\"",
        "The bearer token that it is shown, by reference. Since 0.1.",
    ),
    key(
        "tenants.*.enrichment.timeout_ms",
        "200",
        "How long it may take, up to 1000; a sign-up goes on without it then. Since 0.1.",
    ),
    key(
        "tenants.*.enrichment.send_email",
        "false",
        "Whether it is told the whole e-mail address, not its domain alone. Since 0.1.",
    ),
    key(
        "tenants.*.hooks.*.url",
        "\"https://soc.example.com/countersign\"",
        "A receiver that is told of incidents by signed webhooks; https, or http on a loopback address. The star is a name of your choice; it stays the same while messages wait. Since 0.1.",
    ),
    key(
        "tenants.*.hooks.*.secret",
        "\"env:COUNTERSIGN_HOOK_SECRET\"",
        "The key that messages are signed with (`whsec_…`), by reference; a second one in a line of its own while they are rotated. Since 0.1.",
    ),
    key(
        "tenants.*.hooks.*.min_severity",
        "\"high\"",
        "Incidents below this are not told: `informational`, `low`, `medium`, `high` (default), `critical`. Since 0.1.",
    ),
    key(
        "tenants.*.hooks.*.with_names",
        "false",
        "Whether accounts, addresses and the narrative are told, and not their counts alone. Since 0.1.",
    ),
    key(
        "tenants.*.reviews.audience",
        "\"security\"",
        "Whose queue a decision is put into by hand where nobody says: a word of your own, such as `security`, `customer_success` or `tenant_owner`. Since 0.1.",
    ),
    key(
        "tenants.*.reviews.sign_up_audience",
        "\"customer_success\"",
        "Whose queue sign-ups are put into; `audience` when absent. Since 0.1.",
    ),
    key(
        "tenants.*.reviews.sign_ups_from",
        "\"high\"",
        "The least level of a sign-up that waits for a person by itself: `low`, `medium`, `high` (default), `critical`, or `none`. Since 0.1.",
    ),
    key(
        "tenants.*.reviews.hours",
        "[72, 24, 8, 2]",
        "Within how many hours somebody should have looked, by priority: low, normal, high, urgent. What is overdue presses more, and hooks are told. Since 0.1.",
    ),
    key(
        "tenants.*.reviews.mark",
        "\"app_metadata:under_review\"",
        "How a user is marked at the tenant while a review of theirs is open, by a plan as everything that is written there: `role:<id>` or `app_metadata:<key>`; not at all when absent. Since 0.1.",
    ),
    key(
        "tenants.*.hooks.*.hears",
        "[\"incidents\", \"plans\", \"reviews\"]",
        "Of which sorts of events it is told; of all when absent. Since 0.1.",
    ),
    key(
        "tenants.*.hooks.*.audiences",
        "[\"security\", \"customer_success\", \"tenant_owner\"]",
        "Whose matters it is told; everybody's when absent. Since 0.1.",
    ),
    key(
        "tenants.*.slack.*.token",
        "\"env:COUNTERSIGN_SLACK_TOKEN\"",
        "The token of an app in Slack (`xoxb-…`, scope `chat:write`), by reference: its messages are changed in their place. Since 0.1.",
    ),
    key(
        "tenants.*.slack.*.channel",
        "\"C0123456789\"",
        "The id of the channel that it writes in. Since 0.1.",
    ),
    key(
        "tenants.*.slack.*.api",
        "\"https://slack.com/api/\"",
        "Where Slack's methods are; https, or http on a loopback address. Since 0.1.",
    ),
    key(
        "tenants.*.slack.*.templates",
        "\"templates\"",
        "A folder of files with words of your own. Since 0.1.",
    ),
    key("tenants.*.slack.*.min_severity", "\"high\"", "Incidents below this are not told. Since 0.1."),
    key(
        "tenants.*.slack.*.hears",
        "[\"plans\"]",
        "Of which sorts of events it is told; of all when absent. Since 0.1.",
    ),
    key(
        "tenants.*.slack.*.audiences",
        "[\"security\"]",
        "Whose matters it is told; everybody's when absent. Since 0.1.",
    ),
    key(
        "tenants.*.slack_webhooks.*.url",
        "\"env:COUNTERSIGN_SLACK_WEBHOOK\"",
        "The address of an incoming webhook in Slack, by reference; its messages can't be changed in their place. Since 0.1.",
    ),
    key(
        "tenants.*.slack_webhooks.*.templates",
        "\"templates\"",
        "A folder of files with words of your own. Since 0.1.",
    ),
    key(
        "tenants.*.slack_webhooks.*.min_severity",
        "\"high\"",
        "Incidents below this are not told. Since 0.1.",
    ),
    key(
        "tenants.*.slack_webhooks.*.hears",
        "[\"plans\"]",
        "Of which sorts of events it is told; of all when absent. Since 0.1.",
    ),
    key(
        "tenants.*.slack_webhooks.*.audiences",
        "[\"security\"]",
        "Whose matters it is told; everybody's when absent. Since 0.1.",
    ),
    key(
        "tenants.*.mail.*.server",
        "\"smtp.example.com\"",
        "A mail server; its certificate bears that name. Since 0.1.",
    ),
    key("tenants.*.mail.*.port", "587", "Its port; that which is usual for `tls` when absent. Since 0.1."),
    key(
        "tenants.*.mail.*.tls",
        "\"starttls\"",
        "`starttls` (default, demanded), `implicit`, or `none` to a loopback address. Since 0.1.",
    ),
    key(
        "tenants.*.mail.*.authorities",
        "\"mail-ca.pem\"",
        "A file of authorities in place of the system's, PEM. Since 0.1.",
    ),
    key("tenants.*.mail.*.user", "\"countersign\"", "Who signs in there. Since 0.1."),
    key(
        "tenants.*.mail.*.password",
        "\"env:COUNTERSIGN_MAIL_PASSWORD\"",
        "The password, by reference. Since 0.1.",
    ),
    key("tenants.*.mail.*.from", "\"Countersign <countersign@example.com>\"", "Who writes. Since 0.1."),
    key("tenants.*.mail.*.to", "[\"soc@example.com\"]", "Who is told. Since 0.1."),
    key(
        "tenants.*.mail.*.templates",
        "\"templates\"",
        "A folder of files with words of your own. Since 0.1.",
    ),
    key("tenants.*.mail.*.min_severity", "\"high\"", "Incidents below this are not told. Since 0.1."),
    key(
        "tenants.*.mail.*.hears",
        "[\"plans\"]",
        "Of which sorts of events it is told; of all when absent. Since 0.1.",
    ),
    key(
        "tenants.*.mail.*.audiences",
        "[\"tenant_owner\"]",
        "Whose matters it is told; everybody's when absent. Since 0.1.",
    ),
    key(
        "tenants.*.was_this_you.mail",
        "\"mail\"",
        "The section of `mail` that asks people whether a sign-in was theirs; nobody is asked when absent. Since 0.1.",
    ),
    key("tenants.*.was_this_you.wait_hours", "24", "For how long an answer is taken, up to 168. Since 0.1."),
    key(
        "tenants.*.was_this_you.per_day",
        "3",
        "The most questions to one person in a day, up to 20. Since 0.1.",
    ),
    key(
        "tenants.*.was_this_you.on_no",
        "[\"block_user\", \"revoke_access\"]",
        "What a \"no\" proposes as a plan: `block_user`, `revoke_access`, `force_password_reset`. Since 0.1.",
    ),
    key(
        "tenants.*.was_this_you.on_no_answer",
        "[\"revoke_access\"]",
        "The same where nobody answered in time; nothing when absent. Since 0.1.",
    ),
    key(
        "tenants.*.was_this_you.ask_from",
        "\"high\"",
        "The service asks by itself about sign-ins from this level of risk on: `medium`, `high`, `critical`; it asks nobody when absent. Since 0.1.",
    ),
    key(
        "tenants.*.was_this_you.pause_hours",
        "24",
        "The least time between two such questions to one person, up to 720. Since 0.1.",
    ),
    key(
        "tenants.*.management.domain",
        "\"acme.eu.auth0.com\"",
        "Where the tenant is; for `countersign tenant` and for what reads it. Since 0.1.",
    ),
    key(
        "tenants.*.management.client_id",
        "\"AaBbCcDdEeFfGgHh\"",
        "The service's own client, made by `countersign tenant apply`. Never the installer's. Since 0.1.",
    ),
    key(
        "tenants.*.management.client_secret",
        "\"file:acme.management-secret\"",
        "Its secret, by reference. Since 0.1.",
    ),
    key(
        "tenants.*.management.private_key",
        "\"file:acme.management.pem\"",
        "Its RSA key in PEM, by reference, in place of a secret. Since 0.1.",
    ),
    key(
        "tenants.*.management.plan",
        "\"professional\"",
        "What the tenant's plan allows: `free`, `essentials`, `professional`, `enterprise`, `enterprise_development`, `private_cloud`, `unlimited`. Since 0.1.",
    ),
    key(
        "tenants.*.management.ca",
        "\"tls/tenant-ca.pem\"",
        "Authorities that the tenant's certificate may be of, PEM; the system's when absent. Since 0.1.",
    ),
    key(
        "tenants.*.management.triggers",
        "[\"post-login\"]",
        "The triggers that an Action of ours is bound to, where it was not installed by `countersign tenant apply` from this data directory; for the checks of the tenant. Since 0.1.",
    ),
    key(
        "tenants.*.management.place",
        "\"first\"",
        "Where our Actions stand among others then: `first`, `last`, `before:NAME` or `after:NAME`. Since 0.1.",
    ),
    key(
        "tenants.*.management.capabilities",
        "{ decide = \"report\", ingest = \"report\" }",
        "What it is used for then, and how far it goes by itself, so that the checks know which scopes are needed. Since 0.1.",
    ),
    key(
        "tenants.*.management.logs_url",
        "\"https://decide.example.com/v1/logs/acme\"",
        "Where our log stream leads then. Since 0.1.",
    ),
    key(
        "tenants.*.management.pull_log",
        "true",
        "Whether the tenant's log is read through its API: once what it still keeps, then each minute what the stream did not deliver (default: true). Since 0.1.",
    ),
    key(
        "tenants.*.management.check_seconds",
        "60",
        "Between two looks of the service at the tenant, 1 to 60 (default). Since 0.1.",
    ),
    key(
        "tenants.*.acting.client_id",
        "\"WwXxYyZzAaBbCcDd\"",
        "The client that plans are carried out with: another than `management.client_id`, with the scopes that are written with. Not needed where nothing goes beyond `report`. Since 0.1.",
    ),
    key(
        "tenants.*.acting.client_secret",
        "\"file:acme.acting-secret\"",
        "Its secret, by reference. Since 0.1.",
    ),
    key(
        "tenants.*.acting.private_key",
        "\"file:acme.acting.pem\"",
        "Its RSA key in PEM, by reference, in place of a secret. Since 0.1.",
    ),
    key(
        "tenants.*.acting.secrets_folder",
        "\"made-secrets\"",
        "Where secrets are kept that the tenant makes for a plan, each in a file of its own that is never overwritten; a folder in the data directory when absent. Since 0.1.",
    ),
    key(
        "{gate}.autonomy",
        "{ block_user = \"propose\", notify = \"auto\" }",
        "How far kinds of steps go by themselves: `report` (told only), `propose` (people approve; the default), `auto`. The narrowest place that says something counts. Since 0.1.",
    ),
    key(
        "{gate}.at_most",
        "{ create_organization = \"propose\" }",
        "How far kinds go at the most, whatever a narrower place says. Since 0.1.",
    ),
    key(
        "{gate}.all_at_most",
        "\"propose\"",
        "How far anything goes at the most; `report`: nothing is ever written. Since 0.1.",
    ),
    key(
        "{gate}.caps",
        "{ run = { users = 25, organizations = 5, steps = 200 }, day = { users = 100, organizations = 20, steps = 1000 } }",
        "How much is done without a person, in a run and in a day; the least of all places counts. Since 0.1.",
    ),
    key(
        "{gate}.approvals",
        "{ people = 1 }",
        "Who has to agree: so many `people`, or `roles = { at_least = 2, of = [\"approver\", \"operator\"] }`, a person each. Since 0.1.",
    ),
    key(
        "{gate}.approvals_of",
        "{ rotate_client_secret = { people = 2 } }",
        "Who has to agree to kinds of steps as well. Since 0.1.",
    ),
    key(
        "{gate}.undo_needs_another",
        "false",
        "Whether undoing one's own run needs another person (default: false). Since 0.1.",
    ),
    key(
        "{gate}.waits_hours",
        "24",
        "How long a plan waits for people, 1 to 744 hours (default: 24). Since 0.1.",
    ),
    key(
        "tenants.*.api.audience",
        "\"https://countersign.example.com/api\"",
        "What our API is called at the tenant; its access tokens are taken from then on. Since 0.1.",
    ),
    key(
        "tenants.*.api.domain",
        "\"acme.eu.auth0.com\"",
        "Where the tenant is; that of `management` when absent. Since 0.1.",
    ),
    key("tenants.*.api.custom_domains", "[\"login.acme.example\"]", "Its custom domains. Since 0.1."),
    key("tenants.*.api.ca", "\"tls/tenant-ca.pem\"", "Authorities of its certificate, PEM. Since 0.1."),
    key(
        "tenants.*.log_stream.sources",
        "[\"203.0.113.0/24\"]",
        "The networks and addresses from which its log stream and its event stream deliver; any when empty (default). Since 0.1.",
    ),
    key(
        "tenants.*.limits.decisions_per_second",
        "500",
        "Decisions a second that are answered, twice as many at once; outcomes and the short form have as many again each. 0: any number. Since 0.1.",
    ),
    key(
        "tenants.*.limits.decisions_per_second_per_client",
        "0",
        "The same for the decisions of one client; 0 (default): any number. Since 0.1.",
    ),
    key(
        "tenants.*.limits.log_entries_per_second",
        "500",
        "Entries a second that the log stream may deliver, twice as many at once; messages of the event stream have as many again. 0: any number. Since 0.1.",
    ),
    key(
        "tenants.*.policy.fallback",
        "\"challenge\"",
        "What the Action does without us, `allow` (default) or `challenge`; must match its CONFIG. Since 0.1.",
    ),
    key(
        "tenants.*.policy.factors",
        "[{ type = \"otp\" }]",
        "Factors switched on for the tenant, in order of preference. Since 0.1.",
    ),
    key(
        "tenants.*.policy.claim_namespace",
        "\"https://login.example.com/\"",
        "Prefix of custom claims; an https URL of your own. Since 0.1.",
    ),
    key(
        "tenants.*.policy.floors",
        "[{ when = { roles = [\"admin\"] }, at_least = \"allow\" }]",
        "Verdicts that may not fall below a bound. Since 0.1.",
    ),
    key(
        "tenants.*.policy.ceilings",
        "[{ when = { clients = [\"kiosk\"] }, at_most = \"challenge\" }]",
        "Verdicts that may not rise above a bound; a ceiling wins. Since 0.1.",
    ),
    key(
        "tenants.*.policy.reference",
        "{ organization_domains = [\"acme.example\"] }",
        "Lists of e-mail domains beside those built in: `disposable_domains`, `free_mail_domains`, `organization_domains`; and `free_mail_is_unusual` (default true). Since 0.1.",
    ),
    key(
        "tenants.*.policy.watch.learning_days",
        "14",
        "Days from a person's first login in which what is only new or unusual about them is recorded, and nobody is told; 0 to 90, 14 by default. Since 0.1.",
    ),
    key(
        "tenants.*.policy.watch.daily_alerts",
        "200",
        "The most alerts of one detector and day that people are told of; 200 by default. Since 0.1.",
    ),
    key(
        "tenants.*.policy.watch.due_hours",
        "{ critical = 1, high = 4, medium = 24, low = 72 }",
        "Hours until somebody should have taken up an incident, by severity. Since 0.1.",
    ),
    key(
        "tenants.*.policy.watch.detectors",
        "{ brute_force_account = { failures = 20, daily_alerts = 50, is_off = false } }",
        "Thresholds of detectors by their names (docs/detectors.md), and of each `is_off`, `daily_alerts`, and `learning_days` where it learns of people. Since 0.1.",
    ),
    key(
        "tenants.*.policy.watch.rules",
        "{ users_exported = { is_off = false, daily_alerts = 5 } }",
        "Values of rules' placeholders, by the rule file's name without extension (docs/rules.md), and of each `is_off` and `daily_alerts`. Since 0.1.",
    ),
    key(
        "tenants.*.policy.watch.context",
        "{ relations = [[\"org_a\", \"org_b\"]], trusted_networks = [\"203.0.113.0/24\"], staff_domains = [\"corp.example\"], fingerprint_shares = { t13d = 0.2 }, guarded_actions = [\"act_1\"] }",
        "What you know of the tenant: organizations that share people, networks (/24, /64) that many honest people share, e-mail domains of your staff, shares of logins by JA4, and ids of Actions to guard beside ours. Since 0.1.",
    ),
    key(
        "tenants.*.watch.rules",
        "\"rules\"",
        "A folder of rule files (`.yml`, docs/sigma.md) beside the built-in ones; one that is called as a built-in one takes its place. Read again when one changes. Since 0.1.",
    ),
    key(
        "tenants.*.watch.playbooks",
        "\"playbooks\"",
        "A folder of playbooks (`.yml`, docs/playbooks.md) beside the built-in ones; one that is called as a built-in one takes its place. Read again when one changes. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.mode",
        "\"audit\"",
        "off, audit (default), advisory or enforce. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.modes",
        "{ post-login = \"audit\" }",
        "The mode of single triggers. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.rollout_percent",
        "100",
        "Of 100 people, how many `enforce` holds for. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.thresholds",
        "{ medium = 0.3, high = 0.6, critical = 0.9 }",
        "Scores at which the levels begin. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.verdicts",
        "{ low = \"allow\", medium = \"annotate\", high = \"challenge\", critical = \"deny\" }",
        "The verdict at each level: skip_mfa, allow, annotate, challenge, deny. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.triggers",
        "{ credentials-exchange = { verdicts = { high = \"annotate\" } } }",
        "Thresholds and verdicts of single triggers. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.federated",
        "\"annotate\"",
        "What a challenge becomes for federated people: annotate, redirect or deny. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.no_factor",
        "\"deny\"",
        "What a challenge becomes without a usable factor: deny, redirect or annotate. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.redirect_url",
        "\"https://verify.example.com/step-up\"",
        "Where `redirect` sends people; its host must be compiled into the Action too. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.reduce_scopes",
        "false",
        "Whether a challenge of a machine takes away the scopes that are new to it. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.offer_enrollment",
        "false",
        "Whether enrollment may be offered, at level low only. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.mfa_max_age_minutes",
        "720",
        "How old a passed factor may be to stand for a challenge. Since 0.1.",
    ),
    key(
        "tenants.*.policy.{layer}.claims",
        "{ risk_level = true, risk_score = false, risk_reason = false, access_token = false, in_every_mode = false }",
        "Which claims tokens carry; none by default. Since 0.1.",
    ),
];

/// The layers of a policy: the tenant's own, each organization's, each client's.
const LAYERS: [&str; 3] = ["tenant", "organizations.*", "clients.*"];

/// The places of the gate's settings: for all tenants, a tenant, its organizations, and its workflows.
const GATES: [&str; 4] =
    ["acting", "tenants.*.acting.tenant", "tenants.*.acting.organizations.*", "tenants.*.acting.workflows.*"];

fn paths() -> impl Iterator<Item = (String, &'static Key)> {
    KEYS.iter().flat_map(|key| {
        let (mark, layers) = match key.path {
            path if path.contains("{layer}") => ("{layer}", &LAYERS[..]),
            path if path.contains("{gate}") => ("{gate}", &GATES[..]),
            _ => ("{layer}", &[""][..]),
        };
        layers.iter().map(move |layer| (key.path.replace(mark, layer), key))
    })
}

/// A line for each key that no section knows, with the nearest known one.
pub(super) fn unknown(table: &toml::Table) -> Vec<String> {
    let known: Vec<Vec<String>> =
        paths().map(|(path, _)| path.split('.').map(str::to_owned).collect()).collect();
    let mut faults = Vec::new();
    walk(table, &mut Vec::new(), &known, &mut faults);
    faults
}

fn walk(table: &toml::Table, place: &mut Vec<String>, known: &[Vec<String>], faults: &mut Vec<String>) {
    for (name, value) in table {
        let fits = |path: &&Vec<String>| {
            path.iter().zip(place.iter()).all(|(a, b)| a == "*" || a == b) && path.len() > place.len()
        };
        let next: Vec<&str> =
            known.iter().filter(fits).filter_map(|path| path.get(place.len())).map(String::as_str).collect();
        if !next.iter().any(|word| *word == "*" || word == name) {
            let whole = place.iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join(".");
            let nearest = next
                .iter()
                .map(|word| (strsim::jaro_winkler(word, name), word))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            faults.push(match nearest {
                Some((alike, word)) if alike > 0.8 => {
                    format!("`{whole}` is not known; did you mean `{word}`?")
                }
                _ => format!("`{whole}` is not known"),
            });
            continue;
        }
        place.push(name.clone());
        let is_leaf = known.iter().any(|path| {
            path.len() == place.len() && path.iter().zip(place.iter()).all(|(a, b)| a == "*" || a == b)
        });
        if let (false, toml::Value::Table(inner)) = (is_leaf, value) {
            walk(inner, place, known, faults);
        }
        place.pop();
    }
}

/// The reference of all keys, as a commented TOML text.
pub fn schema() -> String {
    let mut text = String::from(
        "# Every key of Countersign's configuration, with an example. `*` stands for a name of yours.\n",
    );
    for (path, key) in paths() {
        text.push_str(&format!("\n# {}\n# {path} = {}\n", key.doc, key.example));
    }
    text
}

/// A configuration that sets every key once.
#[cfg(test)]
pub(crate) fn sample() -> String {
    let mut lines: Vec<String> = paths()
        .map(|(path, key)| {
            let path = path.replacen("tenants.*", "tenants.acme", 1);
            // Why: no two receivers of a tenant have one name.
            let path = ["hooks", "slack", "slack_webhooks", "mail"].iter().fold(path, |path, section| {
                path.replace(&format!(".{section}.*."), &format!(".{section}.{section}."))
            });
            format!("{} = {}", path.replace('*', "x"), key.example)
        })
        .collect();
    lines.sort();
    lines.join("\n")
}
