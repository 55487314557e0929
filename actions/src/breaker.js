'use strict';

const { isRecord, dig, within } = require('./values');

// A circuit breaker in Auth0's Action cache. The cache is shared, small and forgetful, so this is best effort: losing
// the state means calling a service that is down, once more.
const BREAKER_KEY = 'countersign_breaker';

function breakerLimits(config) {
  return {
    failures: within(dig(config, 'breaker', 'failures'), 1, 1000, 5),
    windowMs: within(dig(config, 'breaker', 'window_ms'), 1000, 600000, 30000),
    openMs: within(dig(config, 'breaker', 'open_ms'), 100, 600000, 15000),
  };
}

// `{failures, since, openUntil}`, or null when nothing is known. A state from the future is no state: a wrong clock
// must not keep the service out.
function readBreaker(cache, limits, now) {
  try {
    const record = cache.get(BREAKER_KEY);
    const state = JSON.parse(record.value);
    const isSound =
      isRecord(state) && [state.failures, state.since, state.openUntil].every(Number.isFinite) && state.since <= now + 1000;
    return isSound && state.openUntil <= now + limits.openMs + 1000 ? state : null;
  } catch {
    return null;
  }
}

function writeBreaker(cache, state, limits) {
  try {
    cache.set(BREAKER_KEY, JSON.stringify(state), { ttl: limits.windowMs + limits.openMs });
  } catch {
    // Best effort: without a cache there is no breaker.
  }
}

// Whether the service may be called now. One caller at a time tries again when the pause is over.
function mayCall(cache, config, now) {
  const limits = breakerLimits(config);
  const state = readBreaker(cache, limits, now);
  if (state === null || state.openUntil === 0) return true;
  if (now < state.openUntil) return false;
  writeBreaker(cache, { ...state, openUntil: now + limits.openMs }, limits);
  return true;
}

function recordFailure(cache, config, now) {
  const limits = breakerLimits(config);
  const known = readBreaker(cache, limits, now);
  const isRecent = known !== null && (known.openUntil !== 0 || now - known.since <= limits.windowMs);
  const state = isRecent ? { ...known, failures: known.failures + 1 } : { failures: 1, since: now, openUntil: 0 };
  if (state.failures >= limits.failures) state.openUntil = now + limits.openMs;
  writeBreaker(cache, state, limits);
}

// The service answered: the count begins anew. A refusal feeds nothing, but ends a pause: it shows that the service is there.
function recordAnswer(cache, config, now, isRefusal) {
  try {
    const state = readBreaker(cache, breakerLimits(config), now);
    if (state !== null && (!isRefusal || state.openUntil !== 0)) cache.delete(BREAKER_KEY);
  } catch {
    // Best effort, as above.
  }
}

module.exports = { mayCall, recordFailure, recordAnswer };
