'use strict';

const { isRecord, dig, listOf, boundedText, jsonBytes, isAllowed } = require('./values');
const { CHALLENGE_FACTORS, ENROLL_FACTORS, isTokenExchange } = require('./challenge');
const { mergedMark } = require('./mark');
const { isEnforcing } = require('./reach');
const { STEP_UP_REQUIRED } = require('./fallback');

const MAX_CLAIM_BYTES = 1024;
const MFA_PROVIDERS = ['any', 'none', 'guardian', 'google-authenticator', 'duo'];
const PHONE_METHODS = ['sms', 'voice', 'both'];

// The least rank of what changes a sign-in: below it, something is told or written about it.
const FIRST_BARRIER = 2;

// Each documented call that an answer may ask for: its place in the order (claims, metadata, step-up, denial), what the
// ceiling calls it, and how it is made. `make` returns a function that calls the platform, or null for bad arguments.
const EFFECTS = {
  'idToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('idToken') },
  'accessToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('accessToken') },
  'user.setAppMetadata': { rank: 1, ceiling: 'app_metadata', make: makeMetadata },
  'authentication.challengeWith': { rank: 2, ceiling: 'challenge', make: stepUp('challengeWith') },
  'authentication.challengeWithAny': { rank: 2, ceiling: 'challenge', make: stepUpAny('challengeWithAny') },
  'authentication.enrollWith': { rank: 2, ceiling: 'enroll', make: stepUp('enrollWith') },
  'authentication.enrollWithAny': { rank: 2, ceiling: 'enroll', make: stepUpAny('enrollWithAny') },
  'multifactor.enable': { rank: 2, ceiling: 'challenge', make: makeMultifactor },
  'access.deny': { rank: 3, ceiling: 'deny', make: makeDenial },
};

function claimOn(token) {
  return ([name, value], { api, config }) => {
    const space = config.claim_namespace;
    const isOurs =
      typeof name === 'string' &&
      /^https?:\/\/[^/]+\/(.*\/)?$/.test(space) &&
      name.startsWith(space) &&
      /^[A-Za-z0-9_-]{1,64}$/.test(name.slice(space.length));
    if (!isOurs || jsonBytes(value) > MAX_CLAIM_BYTES) return null;
    return () => api[token].setCustomClaim(name, value);
  };
}

function makeMetadata([name, value], { event, api, config }) {
  if (name !== config.mark_key || !isRecord(value)) return null;
  const mark = mergedMark(event, config, value);
  return mark === null ? null : () => api.user.setAppMetadata(name, mark);
}

// A factor with its documented options only, or null when it is unknown or not allowed.
function soundFactor(factor, allowed) {
  const type = dig(factor, 'type');
  if (typeof type !== 'string' || !allowed.includes(type)) return null;
  const options = dig(factor, 'options');
  if (type === 'phone' && PHONE_METHODS.includes(dig(options, 'preferredMethod'))) {
    return { type, options: { preferredMethod: options.preferredMethod } };
  }
  if (type === 'push-notification' && typeof dig(options, 'otpFallback') === 'boolean') {
    return { type, options: { otpFallback: options.otpFallback } };
  }
  return { type };
}

function soundFactors(factors, allowed) {
  return listOf(factors)
    .slice(0, CHALLENGE_FACTORS.length)
    .map((factor) => soundFactor(factor, allowed))
    .filter((factor) => factor !== null);
}

function factorsFor(method, config) {
  if (method.startsWith('enroll')) return ENROLL_FACTORS;
  return CHALLENGE_FACTORS.filter((type) => listOf(config.factors).includes(type));
}

// Why: a challenge breaks a token exchange, and a required one is never dropped. So it becomes a denial there.
function orDenial(call, { event, api }) {
  return isTokenExchange(event) ? () => api.access.deny(STEP_UP_REQUIRED) : call;
}

function stepUp(method) {
  return ([factor, options], context) => {
    const allowed = factorsFor(method, context.config);
    const sound = soundFactor(factor, allowed);
    if (sound === null) return null;
    const additionalFactors = soundFactors(dig(options, 'additionalFactors'), allowed);
    const rest = additionalFactors.length > 0 ? [{ additionalFactors }] : [];
    return orDenial(() => context.api.authentication[method](sound, ...rest), context);
  };
}

function stepUpAny(method) {
  return ([factors], context) => {
    const sound = soundFactors(factors, factorsFor(method, context.config));
    return sound.length === 0 ? null : orDenial(() => context.api.authentication[method](sound), context);
  };
}

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

function isSkipOfMfa(effect) {
  return effect.call === 'multifactor.enable' && effect.args[0] === 'none';
}

// Why an effect may not be made at all: `unknown`, `mode`, `not_enforced` or `ceiling`. Null when it may.
function refusal(effect, mode, config) {
  if (!Object.keys(EFFECTS).includes(effect.call)) return 'unknown';
  const { rank, ceiling } = EFFECTS[effect.call];
  if (mode !== 'enforce' && rank !== 0) return 'mode';
  if (rank >= FIRST_BARRIER && !isEnforcing(config)) return 'not_enforced';
  return isAllowed(config, isSkipOfMfa(effect) ? 'skip_mfa' : ceiling) ? null : 'ceiling';
}

function make(effect, context) {
  try {
    const call = EFFECTS[effect.call].make(effect.args, context);
    if (call === null) return 'arguments';
    call();
    return null;
  } catch {
    return 'failed';
  }
}

// Makes the effects of an answer in a fixed order. One that may not or cannot be made is skipped and listed as
// `call:why`, and never stops the others. `isBarrierLost` says that a demanded step-up or denial could not be made:
// the answer then asked for more than was done.
function applyEffects(answer, event, api, config) {
  const skipped = [];
  const context = { event, api, config };
  const allowed = [];
  let isBarrierLost = false;
  for (const effect of answer.effects) {
    const why = refusal(effect, answer.mode, config);
    if (why === null) allowed.push(effect);
    else skipped.push(`${effect.call.replace(/[^A-Za-z.]/g, '')}:${why}`);
  }
  const hasBarrier = allowed.some((effect) => EFFECTS[effect.call].rank >= FIRST_BARRIER && !isSkipOfMfa(effect));
  allowed.sort((one, other) => EFFECTS[one.call].rank - EFFECTS[other.call].rank);
  for (const effect of allowed) {
    // Why: skipping MFA and asking for it contradict each other, and the stricter one counts.
    const why = isSkipOfMfa(effect) && hasBarrier ? 'contradicted' : make(effect, context);
    if (why === null) {
      // A denial stands, whatever failed before it.
      if (effect.call === 'access.deny') isBarrierLost = false;
      continue;
    }
    skipped.push(`${effect.call}:${why}`);
    if (EFFECTS[effect.call].rank >= FIRST_BARRIER && !isSkipOfMfa(effect)) isBarrierLost = true;
  }
  return { skipped, isBarrierLost };
}

module.exports = { applyEffects };
