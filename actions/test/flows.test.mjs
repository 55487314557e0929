// Every built Action and guard against a peer that fails in every way. A built file without a row in `flows.mjs` fails.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { createCache } from '../../crates/sandbox/node/api.mjs';
import { callsOf, distOf, loadShipped } from './action.mjs';
import { FLOWS, deadlineOf, eventOf, loadFlow, runFlow, triggerOf } from './flows.mjs';
import { answers, decision, faults, isSignedRequest, refusingAddress, withPeer } from './peer.mjs';

// Why two: a short one where the deadline itself is the claim, a long one where a loaded machine must not reach it.
const QUICK_MS = 300;
const PATIENT_MS = 4000;
const SLACK_MS = 500;

const NAMES = Object.keys(FLOWS);
const answerOf = (name, effects, more = {}) => answers.json(decision(effects, { trigger: triggerOf(name), ...more }));

test('each built file has a row', () => {
  const built = readdirSync(new URL('../dist/', import.meta.url));
  assert.deepEqual(built.sort(), NAMES.map((name) => `${name}.js`).sort());
});

test('each built file is small, requires only crypto and names no forbidden call', () => {
  for (const name of NAMES) {
    const text = readFileSync(distOf(name), 'utf8');
    assert.ok(Buffer.byteLength(text) <= 75_000, name);
    assert.deepEqual(text.match(/require\([^)]*\)/g), ["require('crypto')"], name);
    const code = text.replace(/^\s*\/\/.*$/gm, '');
    assert.doesNotMatch(code, /addScope|addTargetScope|setTargetScopes|setPrimaryUser|setUserBy|setActor|setUserMetadata|session\.revoke|process\.|eval\(|\.(text|json)\(\)/, name);
    assert.equal(code.includes('api.redirect'), FLOWS[name].barriers.includes('redirect.sendUserTo'), name);
    for (const secret of ['message_options.code', 'subject_token:', 'actor_token:', 'recipient', 'request.body']) assert.ok(!code.includes(secret), `${name}: ${secret}`);
    const exported = Object.keys(loadShipped([], [], name));
    assert.deepEqual(exported, FLOWS[name].isGuard ? ['guard'] : exported.filter((key) => /^on(Execute|Continue)/.test(key)), name);
    assert.ok(FLOWS[name].isGuard || exported.includes(FLOWS[name].handler), name);
  }
});

test('a guard leaves every name free for the code that it is pasted above', () => {
  for (const name of NAMES.filter((one) => FLOWS[one].isGuard)) {
    const text = readFileSync(distOf(name), 'utf8');
    assert.match(text, /^\/\/[^\n]*\n\(\(\) => \{\n/);
    assert.match(text, /\n\}\)\(\);\n$/);
  }
});

const UNAVAILABLE = {
  reset: 'network', hung: 'timeout', slowHeaders: 'timeout', slowBody: 'timeout', endlessBody: 'too_large', redirect: 'status_307', truncated: 'network',
  notHttp: 'network', garbage: 'bad_answer', oversized: 'too_large', wrongKey: 'bad_signature', unsigned: 'bad_signature', forged: 'bad_signature', replayed: 'bad_signature',
};

// Signed answers that are none for this trigger.
function unsound(name) {
  const deny = FLOWS[name].denial ?? { call: 'access.deny', args: ['no'] };
  const foreign = NAMES.filter((other) => other !== name).map(triggerOf);
  return [
    ...foreign.map((trigger) => decision([deny], { trigger })),
    ...[undefined, null, 7, [triggerOf(name)], 'risk', `${triggerOf(name)} `].map((trigger) => decision([deny], { trigger })),
    ...[{ mode: 'shadow' }, { effects: {} }, { effects: null }, { effects: Array(129).fill(deny) }, { effects: [{ call: deny.call }] }, { decision_id: null }, { decision_id: 'dec_' }, { valid_for_ms: '1' }].map((more) => decision([deny], { trigger: triggerOf(name), ...more })),
  ].map((answer) => answers.json(answer));
}

for (const name of NAMES) {
  const { cases, isReport } = FLOWS[name];

  // What the local table says in each case, the reason in the log, and the time it took.
  async function expectFallback(url, reason, ms) {
    for (const [edit, edits, wanted] of cases) {
      const log = [];
      const action = loadFlow(name, [deadlineOf(name, ms), ...edits], log);
      const result = await runFlow(name, action, { event: eventOf(name, edit), url });
      assert.equal(result.verdict, wanted, reason);
      assert.ok(result.ms < ms + SLACK_MS, `${reason} took ${Math.round(result.ms)} ms`);
      assert.deepEqual(log, [`countersign: fallback ${reason}, ${isReport ? 'nothing to do' : wanted}`]);
      if (FLOWS[name].isGuard) assert.deepEqual(result.answer, { allow: wanted === 'allow', reason: wanted === 'allow' ? reason : 'refused', decision_id: null, degraded: true });
    }
  }

  test(`${name}: unavailable in every way, the local table applies in time`, async () => {
    for (const [fault, reason] of Object.entries(UNAVAILABLE)) {
      await withPeer(() => faults[fault], async (peer) => {
        await expectFallback(peer.url, reason, reason === 'timeout' ? QUICK_MS : PATIENT_MS);
        assert.equal(peer.requests.length, cases.length, `${fault}: one request each, no retry, no redirect followed`);
      });
    }
    for (const status of [204, 301, 401, 403, 404, 429, 500, 502, 503]) await withPeer(() => answers.status(status), (peer) => expectFallback(peer.url, `status_${status}`, PATIENT_MS));
    await expectFallback(await refusingAddress(), 'network', PATIENT_MS);
  });

  test(`${name}: a signed answer that is none for this trigger falls back`, async () => {
    for (const script of unsound(name)) await withPeer(() => script, (peer) => expectFallback(peer.url, 'bad_answer', PATIENT_MS));
    const late = (...call) => setTimeout(() => answerOf(name, [], { valid_for_ms: 50 })(...call), 120);
    await withPeer(() => late, (peer) => expectFallback(peer.url, 'expired', PATIENT_MS));
  });

  test(`${name}: not set up, nothing is sent`, () =>
    withPeer(() => answerOf(name, []), async (peer) => {
      for (const secrets of [{ COUNTERSIGN_URL: 'http://cs.example.com' }, { COUNTERSIGN_KEY: 'whsec_short' }, { COUNTERSIGN_KEY: undefined }, { COUNTERSIGN_URL: undefined }]) {
        assert.equal((await runFlow(name, loadFlow(name), { url: peer.url, secrets })).verdict, 'allow');
      }
      assert.equal(peer.requests.length, 0);
    }));

  test(`${name}: refused, \`on_reject\` applies and the breaker is not fed`, async () => {
    for (const status of [400, 409, 413, 422]) {
      await withPeer(() => answers.status(status), async (peer) => {
        const cache = createCache();
        const action = loadFlow(name, [deadlineOf(name, PATIENT_MS), ...(FLOWS[name].strict ?? [])]);
        for (let n = 0; n < 7; n += 1) assert.equal((await runFlow(name, action, { url: peer.url, cache })).verdict, FLOWS[name].rejected ?? 'allow');
        assert.equal(peer.requests.length, 7);
      });
    }
  });

  test(`${name}: the breaker opens and spares the service`, () =>
    withPeer(() => faults.reset, async (peer) => {
      const cache = createCache();
      for (let n = 0; n < 9; n += 1) assert.equal((await runFlow(name, loadFlow(name, [deadlineOf(name, PATIENT_MS)]), { url: peer.url, cache })).verdict, 'allow');
      assert.equal(peer.requests.length, 5);
    }));

  test(`${name}: it asks with a signed request of its own trigger and applies a denial, if it can`, () => {
    const { denial } = FLOWS[name];
    return withPeer(() => answerOf(name, denial ? [denial] : []), async (peer) => {
      const result = await runFlow(name, loadFlow(name, [deadlineOf(name, PATIENT_MS)]), { url: peer.url });
      assert.equal(result.verdict, denial ? 'deny' : 'allow');
      if (FLOWS[name].isGuard) assert.deepEqual(result.answer, { allow: false, reason: 'refused: dec_1', decision_id: 'dec_0123456789', degraded: false });
      const [request] = peer.requests;
      assert.ok(isSignedRequest(request));
      const { trigger, action, truncated, event } = JSON.parse(request.body);
      assert.deepEqual([trigger, action.name, truncated, event.tenant], [triggerOf(name), `countersign-${triggerOf(name)}`, [], { id: 'example-tenant' }]);
    });
  });

  test(`${name}: calls of another trigger, and calls that nobody knows, are never made`, async () => {
    const foreign = [...new Set(NAMES.flatMap((other) => [...FLOWS[other].barriers, ...FLOWS[other].harmless]))];
    const unknown = ['accessToken.addScope', 'transaction.setTargetScopes', 'authentication.setUserById', 'authentication.setPrimaryUser', 'session.revoke', 'user.setUserMetadata', 'prompt.render', 'constructor', '__proto__', 'cache.delete'];
    const known = [...FLOWS[name].barriers, ...FLOWS[name].harmless, ...(name === 'guard-send-phone-message' ? ['guard.refuse'] : [])];
    const asked = [...foreign, ...unknown, 'guard.refuse'].filter((call) => !known.includes(call));
    for (const call of asked) {
      for (const args of [[], ['https://evil.example/', {}], [[{ type: 'otp' }]]]) {
        await withPeer(() => answerOf(name, [{ call, args }]), async (peer) => {
          const log = [];
          const result = await runFlow(name, loadFlow(name, [deadlineOf(name, PATIENT_MS)], log), { url: peer.url });
          assert.deepEqual([result.verdict, callsOf(result).filter((one) => one !== 'transaction.setMetadata')], ['allow', []], call);
          assert.match(log.join('\n'), /^countersign: skipped [A-Za-z.]*:unknown$/);
        });
      }
    }
  });

  test(`${name}: as shipped, no answer, fault or refusal changes anything`, async () => {
    const { barriers, harmless, denial } = FLOWS[name];
    const effects = [...barriers.map((call) => ({ call, args: ['invalid_request', 'no'] })), ...(denial ? [denial] : [])];
    const scripts = [answerOf(name, effects.slice(0, 16)), answerOf(name, effects.slice(0, 16), { mode: 'audit' }), answers.status(422), answers.status(500), faults.reset, faults.garbage];
    for (const script of scripts) {
      await withPeer(() => script, async (peer) => {
        for (const [edit, edits] of cases) {
          const result = await runFlow(name, loadShipped([deadlineOf(name, PATIENT_MS), ...edits], [], name), { event: eventOf(name, edit), url: peer.url });
          assert.equal(result.verdict, 'allow');
          for (const call of callsOf(result)) assert.ok(harmless.includes(call), call);
        }
      });
    }
  });

  test(`${name}: switched off it does nothing at all`, () =>
    withPeer(() => answerOf(name, FLOWS[name].denial ? [FLOWS[name].denial] : []), async (peer) => {
      for (const [edit, edits] of cases) {
        const result = await runFlow(name, loadFlow(name, edits), { event: eventOf(name, edit), url: peer.url, secrets: { COUNTERSIGN_OFF: '1' } });
        assert.deepEqual([result.verdict, result.calls], ['allow', []]);
        if (FLOWS[name].isGuard) assert.deepEqual(result.answer, { allow: true, reason: 'off', decision_id: null, degraded: true });
      }
      assert.equal(peer.requests.length, 0);
    }));

  test(`${name}: in mode off nothing is touched`, () =>
    withPeer(() => answerOf(name, FLOWS[name].denial ? [FLOWS[name].denial] : [], { mode: 'off', decision_id: null }), async (peer) => {
      const result = await runFlow(name, loadFlow(name, [deadlineOf(name, PATIENT_MS)]), { url: peer.url });
      assert.deepEqual([result.verdict, result.calls], ['allow', []]);
      if (FLOWS[name].isGuard) assert.deepEqual(result.answer, { allow: true, reason: 'off', decision_id: null, degraded: true });
    }));

  test(`${name}: whoever is exempt is let through unasked, and that is logged without naming anybody`, () =>
    withPeer(() => answerOf(name, FLOWS[name].denial ? [FLOWS[name].denial] : []), async (peer) => {
      const event = eventOf(name, cases.at(-1)[0]);
      const ids = { user_ids: event.user?.user_id, client_ids: event.client?.client_id };
      const shipped = readFileSync(distOf(name), 'utf8');
      for (const [list, id] of Object.entries(ids).filter(([list, id]) => id !== undefined && shipped.includes(`${list}: []`))) {
        const log = [];
        const result = await runFlow(name, loadFlow(name, [[`${list}: []`, `${list}: ['${id}']`], ...cases.at(-1)[1]], log), { event, url: peer.url });
        assert.deepEqual([result.verdict, log], ['allow', ['countersign: exempt']]);
        assert.ok(callsOf(result).every((call) => call === 'user.setAppMetadata'));
        if (FLOWS[name].isGuard) assert.deepEqual(result.answer, { allow: true, reason: 'exempt', decision_id: null, degraded: true });
      }
      assert.equal(peer.requests.length, 0);
    }));

  test(`${name}: it never throws, whatever event and api are`, async () => {
    const hostile = [undefined, null, 7, 'x', [], {}, { user: null }, { user: { app_metadata: 7 }, secrets: 7 }, new Proxy({}, { get() { throw new Error('hostile'); } })];
    const action = loadFlow(name);
    for (const event of hostile) {
      for (const api of hostile) {
        for (const [handler, call] of Object.entries(action)) {
          const answer = await call(event, api);
          if (handler !== 'guard') assert.equal(answer, undefined);
          else assert.deepEqual(Object.keys(answer), ['allow', 'reason', 'decision_id', 'degraded']);
        }
      }
    }
  });

  test(`${name}: text that an attacker sizes never makes the request invalid`, () =>
    withPeer((request) => answers.status(isSignedRequest(request) && request.body.length <= 49_152 ? 503 : 400), async (peer) => {
      for (const filler of ['x', '"', '\u0000', '\ud800', '😀', '\r\nx-evil: 1\r\n']) {
        const long = filler.repeat(3000);
        const flood = (value) => {
          if (Array.isArray(value)) return Array(150).fill(flood(value[0] ?? long));
          if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, flood(part)]));
          return typeof value === 'string' ? long : value;
        };
        const plain = eventOf(name);
        const event = { ...flood(plain), tenant: plain.tenant, secrets: {} };
        const log = [];
        await runFlow(name, loadFlow(name, [deadlineOf(name, PATIENT_MS)], log), { event, url: peer.url });
        assert.match(log[0], /^countersign: fallback status_503, /);
      }
    }));

  test(`${name}: a hundred at once end within the budget while the service hangs`, () =>
    withPeer(() => faults.hung, async (peer) => {
      const action = loadFlow(name, [deadlineOf(name, QUICK_MS)]);
      const results = await Promise.all(Array.from({ length: 100 }, () => runFlow(name, action, { url: peer.url })));
      for (const { verdict, ms } of results) {
        assert.equal(verdict, 'allow');
        assert.ok(ms < QUICK_MS + SLACK_MS, `${Math.round(ms)} ms`);
      }
    }));
}
