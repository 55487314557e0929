'use strict';

const { attempt } = require('./values');
const { plainVerdict } = require('./plain');
const { decide } = require('./decide');

// What the guarded Action is told when a message or an exchange may not go on.
const GUARD_REFUSED = 'refused';

// Runs one guard: `flow` as for an Action, `deny(code, reason)` what it calls besides answering. Never throws, and resolves
// to `{allow, reason, decision_id, degraded}`: `degraded` says that no decision of the service stands behind `allow`, and
// `reason` is null, what refuses, or why there is no decision: `off`, `exempt`, or a failure in a word of ours.
async function runGuard(event, api, config, flow, deny) {
  let refused = null;
  // What the flow may call: the platform's cache, and a refusal that is only noted.
  const platform = {
    get cache() {
      return api.cache;
    },
    guard: {
      refuse(code, reason) {
        refused = { code, reason };
      },
    },
  };
  const refuse = () => platform.guard.refuse('invalid_request', GUARD_REFUSED);
  const applyFallback = (given, reach, scoped, cause) => {
    if (plainVerdict(given, scoped, cause, 'refuse') !== 'deny') return 'allow';
    refuse();
    return 'deny';
  };
  const onFault = (reach, scoped) => applyFallback({}, reach, scoped, 'internal');
  const { decisionId, cause } = await decide(event, platform, config, { ...flow, harmless: {}, applyFallback, onFault });
  if (refused !== null) attempt(() => deny(refused.code, refused.reason));
  return { allow: refused === null, reason: refused?.reason ?? cause, decision_id: decisionId, degraded: cause !== null };
}

module.exports = { runGuard, GUARD_REFUSED };
