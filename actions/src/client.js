'use strict';

const { dig, attempt } = require('./values');
const { POST_LOGIN } = require('./fields');
const { isOff, isExempt, sendOutcome } = require('./service');
const { isDecisionId } = require('./answer');
const { newestMfa, timeOf, CHALLENGE_FACTORS } = require('./challenge');
const { stamp } = require('./mark');
const { isEnforcing, scoped } = require('./reach');
const { applyFallback } = require('./fallback');
const { EFFECTS, HARMLESS } = require('./effects');
const { decide } = require('./decide');
const { keptRedirect, endRedirect } = require('./redirect-sign-in');
const { STEP_UP_REQUIRED } = require('./texts');

// Leaves a word of ours in the transaction, for later Actions and the continue handler.
function note(api, name, value) {
  attempt(() => api.transaction.setMetadata(name, value));
}

// Leaves the time of the newest MFA, so that the continue handler can tell a challenge passed since from an older one.
function noteNewestMfa(event, api) {
  const newest = newestMfa(event);
  note(api, 'countersign_mfa_at', newest === null ? 'none' : new Date(newest.at).toISOString());
}

const SIGN_IN = {
  ...POST_LOGIN,
  effects: EFFECTS,
  harmless: HARMLESS,
  applyFallback,
  note,
  noteEvent: noteNewestMfa,
  exempt: (event, api, config, now) => stamp(event, api, config, 'exempt_at', now),
  onFault: (api) => api.access.deny(STEP_UP_REQUIRED),
};

async function decidePostLogin(event, platform, configured) {
  await decide(event, platform, configured, SIGN_IN);
}

// The MFA passed since `noted`, or null. Why null is no failure: this runs only when a challenge has ended well, so
// without a newer method nothing shows how it ended.
function passedSince(event, noted) {
  const newest = newestMfa(event);
  const before = noted === 'none' ? -Infinity : timeOf(noted);
  return newest !== null && newest.at > before ? newest : null;
}

async function reportOutcome(event) {
  const decisionId = dig(event, 'transaction', 'metadata', 'countersign_decision');
  if (!isDecisionId(decisionId)) return;
  const passed = passedSince(event, dig(event, 'transaction', 'metadata', 'countersign_mfa_at'));
  if (passed === null) return;
  const factor = CHALLENGE_FACTORS.includes(passed.type) ? { factor: passed.type } : {};
  await sendOutcome(event, { decision_id: decisionId, kind: 'challenge_passed', ...factor });
}

// Goes on when somebody comes back. Never throws; denies only who was sent elsewhere and brings no sound proof.
async function continuePostLogin(event, platform, configured) {
  const config = scoped(event, configured);
  let isPending = true;
  try {
    if (isOff(event) || isExempt(event, config)) return;
    const kept = keptRedirect(event);
    isPending = kept !== null;
    if (!isPending) {
      await reportOutcome(event);
      return;
    }
    const { isPassed, outcome } = endRedirect(event, platform, config, kept, Date.now());
    if (!isPassed && isEnforcing(config)) platform.access.deny(STEP_UP_REQUIRED);
    isPending = false;
    if (outcome !== null) await sendOutcome(event, outcome);
  } catch {
    if (isPending && isEnforcing(config)) attempt(() => platform.access.deny(STEP_UP_REQUIRED));
  }
}

module.exports = { decidePostLogin, continuePostLogin };
