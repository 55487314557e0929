'use strict';

const { dig, listOf } = require('./values');
const { CHALLENGE_FACTORS, ENROLL_FACTORS, isTokenExchange } = require('./challenge');
const { STEP_UP_REQUIRED } = require('./texts');

const PHONE_METHODS = ['sms', 'voice', 'both'];

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

module.exports = { stepUp, stepUpAny, orDenial };
