'use strict';

const { isRecord, dig, listOf } = require('./values');

// Whether this Action may change a sign-in at all. Only exactly `true` does.
function isEnforcing(config) {
  return dig(config, 'enforce') === true;
}

// The lists of `enforce_only`, and where the event holds what they name.
const SCOPES = { organizations: ['organization', 'id'], clients: ['client', 'client_id'] };

function isWithin(name, ids, event) {
  if (Array.isArray(ids) && ids.length === 0) return true;
  const id = Object.keys(SCOPES).includes(name) ? dig(event, ...SCOPES[name]) : undefined;
  return typeof id === 'string' && listOf(ids).includes(id);
}

function isInScope(event, only) {
  if (only === undefined) return true;
  try {
    // Why: a mistyped scope was written to confine, so it must not enforce everywhere.
    return isRecord(only) && Object.entries(only).every(([name, ids]) => isWithin(name, ids, event));
  } catch {
    return false;
  }
}

// The configuration for one sign-in: without force where `enforce_only` does not reach.
function scoped(event, config) {
  return isInScope(event, config.enforce_only) ? config : { ...config, enforce: null };
}

// The part of the platform's `api` that may be used. While nothing is enforced, no call is in it that could change a
// sign-in: whatever runs on it, and wherever it fails, cannot reach one. Nothing in it returns the platform's `api`.
function reachOf(api, config) {
  if (isEnforcing(config)) return api;
  const forward = (group, name) => ({
    [name]: (...args) => {
      api[group][name](...args);
    },
  });
  return Object.freeze({
    get cache() {
      return api.cache;
    },
    idToken: forward('idToken', 'setCustomClaim'),
    accessToken: forward('accessToken', 'setCustomClaim'),
    user: forward('user', 'setAppMetadata'),
    transaction: forward('transaction', 'setMetadata'),
  });
}

module.exports = { isEnforcing, scoped, reachOf };
