// The Action as it is shipped, without force: nothing that the service answers, nothing that fails and no event makes a
// sign-in end otherwise than without the Action. The same cases, enforced, do change sign-ins.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createApi } from '../../crates/sandbox/node/api.mjs';
import { callsOf, fixture, loadAction, loadShipped, run, source } from './action.mjs';
import { answers, decision, faults, refusingAddress, startPeer } from './peer.mjs';

const { reachOf } = source('reach');
const { HARMLESS: harmless } = source('effects');
const HARMLESS = ['idToken.setCustomClaim', 'accessToken.setCustomClaim', 'user.setAppMetadata', 'transaction.setMetadata'];
const CLAIM = 'https://countersign.example/risk_level';

// The strictest that an operator can write, with a deadline that a hung peer reaches soon.
const STRICTEST = [
  ['deadline_ms: 800', 'deadline_ms: 60'],
  ["on_reject: 'challenge'", "on_reject: 'deny'"],
  ["default: 'allow'", "default: 'deny'"],
  ["on_low_confidence: 'challenge'", "on_low_confidence: 'deny'"],
  ["protected: 'challenge'", "protected: 'deny'"],
  ['skip_mfa: false', 'skip_mfa: true'],
];

// A reproducible source of choices (mulberry32).
function choices(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = (list) => list[Math.floor(next() * list.length)];
  return { next, pick, some: (list) => list.filter(() => next() < 0.5) };
}

const EFFECTS = [
  ['access.deny', 'no'],
  ['access.deny'],
  ['authentication.challengeWith', { type: 'otp' }],
  ['authentication.challengeWithAny', [{ type: 'otp' }, { type: 'phone' }]],
  ['authentication.challengeWithAny', [{ type: 'no-such' }]],
  ['authentication.enrollWith', { type: 'webauthn-roaming' }],
  ['authentication.enrollWithAny', [{ type: 'webauthn-roaming' }]],
  ['multifactor.enable', 'any', { allowRememberBrowser: true }],
  ['multifactor.enable', 'none'],
  ['session.revoke', 'no'],
  ['redirect.sendUserTo', 'https://evil.example/'],
  ['user.setAppMetadata', 'countersign', { contained: true }],
  ['user.setAppMetadata', 'blocked', true],
  ['idToken.setCustomClaim', CLAIM, 'high'],
  ['idToken.setCustomClaim', 'sub', 'x'],
  ['constructor', 'x'],
].map(([call, ...args]) => ({ call, args }));

const hostileAnswer = ({ pick, some }) => answers.effects(some(EFFECTS), { mode: pick(['enforce', 'enforce', 'audit', 'advisory', 'off', 'deny']) });
const hostileStatus = ({ pick }) => answers.status(pick([204, 302, 400, 401, 403, 409, 413, 422, 429, 500, 503]));
const fault = ({ pick }) => pick(Object.values(faults));

function hostileEvent({ next, pick }) {
  const event = fixture(pick(['post-login', 'post-login.high-risk', 'post-login.refresh-token']));
  const junk = [null, undefined, 7, '', 'none', [], {}, [[]], 'x'.repeat(70_000), '\ud800'];
  event.user.app_metadata.countersign = pick([{ contained: true }, { contained: {} }, undefined, 'x']);
  event.authorization.roles = pick([['admin'], 'admin', ['member']]);
  event.user.enrolledFactors = pick([[{ type: 'otp' }], [], null, 'otp']);
  event.transaction.prompt = pick([['none'], [], 'none', null]);
  event.transaction.protocol = pick([event.transaction.protocol, 'oauth2-password', 'oauth2-token-exchange']);
  for (const section of Object.keys(event)) {
    for (const name of Object.keys(event[section])) if (next() < 0.03) event[section][name] = pick(junk);
    if (section !== 'tenant' && next() < 0.02) event[section] = pick(junk);
  }
  return event;
}

// A platform of which some groups refuse every use.
function refusing(api, groups) {
  return new Proxy(api, {
    get(target, name) {
      if (groups.includes(name)) throw new Error('refused');
      return target[name];
    },
  });
}

// Runs one case of each seed; `script` of a case is what its peer answers.
async function runCases(action, count) {
  let script;
  const peer = await startPeer(() => script);
  const results = [];
  try {
    for (let seed = 0; seed < count; seed += 1) {
      const chance = choices(seed);
      script = chance.pick([hostileAnswer, hostileAnswer, hostileStatus, fault])(chance);
      const event = hostileEvent(chance);
      const groups = chance.next() < 0.2 ? chance.some(['cache', 'user', 'transaction', 'idToken', 'access', 'authentication', 'multifactor']) : [];
      const secrets = chance.next() < 0.1 ? { COUNTERSIGN_KEY: chance.pick([undefined, 'x', 7]) } : {};
      results.push({ seed, ...(await run(action, { event, url: peer.url, secrets, wrap: (api) => refusing(api, groups) })) });
    }
  } finally {
    await peer.close();
  }
  return results;
}

test('without force no hostile answer, fault or event yields anything but an allow', async () => {
  for (const { seed, decision: decided, calls, app_metadata: metadata, claims } of await runCases(loadShipped(STRICTEST), 600)) {
    assert.equal(decided, 'allow', `seed ${seed}`);
    for (const { call } of calls) assert.ok(HARMLESS.includes(call), `seed ${seed}: ${call}`);
    assert.deepEqual(Object.keys(metadata).filter((key) => !['countersign', 'countersign_last'].includes(key)), [], `seed ${seed}`);
    assert.deepEqual(Object.keys({ ...claims.id_token, ...claims.access_token }).filter((name) => name !== CLAIM), [], `seed ${seed}`);
  }
});

test('with force the same cases do change sign-ins', async () => {
  const decided = (await runCases(loadAction(STRICTEST), 150)).map((result) => result.decision);
  for (const wanted of ['allow', 'deny', 'challenge']) assert.ok(decided.includes(wanted), wanted);
});

test('without force all that is harmless still happens', async () => {
  const effects = [EFFECTS[0], { call: 'user.setAppMetadata', args: ['countersign', { last: 'dec_1' }] }, { call: 'idToken.setCustomClaim', args: [CLAIM, 'high'] }];
  const peer = await startPeer(() => answers.json(decision(effects)));
  try {
    const result = await run(loadShipped(), { url: peer.url });
    assert.deepEqual([result.decision, result.claims.id_token, result.app_metadata], ['allow', { [CLAIM]: 'high' }, { countersign: { last: 'dec_1' } }]);
    assert.deepEqual(result.transaction_metadata, { countersign_decision: 'dec_0123456789', countersign_mfa_at: 'none', countersign_skipped: 'access.deny:not_enforced' });
  } finally {
    await peer.close();
  }
  const away = await run(loadShipped(STRICTEST), { url: await refusingAddress() });
  assert.deepEqual([away.decision, Object.keys(away.app_metadata.countersign_last)], ['allow', ['fallback_at']]);
  assert.equal(away.transaction_metadata.countersign_fallback, 'network');
});

test('only exactly `true` is force', async () => {
  const event = fixture();
  event.user.app_metadata.countersign = { contained: true };
  const url = await refusingAddress();
  for (const word of ["'true'", '1', '{}', 'null', 'undefined', '[true]']) {
    assert.equal((await run(loadShipped([['enforce: false', `enforce: ${word}`]]), { event, url })).decision, 'allow', word);
  }
  assert.equal((await run(loadAction(), { event, url })).decision, 'deny');
});

test('an event that breaks the Action changes nothing without force', async () => {
  const { api, result } = createApi({ event: fixture() });
  const event = fixture();
  Object.defineProperty(event, 'user', { get() { throw new Error('hostile'); } });
  await loadShipped(STRICTEST).onExecutePostLogin(event, api);
  assert.deepEqual([result().decision, callsOf(result())], ['allow', []]);
});

test('without force no call that changes a sign-in is within reach', () => {
  const { api, result } = createApi({ event: fixture() });
  const reach = reachOf(api, {}, harmless);
  assert.deepEqual(Object.keys(reach).sort(), ['accessToken', 'cache', 'idToken', 'transaction', 'user']);
  assert.equal(reach.user.setAppMetadata('countersign', {}), undefined, 'the platform returns its whole `api`');
  assert.deepEqual([reach.user, reach.transaction, reach.idToken, reach.accessToken].flatMap(Object.keys), ['setAppMetadata', 'setMetadata', 'setCustomClaim', 'setCustomClaim']);
  assert.deepEqual(callsOf(result()), ['user.setAppMetadata']);
  assert.equal(reachOf(api, { enforce: true }, harmless), api);
});
