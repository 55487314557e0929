'use strict';

const { isRecord, dig, listOf } = require('./values');

// A redirect and its return: the address comes from the service, where it may lead is baked in.
const TOKEN_PARAMETER = 'session_token';
const MAX_URL_BYTES = 2048;
// How long the token that is sent holds, and at most the one that returns (Auth0's default), in seconds.
const SENT_FOR_S = 300;
const RETURNED_FOR_S = 900;
const MIN_KEY_CHARS = 32;

function redirectHosts(config) {
  return listOf(dig(config, 'redirect', 'hosts'))
    .filter((host) => typeof host === 'string')
    .map((host) => host.toLowerCase());
}

// The address as it is sent, or null when somebody may not be sent there.
function redirectTarget(raw, config) {
  if (typeof raw !== 'string' || Buffer.byteLength(raw, 'utf8') > MAX_URL_BYTES) return null;
  let url;
  try {
    url = new URL(raw);
  } catch {
    return null;
  }
  const isBare = url.username === '' && url.password === '' && url.hash === '';
  const isFree = !url.searchParams.has(TOKEN_PARAMETER) && !url.searchParams.has('state');
  return url.protocol === 'https:' && isBare && isFree && redirectHosts(config).includes(url.host) ? url : null;
}

// The secret of the tokens, or null when it is too short.
function redirectKey(event) {
  const secret = dig(event, 'secrets', 'COUNTERSIGN_REDIRECT_KEY');
  return typeof secret === 'string' && secret.length >= MIN_KEY_CHARS ? secret : null;
}

function isSameText(one, other) {
  return typeof one === 'string' && one !== '' && one === other;
}

function sendWithToken(target, secret, payload, api) {
  const token = api.redirect.encodeToken({ secret, expiresInSeconds: SENT_FOR_S, payload });
  api.redirect.sendUserTo(target.href, { query: { [TOKEN_PARAMETER]: token } });
}

// The host of an issuer, which is a host or an https address.
function issuingHost(iss) {
  if (typeof iss !== 'string') return null;
  try {
    const url = new URL(iss.includes('://') ? iss : `https://${iss}`);
    return url.protocol === 'https:' && url.username === '' && url.password === '' ? url.host : null;
  } catch {
    return null;
  }
}

// The claims of a token that came back, or null. The platform checks signature, expiry and state; here also the user, the
// issuer, how soon it ends, and what `isBound` says.
function returnedClaims(event, api, config, now, isBound) {
  const secret = redirectKey(event);
  if (secret === null) return null;
  let claims;
  try {
    claims = api.redirect.validateToken({ secret, tokenParameterName: TOKEN_PARAMETER });
  } catch {
    return null;
  }
  if (!isRecord(claims) || !isSameText(claims.sub, dig(event, 'user', 'user_id'))) return null;
  const host = issuingHost(claims.iss);
  if (host === null || !redirectHosts(config).includes(host)) return null;
  const endsIn = claims.exp - now / 1000;
  return endsIn > 0 && endsIn <= RETURNED_FOR_S && isBound(claims, host) ? claims : null;
}

function isVouched(claims) {
  return claims !== null && claims.countersign_result === 'passed';
}

function redirectOutcome(decisionId, isPassed) {
  const result = isPassed ? { kind: 'challenge_passed', factor: 'redirect' } : { kind: 'challenge_failed' };
  return { decision_id: decisionId, ...result };
}

module.exports = {
  TOKEN_PARAMETER,
  RETURNED_FOR_S,
  redirectTarget,
  redirectKey,
  isSameText,
  sendWithToken,
  returnedClaims,
  isVouched,
  redirectOutcome,
};
