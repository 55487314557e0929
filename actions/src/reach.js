'use strict';

const { dig } = require('./values');

// Whether this Action may change a sign-in at all. Only exactly `true` does.
function isEnforcing(config) {
  return dig(config, 'enforce') === true;
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

module.exports = { isEnforcing, reachOf };
