'use strict';

const { dig, listOf, within, attempt } = require('./values');
const { requestBody } = require('./fields');
const { signingKey, newMessageId, signedHeaders, isSignedAnswer } = require('./sign');
const { post, endpoint, failure } = require('./call');
const { readAnswer, isDecisionId } = require('./answer');
const { mayCall, recordFailure, recordAnswer } = require('./breaker');
const { newestMfa, timeOf, CHALLENGE_FACTORS } = require('./challenge');
const { stamp } = require('./mark');
const { isEnforcing, scoped, reachOf } = require('./reach');
const { applyFallback, STEP_UP_REQUIRED } = require('./fallback');
const { applyEffects } = require('./effects');

// The service refused this request, which says nothing about its health.
const REFUSALS = [400, 409, 413, 422];
const OUTCOME_DEADLINE_MS = 300;

// Whether the operator switched us off: any value but empty, 0 or false.
function isOff(event) {
  const value = dig(event, 'secrets', 'COUNTERSIGN_OFF');
  if (value === undefined || value === null) return false;
  return !['', '0', 'false'].includes(String(value).trim().toLowerCase());
}

function isExempt(event, config) {
  return (
    listOf(dig(config, 'break_glass', 'user_ids')).includes(dig(event, 'user', 'user_id')) ||
    listOf(dig(config, 'break_glass', 'client_ids')).includes(dig(event, 'client', 'client_id'))
  );
}

// Sends a signed body. Resolves to the status and, for 200, the bytes of an answer whose signature holds.
async function send(event, path, body, deadlineMs, maxBytes) {
  const url = endpoint(dig(event, 'secrets', 'COUNTERSIGN_URL'), path);
  const key = signingKey(dig(event, 'secrets', 'COUNTERSIGN_KEY'));
  const tenant = dig(event, 'tenant', 'id');
  // Why: the tenant becomes a header, so it must be one word.
  if (url === null || key === null || typeof tenant !== 'string' || !/^[A-Za-z0-9._-]{1,128}$/.test(tenant)) {
    throw failure('misconfigured');
  }
  const id = newMessageId();
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'countersign-tenant': tenant,
    ...signedHeaders(key, id, Date.now(), body),
  };
  const answer = await post(url, headers, body, deadlineMs, maxBytes);
  if (answer.status === 200 && !isSignedAnswer(key, id, answer.body, answer.signature)) throw failure('bad_signature');
  return answer;
}

// Asks the service: `{answer}`, `{refused: true}` or `{failed: reason}`. Never rejects.
async function ask(event, api, config) {
  let cache;
  attempt(() => {
    cache = api.cache;
  });
  const deadlineMs = within(config.deadline_ms, 50, 5000, 800);
  if (!mayCall(cache, config, Date.now())) return { failed: 'breaker_open' };
  try {
    const body = requestBody(event, config, deadlineMs);
    const sentAt = Date.now();
    const { status, body: bytes } = await send(
      event,
      '/v1/decisions',
      body,
      deadlineMs,
      within(config.max_answer_bytes, 1024, 1048576, 65536),
    );
    if (REFUSALS.includes(status)) {
      recordAnswer(cache, config, Date.now(), true);
      return { refused: true };
    }
    if (status !== 200) throw failure(`status_${status}`);
    const answer = readAnswer(bytes);
    // Why: what was decided for then may be wrong now, and the service counts on nobody acting on it.
    if (Date.now() - sentAt > answer.validForMs) throw failure('expired');
    recordAnswer(cache, config, Date.now(), false);
    return { answer };
  } catch (error) {
    const reason = typeof error.reason === 'string' ? error.reason : 'internal';
    // Why: what went wrong on our own side must not keep others from a service that is well.
    if (reason !== 'misconfigured' && reason !== 'internal') recordFailure(cache, config, Date.now());
    return { failed: reason };
  }
}

// Leaves a short word of ours in the transaction, where later Actions and the continue handler find it.
function note(api, name, value) {
  attempt(() => api.transaction.setMetadata(name, value));
}

// Leaves the time of the newest MFA, so that the continue handler can tell a challenge passed since from an older one.
function noteNewestMfa(event, api) {
  const newest = newestMfa(event);
  note(api, 'countersign_mfa_at', newest === null ? 'none' : new Date(newest.at).toISOString());
}

// One line for the Action's log: words of ours, never anything from the event.
function report(text) {
  attempt(() => console.log(`countersign: ${text}`));
}

function fallBack(event, api, config, reason) {
  const applied = applyFallback(event, api, config, reason, Date.now());
  note(api, 'countersign_fallback', reason);
  report(`fallback ${reason}, ${applied}`);
}

function applyAnswer(event, api, config, answer) {
  if (answer.mode === 'off') return;
  note(api, 'countersign_decision', answer.decisionId);
  noteNewestMfa(event, api);
  const { skipped, isBarrierLost } = applyEffects(answer, event, api, config);
  if (skipped.length > 0) {
    const list = skipped.join(',').slice(0, 1024);
    note(api, 'countersign_skipped', list);
    report(`skipped ${list.slice(0, 200)}`);
  }
  if (isBarrierLost) fallBack(event, api, config, 'effect_failed');
}

// Decides one sign-in. Never throws and never takes longer than the deadline.
async function decidePostLogin(event, platform, configured) {
  const config = scoped(event, configured);
  const api = reachOf(platform, config);
  try {
    if (isOff(event)) return;
    if (isExempt(event, config)) {
      stamp(event, api, config, 'exempt_at', Date.now());
      return;
    }
    const { answer, refused, failed } = await ask(event, api, config);
    if (answer !== undefined) applyAnswer(event, api, config, answer);
    else fallBack(event, api, config, refused === true ? 'refused' : failed);
  } catch {
    // Why: nothing above throws for an event that Auth0 can send. If one does, it must not buy an allow.
    if (isEnforcing(config)) attempt(() => api.access.deny(STEP_UP_REQUIRED));
  }
}

// The MFA passed since `noted`, or null. Why null is no failure: this runs only when a challenge has ended well, so
// without a newer method nothing shows how it ended.
function passedSince(event, noted) {
  const newest = newestMfa(event);
  const before = noted === 'none' ? -Infinity : timeOf(noted);
  return newest !== null && newest.at > before ? newest : null;
}

// Reports a challenge that was passed. Best effort: it never throws, applies nothing, and nobody waits for it over 300 ms.
async function reportOutcome(event, config) {
  try {
    const decisionId = dig(event, 'transaction', 'metadata', 'countersign_decision');
    const isOurs = !isOff(event) && !isExempt(event, config) && isDecisionId(decisionId);
    if (!isOurs) return;
    const passed = passedSince(event, dig(event, 'transaction', 'metadata', 'countersign_mfa_at'));
    if (passed === null) return;
    const factor = CHALLENGE_FACTORS.includes(passed.type) ? { factor: passed.type } : {};
    const outcome = { decision_id: decisionId, kind: 'challenge_passed', ...factor };
    await send(event, '/v1/outcomes', JSON.stringify(outcome), OUTCOME_DEADLINE_MS, 4096);
  } catch {
    // The ledger then lacks this outcome; the tenant's log has it.
  }
}

module.exports = { decidePostLogin, reportOutcome };
