'use strict';

const { dig, jsonBytes, isAllowed, attempt } = require('./values');
const { canAsk, isPasswordGrant, timeOf } = require('./challenge');

const MAX_MARK_BYTES = 1024;
const MAX_MARK_DEPTH = 6;
const STAMPS = ['fallback_at', 'exempt_at'];

// Why: Auth0 limits writes of users per tenant ("Write Users"), and an outage of ours must not use that up.
const STAMP_EVERY_MS = 60 * 60 * 1000;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function existingMark(event, config) {
  return dig(event, 'user', 'app_metadata', config.mark_key);
}

// Whether the account is contained. Anything but absent, null or false counts: a mark of another shape is no release.
function isContained(event, config) {
  const contained = dig(existingMark(event, config), 'contained');
  return contained !== undefined && contained !== null && contained !== false;
}

// Whether Auth0 can store a value: no `.` and no `$` in a key. Why: it writes when the whole flow has ended, and what it
// refuses then fails a sign-in that nobody wanted to stop.
function isStorable(value, depth = 0) {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_MARK_DEPTH) return false;
  return Object.entries(value).every(([key, part]) => /^[A-Za-z0-9_-]{1,64}$/.test(key) && isStorable(part, depth + 1));
}

// The mark to write: the value, and never less containment than before. Null when it cannot be stored.
function mergedMark(event, config, value) {
  const mark = { ...value };
  if (isContained(event, config)) mark.contained = existingMark(event, config).contained;
  return isStorable(mark) && jsonBytes(mark) <= MAX_MARK_BYTES ? mark : null;
}

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

module.exports = { isContained, mergedMark, stamp };
