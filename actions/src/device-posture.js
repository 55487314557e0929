'use strict';

const { dig, listOf } = require('./values');

// Where the posture of the machine may stand in the event, by who writes there. The service hears what people write about
// themselves against them alone.
const POSTURE_PLACES = ['transaction.metadata', 'user.app_metadata', 'user.user_metadata'];

// In the order in which they are looked for, so that a value that is listed twice means the worse.
const POSTURE_STATUSES = ['non_compliant', 'unmanaged', 'compliant'];

const MAX_POSTURE_UNITS = 64;
const MAX_POSTURE_STEPS = 6;

// A value as CONFIG lists it: a text in any case of letters, or true or false. Null for anything else.
function postureWord(value) {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= MAX_POSTURE_UNITS ? value.toLowerCase() : null;
}

// What the tenant tells of the machine, in words of ours alone; undefined where CONFIG names no place, and where what stands
// there is not one of its values. Why not the value itself: it says more of a person's machine than a decision needs.
function postureOf(event, config) {
  const from = dig(config, 'device_posture', 'from');
  const place = POSTURE_PLACES.find((known) => typeof from === 'string' && from.startsWith(`${known}.`));
  if (place === undefined) return undefined;
  const steps = from.split('.');
  const word = steps.length <= MAX_POSTURE_STEPS ? postureWord(dig(event, ...steps)) : null;
  if (word === null) return undefined;
  const means = (status) => listOf(dig(config, 'device_posture', status)).some((known) => postureWord(known) === word);
  const status = POSTURE_STATUSES.find(means);
  return status === undefined ? undefined : { status, place };
}

module.exports = { postureOf };
