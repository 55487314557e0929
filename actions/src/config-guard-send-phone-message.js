'use strict';

const { frozen } = require('./frozen');

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this guard, sent with each request.
  version: '0.1.0',
  // Whether this guard may refuse a message. While it is not exactly `true`, it always says `allow: true`.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it to messages for these clients.
  enforce_only: { clients: [] },
  // How long a message may wait for an answer, in ms (50 to 5000).
  deadline_ms: 800,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // When the service refuses our request (400, 409, 413, 422): 'allow' or 'deny'.
  on_reject: 'allow',
  // When the service cannot be reached: the strictest row that matches counts. The table is in the README.
  fallback: { default: 'allow', contained: 'deny' },
  // What this guard may do at all, whatever the service answers.
  ceiling: { refuse: true },
  // Exempt from every decision, and logged.
  break_glass: { user_ids: [], client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
  // The key of `app_metadata` that is ours, read only.
  mark_key: 'countersign',
});

module.exports = { CONFIG };
