//! The built-in words of each kind of event: a headline, an empty line, the text.

/// By kind.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    (
        "incident.opened",
        "Incident ({{ severity }}): {{ title }}\n\nOpened at {{ at }} at tenant {{ tenant }}: {{ alerts }} alerts, {{ accounts }} accounts, {{ addresses }} addresses. Due {{ due }}.\nAccounts: {{ account_aliases }}",
    ),
    (
        "incident.raised",
        "Incident is worse ({{ severity }}): {{ title }}\n\nRaised at {{ at }} at tenant {{ tenant }}: {{ alerts }} alerts, {{ accounts }} accounts, {{ addresses }} addresses. Due {{ due }}.\nAccounts: {{ account_aliases }}",
    ),
    (
        "incident.reopened",
        "Incident is open again ({{ severity }}): {{ title }}\n\nOpened again at {{ at }} at tenant {{ tenant }}. Due {{ due }}.",
    ),
    (
        "incident.closed",
        "Incident closed ({{ disposition }}): {{ title }}\n\nClosed at {{ at }} at tenant {{ tenant }}: {{ alerts }} alerts, {{ accounts }} accounts.",
    ),
    (
        "plan.proposed",
        "Plan to approve: {{ title }}\n\nProposed at tenant {{ tenant }} by {{ origin }}: {{ changes }}. It reaches {{ users }} users and {{ organizations }} organizations; {{ irreversible }} steps can't be undone.\nApprovals so far: {{ approvals }}. It can be begun until {{ expires }}.",
    ),
    (
        "plan.approved",
        "Plan approved: {{ title }}\n\nAt tenant {{ tenant }}: {{ changes }}. It is {{ state }}, with {{ approvals }} approvals (by the policy: {{ by_policy }}). It can be begun until {{ expires }}.",
    ),
    ("plan.rejected", "Plan rejected: {{ title }}\n\nAt tenant {{ tenant }}, at {{ at }}. Nothing was done."),
    (
        "plan.withdrawn",
        "Plan withdrawn: {{ title }}\n\nAt tenant {{ tenant }}, at {{ at }}. Nothing was done.",
    ),
    (
        "plan.expired",
        "Plan expired: {{ title }}\n\nNobody began it in time at tenant {{ tenant }}. Nothing was done.",
    ),
    (
        "plan.superseded",
        "Plan superseded: {{ title }}\n\nAnother took its place at tenant {{ tenant }}. Nothing was done by this one.",
    ),
    (
        "plan.begun",
        "Plan is being carried out: {{ title }}\n\nBegun at {{ at }} at tenant {{ tenant }}: {{ changes }}.",
    ),
    (
        "plan.done",
        "Plan done: {{ title }}\n\nCarried out at tenant {{ tenant }} by {{ at }}: {{ changes }}. It reached {{ users }} users and {{ organizations }} organizations; {{ irreversible }} steps can't be undone.",
    ),
    (
        "plan.halted",
        "Plan halted: {{ title }}\n\nIt halted at {{ at }} at tenant {{ tenant }}. The page says where, why, and what can be done.",
    ),
    (
        "plan.resumed",
        "Plan goes on: {{ title }}\n\nA person let it go on at {{ at }} at tenant {{ tenant }}.",
    ),
    (
        "plan.failed",
        "Plan failed: {{ title }}\n\nAt {{ at }} at tenant {{ tenant }}. The page says what was done until then.",
    ),
    (
        "plan.erased",
        "Plan ended: {{ title }}\n\nSomebody whom it was about was erased at {{ at }} at tenant {{ tenant }}. Nothing more of it is done.",
    ),
    (
        "plan.undone",
        "Plan undone: {{ title }}\n\nTaken back at {{ at }} at tenant {{ tenant }}: {{ changes }}.",
    ),
    ("plan.message", "Message of a plan\n\n{{ text }}\n\nSent at {{ at }} by a plan at tenant {{ tenant }}."),
    (
        "review.escalated",
        "Waits too long for a review: {{ subject }}\n\nIt was due {{ due }} at tenant {{ tenant }}, for {{ audience }}.",
    ),
    (
        "breaker.opened",
        "Nothing goes by itself any more at {{ tenant }}\n\nThe breaker opened at {{ at }}: runs failed, or a person reported harm. Every plan asks people until a person closes it.",
    ),
    (
        "access.break_glass_made",
        "Break-glass: a link was made\n\nA link that makes an administrator was made at {{ at }}. If nobody of you did, act now.",
    ),
    (
        "access.break_glass_used",
        "Break-glass: a link was used\n\nSomebody became administrator by a link at {{ at }}. If nobody of you did, act now.",
    ),
    (
        "person.inquiry",
        "Was this you?\n\nSomebody signed in to your account at {{ time }}.\nPlace: {{ place }}. Device: {{ device }}.\nOpen the link and say whether it was you. Nobody will ask you for a password there.",
    ),
    (
        "countersign.test",
        "Countersign can reach you\n\nA test of {{ at }} for tenant {{ tenant }}. Nothing happened.",
    ),
];
