'use strict';

const { dig, jsonBytes } = require('./values');

const MAX_MARK_BYTES = 1024;
const MAX_MARK_DEPTH = 6;

function existingMark(event, config) {
  return dig(event, 'user', 'app_metadata', config.mark_key);
}

// The key of `app_metadata` in which a plan marks an account. Why a key of its own: the mark of each sign-in replaces the
// other one, and whoever signs in again and again must not hold up a plan.
const CONTAINED_KEY = 'countersign_contained';

// Anything but absent, null or false counts: a mark of another shape is no release.
function isSet(contained) {
  return contained !== undefined && contained !== null && contained !== false;
}

// Whether a plan marked the account.
function isMarkedByPlan(event) {
  return isSet(dig(event, 'user', 'app_metadata', CONTAINED_KEY));
}

// Whether the account is contained.
function isContained(event, config) {
  return isSet(dig(existingMark(event, config), 'contained')) || isMarkedByPlan(event);
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
  const before = dig(existingMark(event, config), 'contained');
  if (isSet(before)) mark.contained = before;
  return isStorable(mark) && jsonBytes(mark) <= MAX_MARK_BYTES ? mark : null;
}

module.exports = { CONTAINED_KEY, isContained, isMarkedByPlan, mergedMark };
