import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createApi } from '../../crates/sandbox/node/api.mjs';
import { callsOf, configWith, fixture, source } from './action.mjs';

const { applyEffects } = source('effects');
const CLAIM = 'https://countersign.example/risk_level';

function apply(effects, { edits = {}, mode = 'enforce', event = fixture(), wrap = (api) => api } = {}) {
  const { api, result } = createApi({ event });
  const outcome = applyEffects({ decisionId: 'dec_1', mode, effects }, event, wrap(api), configWith(edits));
  return { ...result(), ...outcome };
}
const effect = (call, ...args) => ({ call, args });
const deny = effect('access.deny', 'step_up_required');
const challenge = effect('authentication.challengeWithAny', [{ type: 'otp' }, { type: 'webauthn-roaming' }]);

test('effects are made in a fixed order, denial last', () => {
  const mark = effect('user.setAppMetadata', 'countersign', { last: 'dec_1' });
  const claims = [effect('idToken.setCustomClaim', CLAIM, 'high'), effect('accessToken.setCustomClaim', CLAIM, 'high')];
  const made = apply([deny, challenge, mark, ...claims]);
  assert.deepEqual(callsOf(made), [
    'idToken.setCustomClaim',
    'accessToken.setCustomClaim',
    'user.setAppMetadata',
    'authentication.challengeWithAny',
    'access.deny',
  ]);
  assert.deepEqual(made.denied, { reason: 'step_up_required' });
  assert.deepEqual(made.skipped, []);
});

test('each documented step-up call is made with its documented arguments only', () => {
  const options = { additionalFactors: [{ type: 'phone', options: { preferredMethod: 'sms', evil: 1 } }, { type: 'bogus' }], evil: 1 };
  const made = apply([
    effect('authentication.challengeWith', { type: 'otp', evil: 1 }, options),
    effect('authentication.enrollWith', { type: 'push-notification', options: { otpFallback: true } }),
    effect('authentication.enrollWithAny', [{ type: 'webauthn-platform' }, { type: 'email' }]),
    effect('multifactor.enable', 'any', { allowRememberBrowser: true, providerOptions: { host: 'evil' } }),
  ]);
  assert.deepEqual(made.calls.map(({ args }) => args), [
    [{ type: 'otp' }, { additionalFactors: [{ type: 'phone', options: { preferredMethod: 'sms' } }] }],
    [{ type: 'push-notification', options: { otpFallback: true } }],
    [[{ type: 'webauthn-platform' }]],
    ['any', { allowRememberBrowser: false }],
  ]);
});

test('what no answer may ask for is skipped, recorded, and stops nothing', () => {
  const never = ['accessToken.addScope', 'authentication.setPrimaryUser', 'user.setUserMetadata', 'redirect.sendUserTo', 'session.revoke', 'toString', '__proto__', 'constructor'];
  for (const call of never) {
    const made = apply([effect(call, 'https://evil.example'), challenge]);
    const why = call === 'redirect.sendUserTo' ? 'ceiling' : 'unknown';
    assert.deepEqual(made.skipped, [`${call.replace(/_/g, '')}:${why}`]);
    assert.equal(made.decision, 'challenge');
    assert.equal(made.isBarrierLost, false);
  }
});

test('the ceiling holds for each kind of effect', () => {
  const kinds = [
    ['deny', deny],
    ['challenge', challenge],
    ['enroll', effect('authentication.enrollWith', { type: 'otp' })],
    ['claims', effect('idToken.setCustomClaim', CLAIM, 1)],
    ['app_metadata', effect('user.setAppMetadata', 'countersign', {})],
  ];
  for (const [ceiling, asked] of kinds) {
    assert.equal(apply([asked]).calls.length, 1, ceiling);
    const made = apply([asked], { edits: { ceiling: { [ceiling]: false } } });
    assert.deepEqual([made.calls, made.skipped], [[], [`${asked.call}:ceiling`]]);
  }
  const skip = effect('multifactor.enable', 'none');
  assert.deepEqual(apply([skip]).skipped, ['multifactor.enable:ceiling']);
  const edits = { ceiling: { skip_mfa: true } };
  assert.deepEqual(callsOf(apply([skip], { edits })), ['multifactor.enable']);
  assert.deepEqual(callsOf(apply([skip, challenge], { edits })), ['authentication.challengeWithAny'], 'the stricter one counts');
});

test('claims stay in the namespace and metadata under our key', () => {
  const outside = ['risk', 'https://countersign.example/', 'https://countersign.example/a/../b', 'https://countersign.example.evil/x', 'https://countersign.examplf/x', 7, null];
  for (const name of outside) assert.deepEqual(apply([effect('idToken.setCustomClaim', name, 1)]).skipped, ['idToken.setCustomClaim:arguments']);
  assert.deepEqual(apply([effect('idToken.setCustomClaim', CLAIM, 'x'.repeat(2000))]).calls, []);
  assert.deepEqual(apply([effect('idToken.setCustomClaim', CLAIM)]).calls, []);
  const long = `https://countersign.example/${'x'.repeat(230)}/`;
  const spaces = [
    'http://countersign.example/', 'HTTPS://countersign.example/', 'https://auth0.com/', 'https://acme.eu.Auth0.com/x/', 'https://webtask.io:443/', 'https://a.webtask.run/', 'https://auth0.com./',
    'https://me@auth0.com/', 'https://a..b/', 'https://a.b:/', 'https:///', 'https://a.b?/', 'https://a.b/\u00e9/', 'https://a.b/x y/', 'https://a.b\\@auth0.com/', 'https://countersign.example', long,
    'https://a.b/x', undefined, null, 7, ['https://a.b/'],
  ];
  for (const space of spaces) {
    const made = apply([effect('idToken.setCustomClaim', `${space}risk_level`, 1)], { edits: { claim_namespace: space } });
    assert.deepEqual([made.calls, made.skipped], [[], ['idToken.setCustomClaim:arguments']], String(space));
  }
  for (const space of ['https://notauth0.com/', 'https://auth0.com.example/', 'https://a-b.example:8443/x/y?z#w/', 'https://localhost/']) {
    assert.equal(apply([effect('idToken.setCustomClaim', `${space}risk_level`, 1)], { edits: { claim_namespace: space } }).calls.length, 1, space);
  }
  const bare = { claim_namespace: '' };
  assert.deepEqual(apply([effect('idToken.setCustomClaim', 'email', 'x')], { edits: bare }).calls, []);
  for (const args of [['roles', {}], ['countersign_last', {}], ['countersign', { 'a.b': 1 }], ['countersign', 'text'], ['countersign', null], ['countersign', { a: 'x'.repeat(1100) }]]) {
    assert.deepEqual(apply([effect('user.setAppMetadata', ...args)]).calls, [], JSON.stringify(args).slice(0, 40));
  }
});

test('outside enforce only claims are made', () => {
  for (const mode of ['audit', 'advisory']) {
    const made = apply([deny, challenge, effect('idToken.setCustomClaim', CLAIM, 1)], { mode });
    assert.deepEqual(callsOf(made), ['idToken.setCustomClaim']);
    assert.deepEqual(made.skipped, ['access.deny:mode', 'authentication.challengeWithAny:mode']);
    assert.equal(made.isBarrierLost, false);
  }
});

test('without force nothing is made that changes a sign-in', () => {
  const barriers = [deny, challenge, effect('authentication.challengeWith', { type: 'otp' }), effect('authentication.enrollWith', { type: 'otp' }), effect('authentication.enrollWithAny', [{ type: 'otp' }]), effect('multifactor.enable', 'none'), effect('multifactor.enable', 'any')];
  const harmless = [effect('idToken.setCustomClaim', CLAIM, 1), effect('user.setAppMetadata', 'countersign', { last: 'dec_1' })];
  for (const enforce of [false, undefined, 'true', 1]) {
    const made = apply([...barriers, ...harmless], { edits: { enforce, ceiling: { skip_mfa: true } } });
    assert.deepEqual(callsOf(made), ['idToken.setCustomClaim', 'user.setAppMetadata']);
    assert.deepEqual(made.skipped, barriers.map(({ call }) => `${call}:not_enforced`));
    assert.deepEqual([made.decision, made.isBarrierLost], ['allow', false]);
  }
});

test('a barrier that cannot be made is reported, unless a denial stands', () => {
  for (const args of [[], [[]], [[{ type: 'bogus' }]], ['otp'], [[{ type: 'recovery-code' }]]]) {
    const broken = effect('authentication.challengeWithAny', ...args);
    assert.equal(apply([broken]).isBarrierLost, true);
    assert.equal(apply([broken, deny]).isBarrierLost, false);
  }
  const refusing = (api) => new Proxy(api, { get: (target, name) => { if (name === 'authentication') throw new Error('no'); return target[name]; } });
  const made = apply([challenge], { wrap: refusing });
  assert.deepEqual([made.skipped, made.isBarrierLost], [['authentication.challengeWithAny:failed'], true]);
});

test('a denial is made whatever its reason is', () => {
  for (const reason of [undefined, null, '', 7, {}, 'x'.repeat(9999), '\ud800\u0000']) {
    const made = apply([effect('access.deny', reason)]);
    assert.equal(made.decision, 'deny');
    assert.ok(made.denied.reason.length > 0 && made.denied.reason.length <= 256);
  }
});

test('a challenge in a token exchange becomes a denial', () => {
  const event = fixture();
  event.transaction.protocol = 'oauth2-token-exchange';
  const barriers = [challenge, effect('authentication.enrollWith', { type: 'otp' }), effect('multifactor.enable', 'any')];
  for (const asked of barriers) assert.deepEqual(callsOf(apply([asked], { event })), ['access.deny']);
});
