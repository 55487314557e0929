'use strict';

const { dig, isAllowed, attempt } = require('./values');
const { canAsk, isPasswordGrant, timeOf } = require('./challenge');

const STAMPS = ['fallback_at', 'exempt_at'];

// Why: Auth0 limits writes of users per tenant ("Write Users"), and an outage of ours must not use that up.
const STAMP_EVERY_MS = 60 * 60 * 1000;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// Whether a time is due: none was noted within the hour. One from the future is none.
function isDue(noted, now) {
  const age = now - timeOf(noted);
  return !(age >= 0 && age < STAMP_EVERY_MS);
}

// Notes a time, best effort, once an hour, and only where somebody signs in: refresh, silent sign-in and exchange come by
// the hundred. Under a key of its own. Why: the event is a copy, and writing it back into the mark would undo a
// containment that was written meanwhile.
function stamp(event, api, config, name, now) {
  if (!isAllowed(config, 'app_metadata') || typeof config.mark_key !== 'string') return;
  if (!canAsk(event) && !isPasswordGrant(event)) return;
  const key = `${config.mark_key}_last`;
  const before = dig(event, 'user', 'app_metadata', key);
  const last = {};
  for (const known of STAMPS) {
    const at = dig(before, known);
    if (typeof at === 'string' && ISO_TIME.test(at)) last[known] = at;
  }
  if (!isDue(last[name], now)) return;
  last[name] = new Date(now).toISOString();
  attempt(() => api.user.setAppMetadata(key, last));
}

module.exports = { stamp };
