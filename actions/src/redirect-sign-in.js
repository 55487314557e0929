'use strict';

const crypto = require('crypto');

const { isRecord, dig } = require('./values');
const { failure } = require('./call');
const { isDecisionId } = require('./answer');
const {
  redirectTarget,
  redirectKey,
  isSameText,
  sendWithToken,
  returnedClaims,
  isVouched,
  redirectOutcome,
} = require('./redirect');

// What a return must match, in the transaction's metadata, which only the tenant's own Actions can write.
const KEPT = 'countersign_redirect';
const USED = 'used';
const NOT_SENT = 'not_sent';

function transactionId(event) {
  const id = dig(event, 'transaction', 'id');
  return typeof id === 'string' ? id : null;
}

function makeRedirect([url], { event, api, config, decisionId }) {
  const target = redirectTarget(url, config);
  const secret = redirectKey(event);
  if (target === null || secret === null || !isDecisionId(decisionId)) return null;
  return () => {
    if (api.redirect.canRedirect() !== true) throw failure('no_redirect');
    const nonce = crypto.randomBytes(16).toString('hex');
    const bound = { decision_id: decisionId, nonce, transaction: transactionId(event) };
    api.transaction.setMetadata(KEPT, JSON.stringify({ ...bound, host: target.host }));
    try {
      sendWithToken(target, secret, bound, api);
    } catch (error) {
      // Why: whoever was not sent brings no token back, and passes the challenge that stands in for the redirect.
      api.transaction.setMetadata(KEPT, NOT_SENT);
      throw error;
    }
  };
}

// What was kept when the person was sent away: null when nobody was, `{}` when it is used or unreadable.
function keptRedirect(event) {
  const text = dig(event, 'transaction', 'metadata', KEPT);
  if (text === undefined || text === null || text === NOT_SENT) return null;
  if (text === USED) return {};
  try {
    const kept = JSON.parse(text);
    return isRecord(kept) ? kept : {};
  } catch {
    return {};
  }
}

// Ends a redirect, once: whether its return proves the step-up, and what to tell the service, if anything.
function endRedirect(event, api, config, kept, now) {
  const isBound = (claims, host) =>
    host === kept.host &&
    isSameText(claims.nonce, kept.nonce) &&
    isSameText(claims.decision_id, kept.decision_id) &&
    claims.transaction === kept.transaction &&
    kept.transaction === transactionId(event);
  const claims = returnedClaims(event, api, config, now, isBound);
  // Why before it counts: what could be used twice proves nothing.
  if (claims !== null) api.transaction.setMetadata(KEPT, USED);
  const isPassed = isVouched(claims);
  return { isPassed, outcome: isDecisionId(kept.decision_id) ? redirectOutcome(kept.decision_id, isPassed) : null };
}

module.exports = { makeRedirect, keptRedirect, endRedirect };
