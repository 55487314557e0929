'use strict';

const { isAllowed } = require('./values');
const { isEnforcing } = require('./reach');

// The least rank of what changes a transaction: below it, something is told or written about it.
const FIRST_BARRIER = 2;

function isSkipOfMfa(effect) {
  return effect.call === 'multifactor.enable' && effect.args[0] === 'none';
}

const isRedirect = (effect) => effect.call === 'redirect.sendUserTo';

// Why an effect may not be made at all: `unknown`, `mode`, `not_enforced` or `ceiling`. Null when it may.
function refusal(effect, mode, config, table) {
  if (!Object.keys(table).includes(effect.call)) return 'unknown';
  const { rank, ceiling } = table[effect.call];
  if (mode !== 'enforce' && rank !== 0) return 'mode';
  if (rank >= FIRST_BARRIER && !isEnforcing(config)) return 'not_enforced';
  return isAllowed(config, isSkipOfMfa(effect) ? 'skip_mfa' : ceiling) ? null : 'ceiling';
}

function make(effect, context, table) {
  try {
    const call = table[effect.call].make(effect.args, context);
    if (call === null) return 'arguments';
    call();
    return null;
  } catch {
    return 'failed';
  }
}

// Makes the effects of an answer by the trigger's `table`, in its order. One that may not or cannot be made is skipped and
// listed as `call:why`, and never stops the others. `isBarrierLost` says that a demanded step-up or denial was not made.
function interpret(answer, event, api, config, table) {
  const skipped = [];
  const context = { event, api, config, decisionId: answer.decisionId };
  const allowed = [];
  const lost = [];
  for (const effect of answer.effects) {
    const why = refusal(effect, answer.mode, config, table);
    if (why === null) allowed.push(effect);
    else skipped.push(`${effect.call.replace(/[^A-Za-z.]/g, '')}:${why}`);
    // Why: redirects are off by default, so nobody chose to go without this barrier.
    if (why === 'ceiling' && isRedirect(effect)) lost.push(effect);
  }
  const barriers = allowed.filter((effect) => table[effect.call].rank >= FIRST_BARRIER && !isSkipOfMfa(effect));
  const made = [];
  allowed.sort((one, other) => table[one.call].rank - table[other.call].rank);
  for (const effect of allowed) {
    // Why: of skipping MFA and asking for it the stricter counts; and who is challenged here is not sent elsewhere too.
    const isContradicted = isSkipOfMfa(effect) ? barriers.length > 0 : isRedirect(effect) && made.length > 0;
    const why = isContradicted ? 'contradicted' : make(effect, context, table);
    if (why !== null) skipped.push(`${effect.call}:${why}`);
    if (!barriers.includes(effect)) continue;
    if (why === null) made.push(effect);
    else if (!isContradicted) lost.push(effect);
  }
  // A denial stands, whatever failed before it, and a challenge for a redirect.
  const isDenied = made.some((effect) => table[effect.call].isDenial === true);
  const isMet = isDenied || lost.length === 0 || (made.length > 0 && lost.every(isRedirect));
  return { skipped, isBarrierLost: !isMet };
}

module.exports = { interpret };
