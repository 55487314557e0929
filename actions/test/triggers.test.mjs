// What each Action besides post-login does with a sound answer, and with its own table.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { callsOf, loadShipped, run } from './action.mjs';
import { contained, eventOf, loadFlow, runFlow, triggerOf } from './flows.mjs';
import { answers, decision, refusingAddress, withPeer } from './peer.mjs';

const PATIENT = ['deadline_ms: 800', 'deadline_ms: 4000'];
const effect = (call, ...args) => ({ call, args });

// Runs a flow on an answer with these effects; also gives what was skipped, from the log.
async function apply(name, effects, { edits = [], mode = 'enforce', edit = () => undefined, action, ...more } = {}) {
  const log = [];
  return withPeer(() => answers.json(decision(effects, { trigger: triggerOf(name), mode })), async (peer) => {
    const result = await runFlow(name, action ?? loadFlow(name, [PATIENT, ...edits], log), { event: eventOf(name, edit), url: peer.url, ...more });
    return { ...result, log };
  });
}
// Runs a flow with the service away.
const away = async (name, edit = () => undefined, edits = [], more = {}) => runFlow(name, loadFlow(name, edits), { event: eventOf(name, edit), url: await refusingAddress(), ...more });
const refuse = (...groups) => (api) => new Proxy(api, { get: (target, key) => { if (groups.includes(key)) throw new Error('no'); return target[key]; } });

const SIGN_UP = 'pre-user-registration';
const MARK = effect('user.setAppMetadata', 'countersign', { level: 'high', decision: 'dec_1' });
const REFUSAL = effect('access.deny', 'registration_refused', 'We could not create your account.');

test('a sign-up is marked, refused with both texts, or sent back for correction', async () => {
  const marked = await apply(SIGN_UP, [MARK]);
  assert.deepEqual([marked.decision, marked.app_metadata], ['allow', { countersign: { level: 'high', decision: 'dec_1' } }]);
  assert.deepEqual((await apply(SIGN_UP, [REFUSAL])).denied, { reason: 'registration_refused', user_message: 'We could not create your account.' });
  const corrected = await apply(SIGN_UP, [effect('validation.error', 'invalid_email', 'Please use another address.'), MARK]);
  assert.deepEqual([corrected.decision, corrected.denied], ['deny', { code: 'invalid_email', reason: 'Please use another address.' }]);
  assert.deepEqual(callsOf(corrected), ['user.setAppMetadata', 'validation.error']);
});

test('a sign-up is refused whatever the texts are, and they are bounded', async () => {
  for (const args of [[], ['x'], [7, {}], [null, null], ['', ''], ['x'.repeat(9000), '\ud800\u0000'.repeat(900)]]) {
    const { denied } = await apply(SIGN_UP, [effect('access.deny', ...args)]);
    for (const text of [denied.reason, denied.user_message]) assert.ok(text.length > 0 && Buffer.byteLength(text) <= 256);
  }
  for (const code of [undefined, 7, '', 'a b', 'x'.repeat(65)]) assert.match((await apply(SIGN_UP, [effect('validation.error', code, 'no')])).denied.reason, /^sign_up_refused$/, 'a refusal that cannot be made is not dropped');
});

test('a mark is not written for passwordless people, nor under another key, nor less contained than before', async () => {
  for (const strategy of ['sms', 'email']) {
    const { calls, log } = await apply(SIGN_UP, [MARK], { edit: (event) => (event.connection.strategy = strategy) });
    assert.deepEqual([calls, log], [[], ['countersign: skipped user.setAppMetadata:arguments']]);
  }
  for (const args of [['roles', {}], ['countersign_last', {}], ['countersign', 'x'], ['countersign', { 'a.b': 1 }], ['countersign', { a: 'x'.repeat(1100) }]]) {
    assert.deepEqual((await apply(SIGN_UP, [effect('user.setAppMetadata', ...args)])).calls, []);
  }
  const { app_metadata: written } = await apply(SIGN_UP, [MARK], { edit: contained });
  assert.equal(written.countersign.contained, true);
});

test('the ceiling of a sign-up holds for each kind of effect, and for the fallback', async () => {
  const validation = effect('validation.error', 'invalid_email', 'no');
  for (const [kind, asked] of [['deny', REFUSAL], ['validation', validation], ['app_metadata', MARK]]) {
    const { decision: decided, calls, log } = await apply(SIGN_UP, [asked], { edits: [[`${kind}: true`, `${kind}: false`]] });
    assert.deepEqual([decided, calls, log], ['allow', [], [`countersign: skipped ${asked.call}:ceiling`]]);
  }
  assert.equal((await away(SIGN_UP, contained, [['deny: true', 'deny: false']])).decision, 'allow');
});

test('without an answer a sign-up is let through and marked, also without force', async () => {
  for (const result of [await away(SIGN_UP), await runFlow(SIGN_UP, loadShipped([], [], SIGN_UP), { url: await refusingAddress() })]) {
    assert.deepEqual([result.decision, Object.keys(result.app_metadata.countersign_last)], ['allow', ['fallback_at']]);
  }
  for (const strategy of ['sms', 'email']) assert.deepEqual((await away(SIGN_UP, (event) => (event.connection.strategy = strategy))).calls, []);
  assert.deepEqual((await away(SIGN_UP, undefined, [['app_metadata: true', 'app_metadata: false']])).calls, []);
});

test('outside the clients that are named no sign-up is refused, and at exempt ones nothing is asked', async () => {
  assert.equal((await apply(SIGN_UP, [REFUSAL], { edits: [['enforce_only: { clients: [] }', "enforce_only: { clients: ['other'] }"]] })).decision, 'allow');
  const id = eventOf(SIGN_UP).client.client_id;
  assert.equal((await apply(SIGN_UP, [REFUSAL], { edits: [['enforce_only: { clients: [] }', `enforce_only: { clients: ['${id}'] }`]] })).decision, 'deny');
  const exempt = await apply(SIGN_UP, [REFUSAL], { edits: [['break_glass: { client_ids: [] }', `break_glass: { client_ids: ['${id}'] }`]] });
  assert.deepEqual([exempt.decision, callsOf(exempt), Object.keys(exempt.app_metadata.countersign_last), exempt.log], ['allow', ['user.setAppMetadata'], ['exempt_at'], ['countersign: exempt']]);
});

const TOKEN = 'credentials-exchange';
const CLAIM = effect('accessToken.setCustomClaim', 'https://countersign.example/risk_level', 'high');
const NARROW = effect('transaction.removeTargetScope', 'write:orders');

test('a machine gets claims, less scope, or no token', async () => {
  const claimed = await apply(TOKEN, [CLAIM], { mode: 'advisory' });
  assert.deepEqual([claimed.decision, claimed.claims.access_token], ['allow', { 'https://countersign.example/risk_level': 'high' }]);
  const narrowed = await apply(TOKEN, [NARROW, CLAIM]);
  assert.deepEqual([narrowed.decision, narrowed.target_scopes, callsOf(narrowed)], ['allow', ['read:orders'], ['accessToken.setCustomClaim', 'transaction.removeTargetScope']]);
  for (const code of ['invalid_scope', 'invalid_request', 'server_error']) {
    assert.deepEqual((await apply(TOKEN, [effect('access.deny', code, 'no')])).denied, { code, reason: 'no' });
  }
  for (const args of [[], ['access_denied', 'no'], [7, 7], ['x'.repeat(9999)]]) assert.equal((await apply(TOKEN, [effect('access.deny', ...args)])).denied.code, 'invalid_request');
});

test('a machine that must lose a hundred scopes loses them, and an answer of more is none', async () => {
  const scopes = Array.from({ length: 100 }, (_, n) => `scope:${n}`);
  const edit = (event) => (event.transaction.target_scopes = event.transaction.requested_scopes = ['read:orders', ...scopes]);
  const narrowed = await apply(TOKEN, scopes.map((scope) => effect('transaction.removeTargetScope', scope)), { edit });
  assert.deepEqual(narrowed.target_scopes, ['read:orders']);
  const { log } = await apply(TOKEN, Array(129).fill(CLAIM));
  assert.deepEqual(log, ['countersign: fallback bad_answer, allow']);
});

test('a scope that cannot be taken away costs the token', async () => {
  assert.equal((await apply(TOKEN, [NARROW, CLAIM], { wrap: refuse('transaction') })).decision, 'deny', 'a tenant without this Early Access call');
  for (const scope of [undefined, '', 7, 'a b', 'a"b', 'é', 'x'.repeat(281), ['write:orders']]) {
    const { decision: decided, denied } = await apply(TOKEN, [effect('transaction.removeTargetScope', scope)]);
    assert.deepEqual([decided, denied.code], ['deny', 'invalid_request']);
  }
  const hidden = [
    (event) => (event.transaction.requested_scopes = [...Array.from({ length: 250 }, (_, n) => `s${n}`), 'write:orders']),
    (event) => (event.transaction.requested_scopes = ['x'.repeat(300), 'write:orders']),
    (event) => (event.transaction.requested_scopes = [...Array(90).fill('x'.repeat(270)), 'write:orders']),
  ];
  for (const edit of hidden) assert.equal((await apply(TOKEN, [NARROW], { edit })).decision, 'deny', 'the service saw only some');
});

test('a token is never widened and claims stay in the namespace', async () => {
  for (const call of ['transaction.addTargetScope', 'transaction.setTargetScopes', 'transaction.clearTargetScopes', 'accessToken.addScope']) {
    const { decision: decided, calls, log } = await apply(TOKEN, [effect(call, 'admin')]);
    assert.deepEqual([decided, calls, log], ['allow', [], [`countersign: skipped ${call}:unknown`]]);
  }
  for (const name of ['scope', 'sub', 'https://evil.example/x', 'https://countersign.example/a/b']) assert.deepEqual((await apply(TOKEN, [effect('accessToken.setCustomClaim', name, 'x')])).calls, []);
});

test('the ceiling of a token holds for each kind of effect', async () => {
  for (const [kind, asked] of [['deny', effect('access.deny', 'invalid_request', 'no')], ['scopes', NARROW], ['claims', CLAIM]]) {
    const { decision: decided, calls } = await apply(TOKEN, [asked], { edits: [[`${kind}: true`, `${kind}: false`]] });
    assert.deepEqual([decided, calls], ['allow', []], kind);
  }
});

test('outside enforce a token keeps its scope', async () => {
  for (const mode of ['audit', 'advisory']) assert.deepEqual(callsOf(await apply(TOKEN, [NARROW, CLAIM, effect('access.deny', 'invalid_request', 'no')], { mode })), ['accessToken.setCustomClaim']);
});

test('without an answer only tokens for protected audiences are refused', async () => {
  const edits = [['protected_audiences: []', "protected_audiences: ['https://api.example.com/']"]];
  assert.deepEqual((await away(TOKEN, undefined, edits)).denied.code, 'invalid_request');
  assert.equal((await away(TOKEN, (event) => (event.resource_server.identifier = 'https://other.example/'), edits)).decision, 'allow');
  assert.equal((await away(TOKEN, undefined, [...edits, ["protected: 'deny'", "protected: 'allow'"]])).decision, 'allow');
  assert.equal((await away(TOKEN, undefined, [["default: 'allow'", "default: 'deny'"]])).decision, 'deny');
});

const RESET = 'password-reset-post-challenge';
const ASK = effect('authentication.challengeWithAny', [{ type: 'otp' }]);

test('a reset is challenged or denied', async () => {
  const asked = await apply(RESET, [ASK]);
  assert.deepEqual([asked.decision, asked.challenge], ['challenge', [{ type: 'otp' }]]);
  assert.equal((await apply(RESET, [effect('authentication.challengeWith', { type: 'otp' }, { additionalFactors: [{ type: 'phone' }] })])).decision, 'challenge');
  assert.deepEqual((await apply(RESET, [ASK, effect('access.deny', 'step_up_required: x')])).denied, { reason: 'step_up_required: x' });
});

test('a challenge that the platform does not take is not dropped', async () => {
  const lost = effect('authentication.challengeWithAny', [{ type: 'smoke-signal' }]);
  assert.equal((await apply(RESET, [lost])).decision, 'challenge');
  assert.equal((await apply(RESET, [lost], { edit: (event) => (event.user.enrolledFactors = []) })).decision, 'deny');
  assert.equal((await apply(RESET, [ASK], { wrap: refuse('authentication') })).decision, 'deny');
  assert.equal((await apply(RESET, [effect('authentication.challengeWithAny', [{ type: 'email' }])])).decision, 'challenge', 'never e-mail, which carries the reset');
});

const withFactors = (...types) => (event) => {
  event.user.enrolledFactors = types.map((type) => ({ type }));
  event.authorization.roles = ['Admin'];
};
test('without an answer a protected account is asked for an independent factor, else denied', async () => {
  assert.deepEqual((await away(RESET, withFactors('email', 'otp'))).challenge, [{ type: 'otp' }]);
  const denied = await away(RESET, withFactors('email'));
  assert.match(denied.denied.reason, /^step_up_required: /);
  assert.equal((await away(RESET, withFactors('email'), [["no_factor: 'deny'", "no_factor: 'allow'"]])).decision, 'allow');
  const byPhone = (event) => (withFactors('phone')(event), (event.authentication.methods = [{ name: 'sms', timestamp: '2026-08-20T09:00:00.000Z' }]));
  for (const first of ['sms', 'phone', 'phone_otp']) {
    const { decision: decided } = await away(RESET, (event) => (byPhone(event), (event.authentication.methods[0].name = first)));
    assert.equal(decided, 'deny', 'a phone proves nothing more to whoever reset by phone');
  }
  const mailed = (event) => (withFactors('email')(event), (event.authentication.methods = []));
  assert.equal((await away(RESET, mailed, [["'otp', 'phone']", "'otp', 'phone', 'email']"]])).decision, 'deny', 'e-mail, even where it is configured');
  assert.equal((await away(RESET, (event) => (withFactors('phone')(event), (event.authentication.methods = [])))).decision, 'challenge');
  assert.equal((await away(RESET, contained)).denied.reason, 'This account is blocked. Please contact your administrator.');
  assert.equal((await away(RESET, withFactors(), [['deny: true', 'deny: false']])).decision, 'allow');
});

test('an ordinary reset that the service refuses to judge is challenged where a factor is, and else goes on', async () => {
  await withPeer(() => answers.status(422), async (peer) => {
    const go = (edit) => runFlow(RESET, loadFlow(RESET, [PATIENT]), { event: eventOf(RESET, edit), url: peer.url });
    assert.equal((await go(() => undefined)).decision, 'challenge');
    assert.equal((await go((event) => (event.user.enrolledFactors = []))).decision, 'allow');
  });
});

for (const name of ['post-user-registration', 'post-change-password']) {
  test(`${name}: it reports and touches nothing, whatever is answered`, async () => {
    const asked = [MARK, REFUSAL, ASK, CLAIM, NARROW, effect('session.revoke', 'x')];
    const action = loadShipped([['deadline_ms: 2000', 'deadline_ms: 4000']], [], name);
    const touched = [];
    const wrap = (api) => new Proxy(api, { get: (target, key) => (touched.push(key), target[key]) });
    const { decision: decided, calls } = await apply(name, asked, { action, wrap });
    assert.deepEqual([decided, calls, [...new Set(touched)]], ['allow', [], ['cache']]);
  });
}

const PHONE = 'guard-send-phone-message';
const EXCHANGE = 'guard-custom-token-exchange';

test('a guard answers, and only the one for exchanges calls anything', async () => {
  const refused = await apply(PHONE, [effect('guard.refuse', 'refused: dec_1')]);
  assert.deepEqual([refused.answer, refused.calls], [{ allow: false, reason: 'refused: dec_1', decision_id: 'dec_0123456789', degraded: false }, []]);
  const denied = await apply(EXCHANGE, [effect('access.deny', 'step_up_required', 'refused: dec_1')]);
  assert.deepEqual([denied.answer.allow, denied.denied], [false, { code: 'step_up_required', reason: 'refused: dec_1' }]);
  for (const args of [[], ['NOT A CODE', 'x'], [7, {}]]) assert.equal((await apply(EXCHANGE, [effect('access.deny', ...args)])).denied.code, 'invalid_request');
});

test('a guard that may not deny only says so, and one that may not refuse says nothing', async () => {
  const deny = effect('access.deny', 'invalid_request', 'no');
  const told = await apply(EXCHANGE, [deny], { edits: [['deny: true', 'deny: false']] });
  assert.deepEqual([told.answer.allow, told.calls], [false, []]);
  for (const [name, asked] of [[PHONE, effect('guard.refuse', 'no')], [EXCHANGE, deny]]) {
    const silent = await apply(name, [asked], { edits: [['refuse: true', 'refuse: false']] });
    assert.deepEqual([silent.answer, silent.calls], [{ allow: true, reason: null, decision_id: 'dec_0123456789', degraded: false }, []]);
  }
});

test('a guard works without an `api`, and one whose platform refuses still answers', async () => {
  for (const name of [PHONE, EXCHANGE]) {
    const asked = name === PHONE ? effect('guard.refuse', 'no') : effect('access.deny', 'invalid_request', 'no');
    for (const wrap of [() => undefined, () => ({}), refuse('access', 'cache')]) {
      assert.deepEqual((await apply(name, [asked], { wrap })).answer, { allow: false, reason: 'no', decision_id: 'dec_0123456789', degraded: false });
    }
  }
});

test('a guard in an Action of somebody else: the Action sets the user only where it may', async () => {
  const { guard } = loadFlow(EXCHANGE, [PATIENT]);
  const own = {
    async onExecuteCustomTokenExchange(event, api) {
      const { allow } = await guard(event, api);
      if (allow) api.authentication.setUserById('auth0|1');
    },
  };
  const deny = effect('access.deny', 'invalid_request', 'no');
  for (const [effects, wanted] of [[[], ['authentication.setUserById']], [[deny], ['access.deny']]]) {
    await withPeer(() => answers.json(decision(effects, { trigger: 'custom-token-exchange' })), async (peer) => {
      assert.deepEqual(callsOf(await run(own, { event: eventOf(EXCHANGE), url: peer.url, handler: 'onExecuteCustomTokenExchange' })), wanted);
    });
  }
});
