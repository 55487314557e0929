'use strict';

const { attempt } = require('./values');
const { isOff, isExempt, ask } = require('./service');
const { isEnforcing, scoped, reachOf } = require('./reach');
const { interpret } = require('./interpret');

// One line for the Action's log: words of ours, never anything from the event.
function report(text) {
  attempt(() => console.log(`countersign: ${text}`));
}

function fallBack(event, api, config, flow, reason) {
  const applied = flow.applyFallback(event, api, config, reason, Date.now());
  flow.note?.(api, 'countersign_fallback', reason);
  report(`fallback ${reason}, ${applied}`);
}

// Makes what was answered; gives why no decision stands behind the outcome, if none does.
function applyAnswer(event, api, config, flow, answer) {
  if (answer.mode === 'off') return 'off';
  flow.note?.(api, 'countersign_decision', answer.decisionId);
  flow.noteEvent?.(event, api);
  const { skipped, isBarrierLost } = interpret(answer, event, api, config, flow.effects);
  if (skipped.length > 0) {
    const list = skipped.join(',').slice(0, 1024);
    flow.note?.(api, 'countersign_skipped', list);
    report(`skipped ${list.slice(0, 200)}`);
  }
  if (!isBarrierLost) return null;
  fallBack(event, api, config, flow, 'effect_failed');
  return 'effect_failed';
}

// Decides one transaction by the `flow` of its trigger. Never throws and never takes longer than the deadline. Resolves to
// the decision's id, if there is one, and to a `cause` when no decision stands behind the outcome: `off`, `exempt`, or why
// the local table applied.
async function decide(event, platform, configured, flow) {
  const config = scoped(event, configured);
  const api = reachOf(platform, config, flow.harmless);
  try {
    if (isOff(event)) return { decisionId: null, cause: 'off' };
    if (isExempt(event, config)) {
      flow.exempt?.(event, api, config, Date.now());
      report('exempt');
      return { decisionId: null, cause: 'exempt' };
    }
    const { answer, refused, failed } = await ask(event, api, config, flow);
    if (answer !== undefined) return { decisionId: answer.decisionId, cause: applyAnswer(event, api, config, flow, answer) };
    const cause = refused === true ? 'refused' : failed;
    fallBack(event, api, config, flow, cause);
    return { decisionId: null, cause };
  } catch {
    // Why: nothing above throws for an event that Auth0 can send. If one does, it must not buy an allow.
    if (isEnforcing(config)) attempt(() => flow.onFault(api, config));
    return { decisionId: null, cause: 'internal' };
  }
}

module.exports = { decide };
