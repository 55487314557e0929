'use strict';

const { dig, boundedText, isAllowed } = require('./values');
const { claimOn, makeMetadata } = require('./annotate');
const { stepUp, stepUpAny, orDenial } = require('./step-up');
const { makeRedirect } = require('./redirect-sign-in');
const { interpret } = require('./interpret');
const { STEP_UP_REQUIRED } = require('./texts');

const MFA_PROVIDERS = ['any', 'none', 'guardian', 'google-authenticator', 'duo'];

// What may be called without force: it tells or writes something and changes no sign-in.
const HARMLESS = {
  idToken: 'setCustomClaim',
  accessToken: 'setCustomClaim',
  user: 'setAppMetadata',
  transaction: 'setMetadata',
};

// Each documented call that an answer may ask for: its place in the order (claims, metadata, step-up, redirect, denial),
// what the ceiling calls it, and how it is made. `make` returns a function that calls the platform, or null for bad arguments.
const EFFECTS = {
  'idToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('idToken') },
  'accessToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('accessToken') },
  'user.setAppMetadata': { rank: 1, ceiling: 'app_metadata', make: makeMetadata },
  'authentication.challengeWith': { rank: 2, ceiling: 'challenge', make: stepUp('challengeWith') },
  'authentication.challengeWithAny': { rank: 2, ceiling: 'challenge', make: stepUpAny('challengeWithAny') },
  'authentication.enrollWith': { rank: 2, ceiling: 'enroll', make: stepUp('enrollWith') },
  'authentication.enrollWithAny': { rank: 2, ceiling: 'enroll', make: stepUpAny('enrollWithAny') },
  'multifactor.enable': { rank: 2, ceiling: 'challenge', make: makeMultifactor },
  'redirect.sendUserTo': { rank: 3, ceiling: 'redirect', make: makeRedirect },
  'access.deny': { rank: 4, ceiling: 'deny', make: makeDenial, isDenial: true },
};

function makeMultifactor([provider, options], context) {
  const { api, config } = context;
  if (!MFA_PROVIDERS.includes(provider)) return null;
  // Why: a remembered browser skips the next MFA, so it falls under the same ceiling as skipping this one.
  const allowRememberBrowser = isAllowed(config, 'skip_mfa') && dig(options, 'allowRememberBrowser') === true;
  const call = () => api.multifactor.enable(provider, { allowRememberBrowser });
  return provider === 'none' ? call : orDenial(call, context);
}

function makeDenial([reason], { api }) {
  const text = typeof reason === 'string' && reason !== '' ? boundedText(reason, 256) : STEP_UP_REQUIRED;
  return () => api.access.deny(text);
}

// Makes the effects of an answer for a sign-in.
function applyEffects(answer, event, api, config) {
  return interpret(answer, event, api, config, EFFECTS);
}

module.exports = { applyEffects, EFFECTS, HARMLESS };
