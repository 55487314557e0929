'use strict';

const { isRecord, dig, listOf } = require('./values');

// Whether this Action may change a sign-in at all. Only exactly `true` does.
function isEnforcing(config) {
  return dig(config, 'enforce') === true;
}

// The lists of `enforce_only`, and where the event holds what they name.
const CONFINED_BY = { organizations: ['organization', 'id'], clients: ['client', 'client_id'] };

function isWithin(name, ids, event) {
  if (Array.isArray(ids) && ids.length === 0) return true;
  const id = Object.keys(CONFINED_BY).includes(name) ? dig(event, ...CONFINED_BY[name]) : undefined;
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

// The part of the platform's `api` that may be used: while nothing is enforced, only the `harmless` calls, as
// `{group: method}`. Whatever runs on it, and wherever it fails, can't reach another. Nothing in it returns the `api`.
function reachOf(api, config, harmless) {
  if (isEnforcing(config)) return api;
  const reach = {
    get cache() {
      return api.cache;
    },
  };
  for (const [group, name] of Object.entries(harmless)) {
    reach[group] = {
      [name]: (...args) => {
        api[group][name](...args);
      },
    };
  }
  return Object.freeze(reach);
}

module.exports = { isEnforcing, scoped, reachOf };
