'use strict';

const { dig, listOf, within, attempt } = require('./values');
const { writeRequest } = require('./request');
const { signingKey, newMessageId, signedHeaders, isSignedAnswer } = require('./sign');
const { post, endpoint, failure } = require('./call');
const { readAnswer } = require('./answer');
const { mayCall, recordFailure, recordAnswer } = require('./breaker');

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
async function ask(event, api, config, flow) {
  let cache;
  attempt(() => {
    cache = api.cache;
  });
  const deadlineMs = within(config.deadline_ms, 50, 5000, 800);
  if (!mayCall(cache, config, Date.now())) return { failed: 'breaker_open' };
  try {
    const body = writeRequest(event, config, deadlineMs, flow);
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
    const answer = readAnswer(bytes, flow.trigger);
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

// Tells what became of a decision. Best effort: it never throws, and nobody waits for it over 300 ms.
async function sendOutcome(event, outcome) {
  try {
    await send(event, '/v1/outcomes', JSON.stringify(outcome), OUTCOME_DEADLINE_MS, 4096);
  } catch {
    // The ledger then lacks this outcome; the tenant's log has it.
  }
}

module.exports = { isOff, isExempt, ask, sendOutcome };
