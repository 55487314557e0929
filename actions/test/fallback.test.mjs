import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configWith, fixture, source } from './action.mjs';

const { localVerdict } = source('fallback');
const { askableFactors, canAsk, hasFreshMfa } = source('challenge');
const { isContained, mergedMark } = source('mark');
const { isEnforcing } = source('reach');
const NOW = Date.parse('2026-08-20T08:00:05.000Z');
const HOUR = 60 * 60 * 1000;
const mfa = (ageMs, type = 'otp') => ({ name: 'mfa', timestamp: new Date(NOW - ageMs).toISOString(), type });

// A sign-in with the given traits; `channel` is the name of one below.
const CHANNELS = {
  interactive: {},
  silent: { prompt: ['none'] },
  ciba: { protocol: 'oidc-ciba' },
  refresh: { protocol: 'oauth2-refresh-token' },
  password: { protocol: 'oauth2-password' },
  owner: { protocol: 'oauth2-resource-owner-jwt-bearer' },
  exchange: { protocol: 'oauth2-token-exchange' },
};
function signIn({ channel = 'interactive', confidence = 'high', roles = ['member'], mark, factors = ['otp', 'phone'], methods = [] } = {}) {
  const event = fixture();
  Object.assign(event.transaction, CHANNELS[channel]);
  event.authentication.riskAssessment.confidence = confidence;
  event.authentication.methods.push(...methods);
  event.authorization.roles = roles;
  if (mark !== undefined) event.user.app_metadata.countersign = mark;
  event.user.enrolledFactors = factors.map((type) => ({ type }));
  return event;
}
const verdict = (traits, isRefusal = false, edits = {}) => localVerdict(signIn(traits), configWith(edits), isRefusal ? 'refused' : 'timeout', NOW).verdict;
const HEADLESS = Object.keys(CHANNELS).filter((channel) => channel !== 'interactive');

test('unavailable: the strictest row that matches counts', () => {
  assert.equal(verdict({}), 'allow');
  assert.equal(verdict({ confidence: 'low' }), 'challenge');
  assert.equal(verdict({ roles: ['Admin'] }), 'challenge');
  assert.equal(verdict({ mark: { contained: true } }), 'deny');
  assert.equal(verdict({ mark: { contained: true }, confidence: 'low', roles: ['admin'] }), 'deny');
  assert.equal(verdict({ roles: 'admin' }), 'challenge', 'roles of another type');
});

test('unavailable: where nobody can be asked, a challenge is a denial unless an MFA is fresh', () => {
  for (const channel of HEADLESS) {
    for (const confidence of ['medium', 'high', 'neutral', 'unheard-of', null, undefined, 7]) assert.equal(verdict({ channel, confidence }), 'allow', channel);
    for (const traits of [{ confidence: 'low' }, { roles: ['admin'] }]) {
      assert.equal(verdict({ channel, ...traits }), 'deny', channel);
      assert.equal(verdict({ channel, ...traits, methods: [mfa(11 * HOUR)] }), 'allow', channel);
      assert.equal(verdict({ channel, ...traits, methods: [mfa(13 * HOUR)] }), 'deny', channel);
    }
    for (const methods of [[], [mfa(HOUR)]]) assert.equal(verdict({ channel, mark: { contained: true }, methods }), 'deny', channel);
    assert.equal(verdict({ channel }, false, { fallback: { default: 'challenge' } }), 'deny', 'the default row is no way around either');
  }
});

test('unavailable: without a factor only a protected account is denied, with an old MFA a doubtful one too', () => {
  assert.equal(verdict({ factors: [], confidence: 'low' }), 'allow');
  assert.equal(verdict({ factors: [], roles: ['admin'] }), 'deny');
  const passed = (ageMs) => ({ factors: ['otp'], methods: [mfa(ageMs)], confidence: 'low' });
  assert.equal(verdict(passed(HOUR)), 'allow');
  assert.equal(verdict(passed(13 * HOUR)), 'deny');
});

test('without force the verdict is always to allow', () => {
  for (const enforce of [false, undefined, null, 'true', 1, {}]) {
    const traits = { mark: { contained: true }, roles: ['admin'], confidence: 'low' };
    for (const isRefusal of [false, true]) assert.equal(verdict(traits, isRefusal, { enforce, on_reject: 'deny', fallback: { default: 'deny' } }), 'allow');
    assert.ok(!isEnforcing({ enforce }));
  }
  assert.ok(isEnforcing({ enforce: true }));
});

test('refused: a challenge that cannot be asked is a denial unless an MFA is fresh', () => {
  assert.equal(verdict({}, true), 'challenge');
  for (const channel of HEADLESS) {
    assert.equal(verdict({ channel }, true), 'deny', channel);
    assert.equal(verdict({ channel, methods: [mfa(11 * HOUR)] }, true), 'allow', channel);
    assert.equal(verdict({ channel, methods: [mfa(13 * HOUR)] }, true), 'deny', channel);
    assert.equal(verdict({ channel, methods: [mfa(HOUR)], mark: { contained: true } }, true), 'deny', channel);
  }
  assert.equal(verdict({ factors: [] }, true), 'deny');
});

test('refused: `on_reject` never weakens the table', () => {
  const edits = { on_reject: 'allow' };
  assert.equal(verdict({}, true, edits), 'allow');
  assert.equal(verdict({ confidence: 'low' }, true, edits), 'challenge');
  assert.equal(verdict({ mark: { contained: true } }, true, edits), 'deny');
  assert.equal(verdict({ roles: ['admin'], channel: 'refresh' }, true, edits), 'deny');
  assert.equal(verdict({}, true, { on_reject: 'deny' }), 'deny');
  assert.equal(verdict({}, true, { on_reject: 'alow' }), 'challenge', 'a typing mistake is the strict default');
});

test('what an answer demanded and the platform did not take is not dropped', () => {
  const lost = (traits) => localVerdict(signIn(traits), configWith({ on_reject: 'allow' }), 'effect_failed', NOW).verdict;
  assert.equal(lost({}), 'challenge');
  assert.equal(lost({ factors: [] }), 'deny');
  assert.equal(lost({ channel: 'refresh' }), 'deny');
  assert.equal(lost({ channel: 'refresh', methods: [mfa(HOUR)] }), 'allow');
  assert.equal(lost({ mark: { contained: true } }), 'deny');
});

test('a fresh MFA does not release a contained account', () => {
  const edits = { fallback: { contained: 'challenge' } };
  const traits = { mark: { contained: true }, methods: [mfa(HOUR)] };
  assert.equal(verdict(traits, false, edits), 'challenge');
  for (const channel of HEADLESS) assert.equal(verdict({ ...traits, channel }, false, edits), 'deny', channel);
});

test('the ceiling binds the fallback too', () => {
  assert.equal(verdict({ mark: { contained: true } }, false, { ceiling: { deny: false } }), 'challenge');
  assert.equal(verdict({ mark: { contained: true }, factors: [] }, false, { ceiling: { deny: false } }), 'allow');
  assert.equal(verdict({ roles: ['admin'] }, false, { ceiling: { challenge: false } }), 'deny');
  assert.equal(verdict({ confidence: 'low' }, false, { ceiling: { challenge: false } }), 'allow');
});

test('a prompt that holds `none` anywhere is silent, as the service reads it', () => {
  const withPrompt = (prompt, query) => {
    const event = signIn();
    event.transaction.prompt = prompt;
    event.request.query.prompt = query;
    return canAsk(event);
  };
  assert.ok(!withPrompt(['none'], undefined));
  assert.ok(!withPrompt([], 'none'));
  assert.ok(!withPrompt(['none', 'login'], undefined));
  assert.ok(!withPrompt(['login'], 'none'));
  assert.ok(!withPrompt(['login none'], undefined));
  assert.ok(!withPrompt([], ['login', 'none']));
  for (const prompt of [[{ toString: 'none' }, null], ['nonesuch'], null, {}]) assert.ok(withPrompt(prompt, 'login'));
});

test('only a timed, recent and past MFA is fresh', () => {
  const fresh = (method) => hasFreshMfa(signIn({ methods: [method] }), NOW);
  assert.ok(fresh(mfa(HOUR)));
  for (const stale of [mfa(12 * HOUR), mfa(-HOUR), { name: 'mfa' }, { name: 'mfa', timestamp: 'x' }, { name: 'mfa', timestamp: NOW }, null, 'mfa']) {
    assert.ok(!fresh(stale), JSON.stringify(stale));
  }
});

test('a factor is asked for when enrolled, allowed, not passed and independent', () => {
  const all = ['recovery-code', 'email', 'phone', 'otp', 'webauthn-roaming', 'webauthn-platform', 'push-notification'];
  const factors = (traits, edit = () => undefined, edits = {}) => {
    const event = signIn({ factors: all, ...traits });
    edit(event);
    return askableFactors(event, configWith(edits));
  };
  assert.deepEqual(factors(), ['webauthn-roaming', 'webauthn-platform', 'push-notification', 'otp', 'phone', 'email']);
  assert.deepEqual(factors({ factors: ['phone', 'bogus', null] }), ['phone']);
  assert.deepEqual(factors({ factors: ['otp', 'phone'], methods: [mfa(HOUR, 'otp')] }), ['phone']);
  assert.deepEqual(factors({}, undefined, { factors: ['otp', 'bogus'] }), ['otp']);
  const first = (name) => (event) => (event.authentication.methods = [{ name }]);
  assert.ok(!factors({}, first('email')).includes('email'));
  assert.ok(!factors({}, first('sms')).includes('phone'));
  assert.ok(!factors({}, first('passkey')).some((type) => type.startsWith('webauthn')));
  assert.ok(!factors({}, (event) => (event.connection.strategy = 'email')).includes('email'));
});

test('containment is anything but absent, null or false, and is never written away', () => {
  const config = configWith();
  for (const contained of [true, 1, 0, '', 'no', {}, { until: 'x' }]) {
    const event = signIn({ mark: { contained } });
    assert.ok(isContained(event, config), JSON.stringify(contained));
    assert.deepEqual(mergedMark(event, config, { contained: false, a: 1 }), { contained, a: 1 });
  }
  for (const mark of [undefined, null, {}, { contained: false }, { contained: null }, 'contained']) {
    assert.ok(!isContained(signIn({ mark }), config));
  }
  assert.equal(mergedMark(signIn(), config, { note: 'x'.repeat(1100) }), null);
});

test('a mark that the platform cannot store is not written', () => {
  let deep = {};
  for (let n = 0; n < 7; n += 1) deep = { deep };
  for (const mark of [{ 'a.b': 1 }, { a: { $set: 1 } }, { a: [{ 'b.c': 1 }] }, { '': 1 }, deep]) assert.equal(mergedMark(signIn(), configWith(), mark), null);
  assert.deepEqual(mergedMark(signIn(), configWith(), { a: { b_c: [1, 'x', null] } }), { a: { b_c: [1, 'x', null] } });
});

test('no shape of what a client controls weakens the verdict', () => {
  const hostile = [null, 7, 'none', ['none'], [['none']], {}, 'x'.repeat(100_000), '\ud800', ['login', 'none'], true];
  for (const value of hostile) {
    const event = signIn({ mark: { contained: true }, roles: ['admin'], confidence: 'low' });
    Object.assign(event.transaction, { prompt: value, acr_values: value, requested_scopes: value, correlation_id: value, locale: value, protocol: value });
    Object.assign(event.request, { user_agent: value, language: value, query: value, body: value, ip: value });
    assert.equal(localVerdict(event, configWith(), 'timeout', NOW).verdict, 'deny');
    delete event.user.app_metadata.countersign;
    assert.notEqual(localVerdict(event, configWith(), 'timeout', NOW).verdict, 'allow');
    assert.notEqual(localVerdict(event, configWith(), 'refused', NOW).verdict, 'allow');
  }
});
