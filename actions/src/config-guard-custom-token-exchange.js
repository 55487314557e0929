'use strict';

const { frozen } = require('./frozen');

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this guard, sent with each request.
  version: '0.1.0',
  // Whether this guard may refuse an exchange. While it is not exactly `true`, it always says `allow: true`.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it: other organizations, or other clients, are only watched.
  // With both lists filled an exchange must be for both.
  enforce_only: { organizations: [], clients: [] },
  // How long an exchange may wait for an answer, in ms (50 to 5000).
  deadline_ms: 800,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // When the service refuses our request (400, 409, 413, 422): 'allow' or 'deny'.
  on_reject: 'allow',
  // When the service cannot be reached: the strictest row that matches counts. The table is in the README.
  fallback: {
    default: 'allow',
    // Identifiers of APIs whose tokens are not given out unseen.
    protected_audiences: [],
    protected: 'deny',
  },
  // What this guard may do at all, whatever the service answers. With `deny` it also calls `api.access.deny` itself.
  ceiling: { refuse: true, deny: true },
  // Exempt from every decision, and logged.
  break_glass: { client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
});

module.exports = { CONFIG };
