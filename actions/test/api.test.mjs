// The sandbox's `api`: it takes what the reference documents, refuses the rest, and ends a transaction as Auth0 does.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HANDLERS, createApi, createCache } from '../../crates/sandbox/node/api.mjs';
import { callsOf, fixture } from './action.mjs';

function make(edit = () => undefined, handler) {
  const event = fixture();
  edit(event);
  return createApi({ event, handler, now: () => Date.parse('2026-08-20T08:00:05.000Z') });
}
const outcome = (use, edit) => {
  const { api, result } = make(edit);
  use(api);
  return result();
};

test('what is not documented throws', () => {
  const { api } = make();
  for (const use of [() => api.nothing, () => api.access.allow, () => api.cache.clear, () => api.user.delete(), () => 'x' in api.access && api.access.x]) {
    if (use.toString().includes(' in ')) assert.equal(use(), false);
    else assert.throws(use, TypeError);
  }
  assert.throws(() => (api.access = {}), TypeError);
  assert.throws(() => (api.access.deny = () => 1), TypeError);
});

test('all documented groups and methods exist', () => {
  const documented = {
    cache: 'get set delete', access: 'deny', accessToken: 'setCustomClaim addScope removeScope', idToken: 'setCustomClaim',
    authentication: 'challengeWith challengeWithAny enrollWith enrollWithAny recordMethod setPrimaryUser', multifactor: 'enable',
    redirect: 'canRedirect encodeToken sendUserTo validateToken', user: 'setAppMetadata setUserMetadata', transaction: 'setMetadata',
    session: 'revoke setExpiresAt setIdleExpiresAt setCookieMode setMetadata deleteMetadata evictMetadata',
    refreshToken: 'revoke setExpiresAt setIdleExpiresAt setMetadata deleteMetadata evictMetadata', prompt: 'render',
    groups: 'getUserGroups hasGroupMembership', roles: 'getUserEffectiveRoles getUserEffectiveRolesByIds getUserEffectiveRolesByNames',
    validation: 'error', rules: 'wasExecuted', samlResponse: 'setAttribute setAudience setEncryptionAlgorithm',
  };
  const { api } = make();
  for (const [group, names] of Object.entries(documented)) for (const name of names.split(' ')) assert.equal(typeof api[group][name], 'function');
  assert.equal(Object.keys(api.samlResponse).length, 25);
});

test('arguments are checked and a refused call is not recorded', () => {
  const { api, result } = make();
  const refused = [
    () => api.access.deny(), () => api.authentication.challengeWith({ type: 'smoke' }), () => api.authentication.challengeWithAny([]),
    () => api.authentication.enrollWith({ type: 'email' }), () => api.authentication.challengeWith({ type: 'otp' }, { more: 1 }),
    () => api.authentication.challengeWith({ type: 'phone', options: { preferredMethod: 'fax' } }), () => api.authentication.recordMethod('https://a.example'),
    () => api.idToken.setCustomClaim('sub', 'x'), () => api.idToken.setCustomClaim('https://x.auth0.com/a', 1), () => api.idToken.setCustomClaim('urn:auth0:x', 1),
    () => api.idToken.setCustomClaim('https://a.example/x', undefined), () => api.accessToken.setCustomClaim('https://a.example/x', 'x'.repeat(103_000)),
    () => api.user.setAppMetadata('a.b', 1), () => api.user.setAppMetadata('email', 1), () => api.user.setAppMetadata('a', { b$: 1 }),
    () => api.user.setAppMetadata('a', 'x'.repeat(33_000)), () => api.transaction.setMetadata('a', {}), () => api.transaction.setMetadata('a'.repeat(65), 1),
    () => api.transaction.setMetadata('a', 'x'.repeat(8193)), () => api.multifactor.enable('sms'), () => api.redirect.sendUserTo('/relative'),
    () => api.refreshToken.revoke('x'), () => api.session.setCookieMode('eternal'), () => api.samlResponse.setAttribute('a', 'x'.repeat(3000)),
  ];
  for (const use of refused) assert.throws(use, TypeError, use.toString());
  assert.deepEqual(result().calls, []);
  assert.equal(api.authentication.setPrimaryUser('auth0|1'), api, 'calls can be chained');
  assert.throws(() => api.authentication.setPrimaryUser('auth0|2'));
  assert.deepEqual(callsOf(result()), ['authentication.setPrimaryUser']);
});

test('a transaction ends as Auth0 would end it', () => {
  const otp = { type: 'otp' };
  assert.equal(outcome(() => undefined).decision, 'allow');
  assert.deepEqual(outcome((api) => api.authentication.challengeWithAny([otp, { type: 'webauthn-roaming' }])).challenge, [otp]);
  assert.equal(outcome((api) => api.authentication.enrollWith({ type: 'webauthn-roaming' })).decision, 'enroll');
  assert.equal(outcome((api) => api.multifactor.enable('any')).decision, 'challenge');
  assert.equal(outcome((api) => api.multifactor.enable('any'), (event) => (event.user.enrolledFactors = [])).decision, 'enroll');
  assert.equal(outcome((api) => api.multifactor.enable('none')).decision, 'allow');
  assert.equal(outcome((api) => api.redirect.sendUserTo('https://a.example/x')).decision, 'redirect');
  assert.deepEqual(outcome((api) => api.authentication.challengeWith(otp).access.deny('no')).denied, { reason: 'no' });
  const kept = outcome((api) => api.user.setAppMetadata('a', 1).access.deny('no'));
  assert.deepEqual([kept.decision, kept.app_metadata], ['deny', { a: 1 }]);
});

test('a challenge that cannot be met fails the transaction', () => {
  const ask = (api) => api.authentication.challengeWith({ type: 'otp' });
  const edits = [
    (event) => (event.user.enrolledFactors = []),
    (event) => delete event.user.enrolledFactors,
    (event) => event.authentication.methods.push({ name: 'mfa', type: 'otp' }),
    (event) => (event.transaction.prompt = ['none']),
    (event) => (event.transaction.protocol = 'oauth2-refresh-token'),
    (event) => (event.transaction.protocol = 'oauth2-token-exchange'),
  ];
  for (const edit of edits) {
    const { decision, denied } = outcome(ask, edit);
    assert.deepEqual([decision, denied.transaction_failed], ['deny', true], edit.toString());
  }
});

test('factors may carry options in an event, but not undocumented ones in a call', () => {
  const phone = { type: 'phone', options: { method: 'sms' } };
  const only = (event) => (event.user.enrolledFactors = [phone]);
  assert.deepEqual(fixture().user.enrolledFactors[1], phone);
  for (const options of [undefined, {}, { preferredMethod: 'sms' }]) {
    assert.deepEqual(outcome((api) => api.authentication.challengeWith({ type: 'phone', options }), only).challenge, [{ type: 'phone' }]);
  }
  const event = fixture();
  const { api, result } = make();
  for (const call of ['challengeWithAny', 'enrollWithAny']) assert.throws(() => api.authentication[call](event.user.enrolledFactors), /`method` is not documented/);
  assert.throws(() => api.authentication.challengeWith(phone), /`method` is not documented/);
  assert.deepEqual(callsOf(result()), []);
});

test('a redirect token is signed, expires, and is bound to its state', () => {
  const { api } = make();
  const token = api.redirect.encodeToken({ secret: 'k', payload: { state: 'abc' } });
  const back = (query) => make((event) => (event.request.query = query)).api.redirect.validateToken({ secret: 'k' });
  assert.equal(back({ session_token: token, state: 'abc' }).sub, 'auth0|65f0c0ffee0000000000a001');
  assert.throws(() => back({ session_token: token, state: 'other' }));
  assert.throws(() => back({ session_token: `${token.slice(0, -2)}xx`, state: 'abc' }));
  assert.throws(() => back({ state: 'abc' }));
  const own = ['sub', 'iss', 'exp', 'ip'].map((name) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))[name] !== undefined);
  assert.deepEqual(own, [true, true, true, true]);
  const late = (query) => createApi({ event: { ...fixture(), request: { query } }, now: () => Date.parse('2026-08-20T08:15:06.000Z') }).api.redirect.validateToken({ secret: 'k' });
  assert.throws(() => late({ session_token: token, state: 'abc' }), /expired/);
  const bare = api.redirect.encodeToken({ secret: 'k', payload: { sub: 'forged' } });
  assert.throws(() => back({ session_token: bare, state: undefined }), /no `state`/);
  assert.equal(JSON.parse(Buffer.from(bare.split('.')[1], 'base64url')).sub, 'auth0|65f0c0ffee0000000000a001', 'a payload overrides nothing of Auth0');
});

const OFFERED = {
  onExecutePreUserRegistration: 'access.deny validation.error user.setAppMetadata user.setUserMetadata',
  onExecutePostUserRegistration: '',
  onExecuteCredentialsExchange:
    'access.deny accessToken.setCustomClaim transaction.addTargetScope transaction.removeTargetScope transaction.setTargetScopes transaction.clearTargetScopes',
  onExecutePostChallenge:
    'access.deny authentication.challengeWith authentication.challengeWithAny redirect.encodeToken redirect.sendUserTo redirect.validateToken prompt.render transaction.setResultUrl',
  onExecutePostChangePassword: '',
  onExecuteSendPhoneMessage: '',
  onExecuteEventStream: '',
  onExecuteCustomPhoneProvider: 'notification.drop notification.retry',
  onExecuteCustomEmailProvider: 'notification.drop notification.retry',
  onExecuteCustomTokenExchange:
    'access.deny access.rejectInvalidSubjectToken authentication.setUserById authentication.setUserByConnection authentication.setOrganization authentication.setActor user.setAppMetadata user.setUserMetadata',
};

test('each trigger offers what is documented for it, besides the cache, and nothing of another one', () => {
  for (const [handler, offered] of Object.entries(OFFERED)) {
    const { api } = make(undefined, handler);
    const found = Object.keys(api).filter((group) => group !== 'cache').flatMap((group) => Object.keys(api[group]).map((name) => `${group}.${name}`));
    assert.deepEqual(found.sort(), offered.split(' ').filter((name) => name !== '').sort(), handler);
    assert.deepEqual(Object.keys(api.cache), ['get', 'set', 'delete']);
  }
  assert.deepEqual(Object.keys(HANDLERS).sort(), [...Object.keys(OFFERED), 'onExecutePostLogin', 'onContinuePostLogin', 'onContinuePostChallenge'].sort());
  assert.throws(() => make(undefined, 'toString'));
});

test('what a trigger does not offer is kept as a misuse, even where the Action catches it', () => {
  const { api, result } = make(undefined, 'onExecutePostChangePassword');
  for (const use of [() => api.access.deny('no'), () => api.user, () => api.cache.clear(), () => (api.access = {})]) assert.throws(use, TypeError);
  assert.deepEqual([result().misuses, result().calls], [['api.access', 'api.user', 'api.cache.clear', 'api.access'], []]);
  const other = make(undefined, 'onExecutePostChallenge');
  assert.throws(() => other.api.redirect.canRedirect(), /not documented for password-reset-post-challenge/);
});

test('arguments of other triggers are checked too', () => {
  const token = make(undefined, 'onExecuteCredentialsExchange').api;
  for (const use of [() => token.access.deny('no'), () => token.access.deny(), () => token.transaction.removeTargetScope(''), () => token.transaction.setTargetScopes('a')]) assert.throws(use, TypeError);
  const signUp = make(undefined, 'onExecutePreUserRegistration').api;
  for (const use of [() => signUp.access.deny('no'), () => signUp.validation.error('', 'x')]) assert.throws(use, TypeError);
  const exchange = make(undefined, 'onExecuteCustomTokenExchange');
  assert.equal(exchange.result().decision, 'deny', 'an exchange that sets no user fails');
  exchange.api.authentication.setUserById('auth0|1');
  assert.throws(() => exchange.api.authentication.setUserById('auth0|2'), TypeError);
  assert.equal(exchange.result().decision, 'allow');
});

test('the cache keeps its documented bounds', () => {
  let now = 0;
  const cache = createCache({ now: () => now });
  assert.equal(cache.set('a', 'x', { ttl: 10 }).type, 'success');
  assert.equal(cache.get('a').value, 'x');
  now = 10;
  assert.equal(cache.get('a'), undefined);
  for (const [key, value] of [['k'.repeat(65), 'x'], ['k', 'x'.repeat(4097)], ['k', 7], [7, 'x']]) assert.equal(cache.set(key, value).type, 'error');
  for (let n = 0; n < 20; n += 1) assert.equal(cache.set(`k${n}`, 'x').type, 'success');
  assert.equal(cache.set('one-more', 'x').type, 'error');
  assert.equal(cache.set('k0', 'x'.repeat(4096)).type, 'success');
  assert.equal(cache.set('k1', 'x'.repeat(4096)).type, 'error');
  assert.equal(cache.get('k1').value, 'x');
  cache.set('k2', 'y', { ttl: 1e12 });
  now += 24 * 60 * 60 * 1000;
  assert.equal(cache.get('k2'), undefined, 'nothing lives longer than a day');
});
