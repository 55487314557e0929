// The built Action against a peer that fails in every way: it ends within its budget, does what the table says, and no
// answer that is not ours buys an allow.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCache } from '../../crates/sandbox/node/api.mjs';
import { callsOf, fixture, loadAction, run } from './action.mjs';
import { answers, decision, faults, isSignedRequest, refusingAddress, startPeer } from './peer.mjs';

// Why two: a short one where the deadline itself is the claim, a long one where a loaded machine must not reach it.
const QUICK_MS = 300;
const PATIENT_MS = 4000;
const SLACK_MS = 250;
const within = (ms) => [['deadline_ms: 800', `deadline_ms: ${ms}`]];
const quick = loadAction(within(QUICK_MS));
const action = loadAction(within(PATIENT_MS));

const low = () => fixture('post-login.high-risk');
function enrolled(event) {
  event.user.enrolledFactors = [{ type: 'otp' }];
  return event;
}
function contained(event) {
  event.user.app_metadata.countersign = { contained: true, by: 'inc_1' };
  return event;
}

async function withPeer(script, use) {
  const peer = await startPeer(script);
  try {
    return await use(peer);
  } finally {
    await peer.close();
  }
}

// What the table says of an ordinary, a doubtful and a contained sign-in while the service is unavailable.
async function expectFallback(url, reason) {
  const cases = [[fixture(), 'allow'], [enrolled(low()), 'challenge'], [contained(fixture()), 'deny']];
  const [chosen, deadlineMs] = reason.source === '^timeout$' ? [quick, QUICK_MS] : [action, PATIENT_MS];
  for (const [event, wanted] of cases) {
    const result = await run(chosen, { event, url });
    assert.equal(result.decision, wanted, reason);
    assert.ok(result.ms < deadlineMs + SLACK_MS, `${reason} took ${Math.round(result.ms)} ms`);
    assert.match(result.transaction_metadata.countersign_fallback, reason);
    assert.deepEqual(Object.keys(result.app_metadata), wanted === 'allow' ? ['countersign_last'] : []);
  }
}

const UNAVAILABLE = {
  reset: /^network$/,
  hung: /^timeout$/,
  slowHeaders: /^timeout$/,
  slowBody: /^timeout$/,
  endlessBody: /^too_large$/,
  redirect: /^status_307$/,
  truncated: /^network$/,
  notHttp: /^network$/,
  garbage: /^bad_answer$/,
  oversized: /^too_large$/,
  wrongKey: /^bad_signature$/,
  unsigned: /^bad_signature$/,
  forged: /^bad_signature$/,
  replayed: /^bad_signature$/,
};
for (const [name, reason] of Object.entries(UNAVAILABLE)) {
  test(`unavailable by ${name}: the local table applies in time`, () =>
    withPeer(() => faults[name], async (peer) => {
      await expectFallback(peer.url, reason);
      assert.equal(peer.requests.length, 3, 'one request each: no retry, no redirect followed');
    }));
}
for (const status of [204, 301, 401, 403, 404, 429, 500, 502, 503]) {
  test(`unavailable by status ${status}: the local table applies`, () =>
    withPeer(() => answers.status(status), (peer) => expectFallback(peer.url, new RegExp(`^status_${status}$`))));
}
test('unavailable because nobody listens: the local table applies', async () => expectFallback(await refusingAddress(), /^network$/));

test('unavailable because it is not set up: nothing is sent and the local table applies', () =>
  withPeer(() => answers.effects([]), async (peer) => {
    const broken = [{ COUNTERSIGN_URL: 'http://cs.example.com' }, { COUNTERSIGN_URL: '' }, { COUNTERSIGN_KEY: 'whsec_short' }, { COUNTERSIGN_KEY: undefined }];
    for (const secrets of broken) {
      const result = await run(action, { event: contained(fixture()), url: peer.url, secrets });
      assert.equal(result.decision, 'deny');
      assert.equal(result.transaction_metadata.countersign_fallback, 'misconfigured');
    }
    assert.equal(peer.requests.length, 0);
  }));

for (const status of [400, 409, 413, 422]) {
  test(`refused by status ${status}: \`on_reject\` applies and the breaker is not fed`, () =>
    withPeer(() => answers.status(status), async (peer) => {
      const cache = createCache();
      for (let n = 0; n < 8; n += 1) assert.equal((await run(action, { url: peer.url, cache })).decision, 'challenge');
      assert.equal(peer.requests.length, 8);
      assert.equal((await run(action, { event: fixture('post-login.refresh-token'), url: peer.url })).decision, 'deny');
      const lenient = loadAction([...within(PATIENT_MS), ["on_reject: 'challenge'", "on_reject: 'allow'"]]);
      assert.equal((await run(lenient, { url: peer.url })).decision, 'allow');
      assert.equal((await run(lenient, { event: contained(fixture()), url: peer.url })).decision, 'deny');
    }));
}

for (const status of [400, 409, 413, 422]) {
  test(`refused by status ${status}: federated people get in, contained ones do not`, () =>
    withPeer(() => answers.status(status), async (peer) => {
      const federated = (event) => Object.assign(event, { connection: { ...event.connection, strategy: 'waad' } });
      for (const event of [fixture(), low(), fixture('post-login.refresh-token')]) {
        event.authorization.roles = ['admin'];
        event.user.enrolledFactors = [];
        assert.equal((await run(action, { event: federated(event), url: peer.url })).decision, 'allow');
      }
      assert.equal((await run(action, { event: contained(federated(fixture())), url: peer.url })).decision, 'deny');
    }));
}

test('the breaker opens, spares the service, and closes again', async () => {
  let script = faults.reset;
  await withPeer(() => (...call) => script(...call), async (peer) => {
    const brief = loadAction([...within(PATIENT_MS), ['open_ms: 15000', 'open_ms: 150']]);
    const cache = createCache();
    for (let n = 0; n < 9; n += 1) assert.equal((await run(brief, { url: peer.url, cache })).decision, 'allow');
    assert.equal(peer.requests.length, 5);
    script = answers.effects([{ call: 'access.deny', args: ['no'] }]);
    const deadline = Date.now() + 3000;
    let decided = 'allow';
    while (decided === 'allow' && Date.now() < deadline) decided = (await run(brief, { url: peer.url, cache })).decision;
    assert.equal(decided, 'deny');
    assert.equal(cache.get('countersign_breaker'), undefined);
  });
});

test('an answer that took longer than it is valid is none', async () => {
  const deny = { call: 'access.deny', args: ['no'] };
  const late = (ms) => (...call) => setTimeout(() => answers.effects([deny], { valid_for_ms: ms })(...call), 150);
  await withPeer(() => late(100), (peer) => expectFallback(peer.url, /^expired$/));
  await withPeer(() => late(3500), async (peer) => assert.equal((await run(action, { url: peer.url })).decision, 'deny'));
  await withPeer(() => late(100), async (peer) => {
    const cache = createCache();
    for (let n = 0; n < 6; n += 1) await run(action, { url: peer.url, cache });
    assert.equal(peer.requests.length, 5, 'the breaker counts it');
  });
});

test('an answer is asked for with a signed, bounded request and applied', () =>
  withPeer(() => answers.effects([{ call: 'authentication.challengeWithAny', args: [[{ type: 'otp' }]] }]), async (peer) => {
    const result = await run(action, { url: peer.url });
    assert.deepEqual([result.decision, result.challenge], ['challenge', [{ type: 'otp' }]]);
    assert.deepEqual(result.transaction_metadata, { countersign_decision: 'dec_0123456789', countersign_mfa_at: 'none' });
    const [{ method, url, headers, body }] = peer.requests;
    assert.deepEqual([method, url, headers['content-type']], ['POST', '/v1/decisions', 'application/json']);
    assert.equal(headers['countersign-tenant'], 'example-tenant');
    assert.match(headers['webhook-id'], /^msg_[0-9a-f]{32}$/);
    assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 5);
    assert.ok(isSignedRequest({ headers, body }));
    assert.equal(JSON.parse(body).deadline_ms, PATIENT_MS);
  }));

test('effects above the ceiling and unknown ones are skipped, recorded, and stop nothing', () => {
  const asked = ['multifactor.enable', 'accessToken.addScope', 'authentication.setPrimaryUser', 'no.such'].map((call) => ({ call, args: ['none'] }));
  const claim = { call: 'idToken.setCustomClaim', args: ['https://countersign.example/risk_level', 'low'] };
  return withPeer(() => answers.effects([...asked, claim]), async (peer) => {
    const result = await run(action, { url: peer.url });
    assert.equal(result.decision, 'allow');
    assert.deepEqual(callsOf(result).filter((call) => call !== 'transaction.setMetadata'), ['idToken.setCustomClaim']);
    const wanted = 'multifactor.enable:ceiling,accessToken.addScope:unknown,authentication.setPrimaryUser:unknown,no.such:unknown';
    assert.equal(result.transaction_metadata.countersign_skipped, wanted);
  });
});

test('a demanded challenge that cannot be made falls back to the local table', () =>
  withPeer(() => answers.effects([{ call: 'authentication.challengeWith', args: [{ type: 'smoke-signal' }] }]), async (peer) => {
    assert.equal((await run(action, { url: peer.url })).decision, 'challenge');
    assert.equal((await run(action, { event: low(), url: peer.url })).decision, 'deny', 'no factor remains');
    assert.equal((await run(action, { event: contained(fixture()), url: peer.url })).decision, 'deny');
  }));

test('mode off applies nothing and is no failure, with or without a decision', async () => {
  for (const id of ['dec_1', null]) {
    const off = decision([{ call: 'access.deny', args: ['no'] }], { mode: 'off', decision_id: id });
    await withPeer(() => answers.json(off), async (peer) => {
      const { decision: decided, calls } = await run(action, { event: contained(fixture()), url: peer.url });
      assert.deepEqual([decided, calls], ['allow', []]);
    });
  }
});

test('text that an attacker sizes never makes the request invalid', () =>
  withPeer((request) => answers.status(isSignedRequest(request) && request.body.length <= 49_152 ? 503 : 400), async (peer) => {
    for (const filler of ['x', '"', '\u0000', '\ud800', '😀', '\r\nx-evil: 1\r\n']) {
      const event = contained(fixture());
      const long = filler.repeat(100_000);
      Object.assign(event.request, { user_agent: long, language: long, query: { prompt: long } });
      Object.assign(event.transaction, { requested_scopes: Array(60).fill(long), acr_values: Array(60).fill(long), correlation_id: long });
      const result = await run(action, { event, url: peer.url });
      assert.equal(result.decision, 'deny');
      assert.equal(result.transaction_metadata.countersign_fallback, 'status_503');
    }
  }));

test('a hundred at once end within the budget while the service hangs', () =>
  withPeer(() => faults.hung, async (peer) => {
    const results = await Promise.all(Array.from({ length: 100 }, () => run(quick, { event: enrolled(low()), url: peer.url })));
    for (const { decision: decided, ms } of results) {
      assert.equal(decided, 'challenge');
      assert.ok(ms < QUICK_MS + SLACK_MS, `${Math.round(ms)} ms`);
    }
  }));

test('a hundred at once are each answered with their own decision', () => {
  let count = 0;
  return withPeer(() => answers.effects([], { decision_id: `dec_${(count += 1)}` }), async (peer) => {
    const results = await Promise.all(Array.from({ length: 100 }, () => run(action, { url: peer.url })));
    const ids = new Set(results.map((result) => result.transaction_metadata.countersign_decision));
    assert.equal(ids.size, 100);
  });
});
