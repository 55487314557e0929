'use strict';

const { frozen } = require('./frozen');

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this Action, sent with each request.
  version: '0.1.0',
  // Whether this Action may hold up a reset. While it is not exactly `true`, every reset ends as without this Action.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it: other organizations, or other clients, are only watched.
  // With both lists filled a reset must be in both.
  enforce_only: { organizations: [], clients: [] },
  // How long a reset may wait for an answer, in ms (50 to 5000).
  deadline_ms: 800,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // When the service refuses our request (400, 409, 413, 422): 'challenge', 'allow' or 'deny'.
  on_reject: 'challenge',
  // When the service cannot be reached: the strictest row that matches counts. The table is in the README.
  fallback: {
    default: 'allow',
    protected_roles: ['admin'],
    protected: 'challenge',
    contained: 'deny',
    // Where a challenge is due, but no independent factor is enrolled: 'deny' or 'allow'.
    no_factor: 'deny',
  },
  // The factors that may be asked for, best first. E-mail is never one: the reset itself came by e-mail.
  factors: ['webauthn-roaming', 'webauthn-platform', 'push-notification', 'otp', 'phone'],
  // What this Action may do at all, whatever the service answers.
  ceiling: { deny: true, challenge: true, redirect: false },
  // The hosts that people may be sent to for a step-up, exactly, with a port unless it is 443. They need the secret
  // COUNTERSIGN_REDIRECT_KEY.
  redirect: { hosts: [] },
  // Exempt from every decision, and logged.
  break_glass: { user_ids: [], client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
  // The key of `app_metadata` that is ours, read only.
  mark_key: 'countersign',
});

module.exports = { CONFIG };
