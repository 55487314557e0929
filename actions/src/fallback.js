'use strict';

const { dig, oneOf, attempt, isAllowed } = require('./values');
const { askableFactors, canAsk, hasFreshMfa, mfaMethods } = require('./challenge');
const { isContained } = require('./contained');
const { stamp } = require('./mark');
const { isFederated, isProtected } = require('./person');
const { isEnforcing } = require('./reach');
const { BLOCKED, STEP_UP_REQUIRED } = require('./texts');

// Mildest first.
const VERDICTS = ['allow', 'challenge', 'deny'];

function stricter(one, other) {
  return VERDICTS[Math.max(VERDICTS.indexOf(one), VERDICTS.indexOf(other))];
}

// The rows of the table that match: the strictest wins, and `mustHold` rows are not waived for somebody without a factor.
function matchingRows(event, config, cause) {
  const row = (name, otherwise) => oneOf(dig(config, 'fallback', name), VERDICTS, otherwise);
  // Why: policy does not challenge people whom another provider vouches for, so a doubt alone does not lock them out here.
  const doubt = (verdict, mustHold) => ({ verdict: isFederated(event) ? row('federated', 'allow') : verdict, mustHold });
  const rows = [{ verdict: row('default', 'allow'), mustHold: false }];
  if (dig(event, 'authentication', 'riskAssessment', 'confidence') === 'low') {
    rows.push(doubt(row('on_low_confidence', 'challenge'), false));
  }
  if (cause === 'refused') rows.push(doubt(oneOf(config.on_reject, VERDICTS, 'challenge'), true));
  // Why: the service demanded more than the platform took, and what it demanded is not dropped.
  if (cause === 'effect_failed') rows.push({ verdict: 'challenge', mustHold: true });
  if (isProtected(event, config)) rows.push(doubt(row('protected', 'challenge'), true));
  if (isContained(event, config)) rows.push({ verdict: row('contained', 'deny'), mustHold: true });
  return rows.filter(({ verdict }) => verdict !== 'allow');
}

// What to do without an answer: `{verdict, factors}`. `cause` is `refused`, `effect_failed`, or why the service could not
// be reached. Pure; the table is in the README.
function localVerdict(event, config, cause, now) {
  if (!isEnforcing(config)) return { verdict: 'allow', factors: [] };
  const rows = matchingRows(event, config, cause);
  const wanted = rows.reduce((verdict, row) => stricter(verdict, row.verdict), 'allow');
  const factors = askableFactors(event, config);
  if (wanted === 'allow') return { verdict: 'allow', factors: [] };
  if (wanted === 'deny' && isAllowed(config, 'deny')) return { verdict: 'deny', factors };
  if (factors.length > 0) return { verdict: 'challenge', factors };
  return { verdict: withoutAsking(event, config, rows, now), factors: [] };
}

// A challenge that cannot be asked becomes a denial, unless the session has just passed one. Waived only for somebody
// who could be asked but has no factor at all. Why: a thief must not get by `prompt=none`, or by a session whose factor
// was passed long ago, what an ordinary sign-in would not give.
function withoutAsking(event, config, rows, now) {
  if (!isAllowed(config, 'deny')) return 'allow';
  const isRequired = !canAsk(event) || mfaMethods(event).length > 0 || rows.some((row) => row.mustHold);
  if (!isRequired) return 'allow';
  return hasFreshMfa(event, now) && !isContained(event, config) ? 'allow' : 'deny';
}

// Applies the table. A call that the platform refuses falls through to the next stricter one that it takes.
function applyFallback(event, api, config, cause, now) {
  const { verdict, factors } = localVerdict(event, config, cause, now);
  if (verdict === 'allow') {
    stamp(event, api, config, 'fallback_at', now);
    return 'allow';
  }
  const deny = () => api.access.deny(isContained(event, config) ? BLOCKED : STEP_UP_REQUIRED);
  const challenge = () => api.authentication.challengeWithAny(factors.map((type) => ({ type })));
  if (verdict === 'challenge' && attempt(challenge)) return 'challenge';
  const mayDeny = verdict === 'deny' || (isAllowed(config, 'deny') && matchingRows(event, config, cause).some((row) => row.mustHold));
  if (mayDeny && attempt(deny)) return 'deny';
  if (verdict === 'deny' && factors.length > 0 && attempt(challenge)) return 'challenge';
  stamp(event, api, config, 'fallback_at', now);
  return 'allow';
}

module.exports = { applyFallback, localVerdict };
