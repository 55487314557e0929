'use strict';

const { frozen } = require('./frozen');

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this Action, sent with each request.
  version: '0.1.0',
  // Whether this Action may change a sign-in. While it is not exactly `true`, no sign-in can end otherwise than without
  // this Action, whatever the service answers and wherever it fails: claims, marks and notes are all that it makes.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it: sign-ins into other organizations, or at other clients,
  // are only watched. With both lists filled a sign-in must be in both.
  enforce_only: { organizations: [], clients: [] },
  // Claims are set only below this address. It is https, ends in a slash and must be one that you control, so none of
  // Auth0's.
  claim_namespace: 'https://countersign.example/',
  // How long a sign-in may wait for an answer, in ms (50 to 5000).
  deadline_ms: 800,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // When the service refuses our request (400, 409, 413, 422): 'challenge', 'allow' or 'deny'.
  on_reject: 'challenge',
  // When the service cannot be reached: the strictest row that matches counts. The table is in the README.
  fallback: {
    default: 'allow',
    // For people of another identity provider, in place of `on_low_confidence`, `protected` and `on_reject`. Most have no
    // factor at Auth0, so what is stricter locks them out.
    federated: 'allow',
    on_low_confidence: 'challenge',
    protected_roles: ['admin'],
    protected: 'challenge',
    contained: 'deny',
  },
  // Where the event tells whether the machine is managed, such as 'transaction.metadata.device_posture' or
  // 'user.app_metadata.device_posture', and which values there (texts in any case of letters, true, false) mean what. The
  // README says what counts for whom. Nowhere by default.
  device_posture: { from: '', compliant: [], non_compliant: [], unmanaged: [] },
  // The factors that may be asked for, best first.
  factors: ['webauthn-roaming', 'webauthn-platform', 'push-notification', 'otp', 'phone', 'email'],
  // What this Action may do at all, whatever the service answers.
  ceiling: {
    deny: true,
    challenge: true,
    enroll: true,
    skip_mfa: false,
    claims: true,
    app_metadata: true,
    redirect: false,
  },
  // The hosts that people may be sent to for a step-up, exactly, with a port unless it is 443. They need the secret
  // COUNTERSIGN_REDIRECT_KEY.
  redirect: { hosts: [] },
  // Exempt from every decision, marked and logged. Put the console's own client here.
  break_glass: { user_ids: [], client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
  // The key of `app_metadata` that is ours. Times of fallback and exemption stand under this key with `_last` after it.
  mark_key: 'countersign',
});

module.exports = { CONFIG };
