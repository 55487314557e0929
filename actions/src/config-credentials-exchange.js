'use strict';

const { frozen } = require('./frozen');

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this Action, sent with each request.
  version: '0.1.0',
  // Whether this Action may refuse a token or narrow its scope. While it is not exactly `true`, claims are all it makes.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it: other organizations, or other clients, are only watched.
  // With both lists filled a token must be for both.
  enforce_only: { organizations: [], clients: [] },
  // Claims are set only below this address. It is https, ends in a slash and must be one that you control, so none of
  // Auth0's.
  claim_namespace: 'https://countersign.example/',
  // How long a token may wait for an answer, in ms (50 to 5000).
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
  // What this Action may do at all, whatever the service answers.
  ceiling: { deny: true, scopes: true, claims: true },
  // Exempt from every decision, and logged.
  break_glass: { client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
});

module.exports = { CONFIG };
