'use strict';

const { CONFIG } = require('./config-password-reset-post-challenge');
const { attempt, isAllowed } = require('./values');
const {
  words,
  IDENTIFIER,
  EMAIL,
  NAME,
  TIME,
  FLAG,
  COUNT,
  ROLES,
  METHODS,
  FACTORS,
  IDENTITIES,
  NAMED,
  CLIENT,
  CONNECTION,
  REQUEST,
} = require('./request');
const { stepUp, stepUpAny } = require('./step-up');
const { newestMfa } = require('./challenge');
const { denialText } = require('./plain');
const { isEnforcing, scoped } = require('./reach');
const { isOff, isExempt, sendOutcome } = require('./service');
const { applyResetFallback } = require('./reset-fallback');
const { redirectOutcome } = require('./redirect');
const { makeResetRedirect, bringsToken, endResetRedirect } = require('./redirect-reset');
const { decide } = require('./decide');
const { STEP_UP_REQUIRED } = require('./texts');

// How old an MFA may be that stands for a redirect's return, in ms: as long as such a return may take.
const RETURN_MFA_MS = 15 * 60 * 1000;

function makeResetDenial([reason], { api }) {
  return () => api.access.deny(denialText(reason, STEP_UP_REQUIRED));
}

const RESET = {
  trigger: 'password-reset-post-challenge',
  // The allow-list: what is not named here is never sent. The query holds the reset's ticket.
  fields: {
    tenant: { id: IDENTIFIER },
    request: REQUEST,
    client: CLIENT,
    connection: CONNECTION,
    organization: NAMED,
    authentication: { methods: METHODS },
    authorization: { roles: ROLES },
    stats: { logins_count: COUNT },
    transaction: { id: IDENTIFIER, correlation_id: words(128) },
    user: {
      user_id: IDENTIFIER,
      email: EMAIL,
      email_verified: FLAG,
      created_at: TIME,
      updated_at: TIME,
      last_password_reset: TIME,
      enrolledFactors: FACTORS,
      identities: IDENTITIES,
    },
    custom_domain: { domain: NAME },
    prompt: { id: IDENTIFIER },
  },
  shed: [
    ['user', 'identities'],
    ['authorization', 'roles'],
    ['authentication', 'methods'],
    ['user', 'enrolledFactors'],
  ],
  effects: {
    'authentication.challengeWith': { rank: 2, ceiling: 'challenge', make: stepUp('challengeWith') },
    'authentication.challengeWithAny': { rank: 2, ceiling: 'challenge', make: stepUpAny('challengeWithAny') },
    'redirect.sendUserTo': { rank: 3, ceiling: 'redirect', make: makeResetRedirect },
    'access.deny': { rank: 4, ceiling: 'deny', make: makeResetDenial, isDenial: true },
  },
  harmless: {},
  applyFallback: applyResetFallback,
  onFault: (api) => api.access.deny(STEP_UP_REQUIRED),
};

// Whether somebody who comes back without a token has passed a challenge of Auth0 instead.
function hasJustPassedMfa(event, now) {
  const newest = newestMfa(event);
  return newest !== null && Math.abs(now - newest.at) <= RETURN_MFA_MS;
}

// Goes on when somebody comes back. Never throws. Where redirects are switched on, a return needs a sound token or a recent
// MFA: nothing else tells a passed challenge from a redirect that was walked around.
async function continueReset(event, platform, configured) {
  const config = scoped(event, configured);
  const mayRedirect = isAllowed(config, 'redirect');
  let isPassed = !mayRedirect;
  let decisionId = null;
  try {
    if (!mayRedirect || isOff(event) || isExempt(event, config)) return;
    if (bringsToken(event)) ({ isPassed, decisionId } = endResetRedirect(event, platform, config, Date.now()));
    else isPassed = hasJustPassedMfa(event, Date.now());
  } catch {
    isPassed = false;
  }
  if (!isPassed && isEnforcing(config)) attempt(() => platform.access.deny(STEP_UP_REQUIRED));
  if (decisionId !== null) await sendOutcome(event, redirectOutcome(decisionId, isPassed));
}

// Runs after the first challenge of a reset, before a new password may be chosen.
exports.onExecutePostChallenge = async (event, api) => {
  await decide(event, api, CONFIG, RESET);
};

// Runs when the user comes back from a challenge or a redirect that `onExecutePostChallenge` asked for.
exports.onContinuePostChallenge = async (event, api) => {
  await continueReset(event, api, CONFIG);
};
