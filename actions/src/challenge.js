'use strict';

const { isRecord, dig, listOf, isAllowed } = require('./values');

// The vocabulary of `api.authentication` (Auth0, "post-login API object"). E-mail can be asked for, not enrolled.
const CHALLENGE_FACTORS = [
  'otp',
  'email',
  'phone',
  'push-notification',
  'webauthn-platform',
  'webauthn-roaming',
  'recovery-code',
];
const ENROLL_FACTORS = CHALLENGE_FACTORS.filter((type) => type !== 'email');

// First factors that prove the same thing as a second one: who holds the mailbox has both.
const SAME_PROOF = {
  email: ['email'],
  sms: ['phone'],
  phone_number: ['phone'],
  passkey: ['webauthn-platform', 'webauthn-roaming'],
};

// Grants by which a program passes on a person's password. `resource-owner` stands in the names of more.
const PASSWORD_PROTOCOLS = ['oauth2-password', 'wstrust-usernamemixed'];

// Protocols in which nobody sits at a page that could ask. The service reads them alike.
const HEADLESS_PROTOCOLS = [
  'oauth2-refresh-token',
  'oauth2-access-token',
  'oidc-ciba',
  'oidc-ciba-web-link',
];

// How long an MFA of the session counts as fresh: 12 h, one working day with its ends.
const FRESH_MFA_MS = 12 * 60 * 60 * 1000;
const CLOCK_SKEW_MS = 60 * 1000;

function mfaMethods(event) {
  return listOf(dig(event, 'authentication', 'methods')).filter((method) => isRecord(method) && method.name === 'mfa');
}

// A time in ms since 1970, or NaN when the value is none. Why the type: `Date.parse` takes a number for a year.
function timeOf(value) {
  return typeof value === 'string' ? Date.parse(value) : NaN;
}

// The newest MFA of the session as `{at, type}`, `at` in ms since 1970, or null. One without a time does not count.
function newestMfa(event) {
  let newest = null;
  for (const method of mfaMethods(event)) {
    const at = timeOf(method.timestamp);
    if (Number.isFinite(at) && (newest === null || at >= newest.at)) newest = { at, type: method.type };
  }
  return newest;
}

function isTokenExchange(event) {
  return dig(event, 'transaction', 'protocol') === 'oauth2-token-exchange';
}

function isPasswordGrant(event) {
  const protocol = dig(event, 'transaction', 'protocol');
  return typeof protocol === 'string' && (PASSWORD_PROTOCOLS.includes(protocol) || protocol.includes('resource-owner'));
}

// Whether a parameter holds `none`: a list separated by spaces (OpenID Connect Core, 3.1.2.1), or an array when given twice.
function hasNone(value) {
  return [value].flat().some((word) => typeof word === 'string' && word.split(/\s+/).includes('none'));
}

// Whether somebody sits in front of a page that can ask: not on refresh, `prompt=none`, password grants or exchange.
function canAsk(event) {
  const protocol = dig(event, 'transaction', 'protocol');
  const isHeadless =
    typeof protocol === 'string' &&
    (isPasswordGrant(event) || HEADLESS_PROTOCOLS.includes(protocol) || protocol.includes('token-exchange'));
  return !isHeadless && !hasNone(dig(event, 'transaction', 'prompt')) && !hasNone(dig(event, 'request', 'query', 'prompt'));
}

// Whether the session holds an MFA method younger than 12 h. One without a time, or from the future, does not count.
function hasFreshMfa(event, now) {
  return mfaMethods(event).some((method) => {
    const at = timeOf(method.timestamp);
    return at > now - FRESH_MFA_MS && at <= now + CLOCK_SKEW_MS;
  });
}

// The factors that can be asked for, in the order of the configuration: enrolled, not yet passed, and independent of
// the first factor. Empty where nobody can be asked.
function askableFactors(event, config) {
  if (!isAllowed(config, 'challenge') || !canAsk(event)) return [];
  const enrolled = listOf(dig(event, 'user', 'enrolledFactors')).map((factor) => dig(factor, 'type'));
  const used = mfaMethods(event).map((method) => method.type);
  const firsts = listOf(dig(event, 'authentication', 'methods')).map((method) => dig(method, 'name'));
  for (const first of [...firsts, dig(event, 'connection', 'strategy')]) {
    if (typeof first === 'string' && Object.keys(SAME_PROOF).includes(first)) used.push(...SAME_PROOF[first]);
  }
  return listOf(config.factors).filter(
    (type) => CHALLENGE_FACTORS.includes(type) && enrolled.includes(type) && !used.includes(type),
  );
}

module.exports = {
  CHALLENGE_FACTORS,
  ENROLL_FACTORS,
  mfaMethods,
  newestMfa,
  timeOf,
  isTokenExchange,
  isPasswordGrant,
  canAsk,
  hasFreshMfa,
  askableFactors,
};
