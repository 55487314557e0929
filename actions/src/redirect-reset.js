'use strict';

const crypto = require('crypto');

const { dig, listOf, attempt } = require('./values');
const { signingKey } = require('./sign');
const { isDecisionId } = require('./answer');
const {
  TOKEN_PARAMETER,
  RETURNED_FOR_S,
  redirectTarget,
  redirectKey,
  isSameText,
  sendWithToken,
  returnedClaims,
  isVouched,
} = require('./redirect');

// Why a seal: a reset has no metadata of its transaction to keep anything in, so the token itself carries what binds it,
// under a key that the page which vouches for the step-up has not.
function redirectSeal(event, decisionId, nonce, host) {
  const key = signingKey(dig(event, 'secrets', 'COUNTERSIGN_KEY'));
  const user = dig(event, 'user', 'user_id');
  if (key === null || typeof user !== 'string' || user === '') return null;
  const transaction = dig(event, 'transaction', 'id') ?? dig(event, 'transaction', 'state') ?? null;
  const sealed = JSON.stringify(['countersign-redirect', user, transaction, decisionId, nonce, host]);
  return crypto.createHmac('sha256', key).update(sealed, 'utf8').digest('hex');
}

// Sends the person to a baked host with a token that carries what binds it.
function makeResetRedirect([url], { event, api, config, decisionId }) {
  const target = redirectTarget(url, config);
  const secret = redirectKey(event);
  const nonce = crypto.randomBytes(16).toString('hex');
  const host = target?.host;
  const seal = redirectSeal(event, decisionId, nonce, host);
  if (target === null || secret === null || seal === null || !isDecisionId(decisionId)) return null;
  const transaction = dig(event, 'transaction', 'id') ?? null;
  return () => sendWithToken(target, secret, { decision_id: decisionId, nonce, transaction, seal }, api);
}

// Whether somebody comes back with a token, of whatever worth.
function bringsToken(event) {
  return ['query', 'body'].some((place) => dig(event, 'request', place, TOKEN_PARAMETER) !== undefined);
}

const USED_KEY = 'countersign_used';
const MAX_USED = 60;

// Notes a nonce as used and says whether it was not before. Best effort, in Auth0's cache: what it forgets, the token's end
// and the state of Auth0's own transaction still bound.
function isFirstUse(api, nonce, now) {
  let used = [];
  attempt(() => {
    used = listOf(JSON.parse(api.cache.get(USED_KEY).value)).filter((entry) => dig(entry, 'until') > now);
  });
  const mark = nonce.slice(0, 16);
  if (used.some((entry) => entry.mark === mark)) return false;
  const kept = [...used, { mark, until: now + RETURNED_FOR_S * 1000 }].slice(-MAX_USED);
  attempt(() => api.cache.set(USED_KEY, JSON.stringify(kept), { ttl: RETURNED_FOR_S * 1000 }));
  return true;
}

// Ends a redirect: whether its return proves the step-up, and of which decision; null when it is not ours at all.
function endResetRedirect(event, api, config, now) {
  const isBound = (claims, host) =>
    isDecisionId(claims.decision_id) &&
    isSameText(claims.seal, redirectSeal(event, claims.decision_id, claims.nonce, host));
  const claims = returnedClaims(event, api, config, now, isBound);
  if (claims === null || !isFirstUse(api, String(claims.nonce), now)) return { isPassed: false, decisionId: null };
  return { isPassed: isVouched(claims), decisionId: claims.decision_id };
}

module.exports = { makeResetRedirect, bringsToken, endResetRedirect };
