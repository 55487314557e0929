'use strict';

const { decide } = require('./decide');

// Reports what has happened. Auth0 runs these triggers beside the transaction and offers them no call, so nothing is
// applied, and whatever an answer asks for is skipped.
async function reportOnly(event, platform, config, request) {
  const flow = { ...request, effects: {}, harmless: {}, applyFallback: () => 'nothing to do', onFault: () => undefined };
  await decide(event, platform, { ...config, enforce: null }, flow);
}

module.exports = { reportOnly };
