'use strict';

const { dig, listOf, oneOf, attempt, isAllowed } = require('./values');
const { askableFactors } = require('./challenge');
const { isContained } = require('./contained');
const { isProtected } = require('./person');
const { isEnforcing } = require('./reach');
const { BLOCKED, STEP_UP_REQUIRED } = require('./texts');

// Mildest first.
const RESET_VERDICTS = ['allow', 'challenge', 'deny'];
const FIRST_BY_PHONE = ['sms', 'phone', 'phone_number', 'phone_otp'];

// The factors that prove something else than the reset's own challenge did: never e-mail, which carries the reset.
function independentFactors(event, config) {
  const firsts = listOf(dig(event, 'authentication', 'methods')).map((method) => dig(method, 'name'));
  const isByPhone = firsts.some((first) => FIRST_BY_PHONE.includes(first));
  return askableFactors(event, config).filter((type) => type !== 'email' && !(isByPhone && type === 'phone'));
}

// The rows of the table that match; `mustHold` rows are not waived for somebody without a factor.
function resetRows(event, config, cause) {
  const row = (name, otherwise) => oneOf(dig(config, 'fallback', name), RESET_VERDICTS, otherwise);
  const rows = [{ verdict: row('default', 'allow'), mustHold: false }];
  if (cause === 'refused') rows.push({ verdict: oneOf(config.on_reject, RESET_VERDICTS, 'challenge'), mustHold: false });
  // Why: the service demanded more than the platform took, and what it demanded is not dropped.
  if (cause === 'effect_failed') rows.push({ verdict: 'challenge', mustHold: true });
  if (isProtected(event, config)) rows.push({ verdict: row('protected', 'challenge'), mustHold: true });
  if (isContained(event, config)) rows.push({ verdict: row('contained', 'deny'), mustHold: true });
  return rows.filter(({ verdict }) => verdict !== 'allow');
}

// What to do with a reset without an answer: `{verdict, factors}`. Pure; the table is in the README.
function resetVerdict(event, config, cause) {
  const rows = isEnforcing(config) ? resetRows(event, config, cause) : [];
  if (rows.length === 0) return { verdict: 'allow', factors: [] };
  const factors = independentFactors(event, config);
  const mayDeny = isAllowed(config, 'deny');
  if (mayDeny && rows.some(({ verdict }) => verdict === 'deny')) return { verdict: 'deny', factors };
  if (factors.length > 0) return { verdict: 'challenge', factors };
  const isWaived = oneOf(dig(config, 'fallback', 'no_factor'), ['deny', 'allow'], 'deny') === 'allow';
  const isHeld = mayDeny && !isWaived && rows.some(({ mustHold }) => mustHold);
  return { verdict: isHeld ? 'deny' : 'allow', factors };
}

// Applies the table. A call that the platform refuses falls through to the next stricter one that it takes.
function applyResetFallback(event, api, config, cause) {
  const { verdict, factors } = resetVerdict(event, config, cause);
  if (verdict === 'allow') return 'allow';
  const deny = () => api.access.deny(isContained(event, config) ? BLOCKED : STEP_UP_REQUIRED);
  const challenge = () => api.authentication.challengeWithAny(factors.map((type) => ({ type })));
  if (verdict === 'challenge' && attempt(challenge)) return 'challenge';
  if (isAllowed(config, 'deny') && attempt(deny)) return 'deny';
  if (verdict === 'deny' && factors.length > 0 && attempt(challenge)) return 'challenge';
  return 'allow';
}

module.exports = { applyResetFallback, resetVerdict };
