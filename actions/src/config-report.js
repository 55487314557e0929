'use strict';

const { frozen } = require('./frozen');

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this Action, sent with each request.
  version: '0.1.0',
  // How long the service may take to answer, in ms (50 to 5000). Nobody waits for it.
  deadline_ms: 2000,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // Never reported: these users, and what these clients did.
  break_glass: { user_ids: [], client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
  // The key of `app_metadata` that is ours.
  mark_key: 'countersign',
});

module.exports = { CONFIG };
