'use strict';

const { isRecord } = require('./values');
const { failure } = require('./call');

const MODES = ['off', 'audit', 'advisory', 'enforce'];
// A machine's token may lose many scopes, one an effect.
const maxEffects = (trigger) => (trigger === 'credentials-exchange' ? 128 : 16);
const MAX_ARGS = 4;

function isDecisionId(value) {
  return typeof value === 'string' && /^dec_[A-Za-z0-9_-]{1,128}$/.test(value);
}

function isEffect(value) {
  return (
    isRecord(value) &&
    typeof value.call === 'string' &&
    value.call.length <= 64 &&
    Array.isArray(value.args) &&
    value.args.length <= MAX_ARGS
  );
}

function isDuration(value) {
  return typeof value === 'number' && value >= 0;
}

// Switched off, the service decides nothing, so that answer has no id.
function hasSoundId(answer) {
  return isDecisionId(answer.decision_id) || (answer.mode === 'off' && answer.decision_id === null);
}

// The parts of an answer for a trigger that are used, from its bytes; `validForMs` is infinite when it names no bound. Throws `bad_answer`
// when one of them has another type.
function readAnswer(bytes, trigger) {
  let answer;
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw failure('bad_answer');
  }
  const { valid_for_ms: validForMs = Infinity } = isRecord(answer) ? answer : {};
  const isSound =
    isRecord(answer) &&
    hasSoundId(answer) &&
    answer.trigger === trigger &&
    MODES.includes(answer.mode) &&
    Array.isArray(answer.effects) &&
    answer.effects.length <= maxEffects(trigger) &&
    isDuration(validForMs) &&
    answer.effects.every(isEffect);
  if (!isSound) throw failure('bad_answer');
  return { decisionId: answer.decision_id, mode: answer.mode, effects: answer.effects, validForMs };
}

module.exports = { readAnswer, isDecisionId };
