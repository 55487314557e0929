import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configWith, fixture, source } from './action.mjs';

const { localVerdict } = source('fallback');
const { askableFactors, canAsk, hasFreshMfa } = source('challenge');
const { isContained, mergedMark } = source('contained');
const { stamp } = source('mark');
const { isEnforcing, scoped } = source('reach');
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
function signIn({ channel = 'interactive', confidence = 'high', roles = ['member'], mark, factors = ['otp', 'phone'], methods = [], strategy = 'auth0' } = {}) {
  const event = fixture();
  Object.assign(event.transaction, CHANNELS[channel]);
  event.authentication.riskAssessment.confidence = confidence;
  event.authentication.methods.push(...methods);
  event.authorization.roles = roles;
  event.connection.strategy = strategy;
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

// What brings each of the rows that `federated` stands in for.
const DOUBTS = { refused: [{}, true], 'low confidence': [{ confidence: 'low' }], protected: [{ roles: ['admin'] }], all: [{ confidence: 'low', roles: ['admin'] }, true] };
const HOME = ['auth0', 'email', 'sms'];

test('federated people are let in where nothing but a doubt speaks against them', () => {
  for (const [what, [traits, isRefusal]] of Object.entries(DOUBTS)) {
    for (const channel of Object.keys(CHANNELS)) {
      for (const factors of [[], ['otp']]) {
        for (const strategy of ['waad', 'google-oauth2', 'samlp', 'oidc', 'ad']) {
          assert.equal(verdict({ ...traits, channel, factors, strategy }, isRefusal), 'allow', `${what}, ${channel}, ${strategy}`);
        }
      }
    }
    for (const strategy of [...HOME, undefined, null, '', 7, {}]) assert.notEqual(verdict({ ...traits, roles: ['admin'], strategy }, isRefusal), 'allow', `${what}, ${strategy}`);
  }
});

test('federated people are held where the operator, a containment or an answer says so', () => {
  for (const [what, [traits, isRefusal]] of Object.entries(DOUBTS)) {
    const federated = { ...traits, strategy: 'samlp' };
    assert.equal(verdict(federated, isRefusal, { fallback: { federated: 'deny' } }), 'deny', what);
    assert.equal(verdict(federated, isRefusal, { fallback: { federated: 'challenge' } }), 'challenge', what);
    assert.equal(verdict({ ...federated, mark: { contained: true } }, isRefusal), 'deny', what);
    assert.equal(verdict(federated, isRefusal, { fallback: { federated: 'dney' } }), 'allow', 'a typing mistake is the default');
    assert.equal(verdict({ ...traits, roles: ['admin'] }, isRefusal, { fallback: { federated: 'allow' } }), 'challenge', 'others are not concerned');
  }
  assert.equal(verdict({ strategy: 'samlp' }, false, { fallback: { federated: 'deny' } }), 'allow', 'no doubt, no row');
  assert.equal(localVerdict(signIn({ strategy: 'samlp', factors: [] }), configWith(), 'effect_failed', NOW).verdict, 'deny');
});

test('force is confined to the organizations and clients that are named', () => {
  const isForced = (only, event) => isEnforcing(scoped(event, { ...configWith(), enforce_only: only }));
  const inOrg = signIn();
  inOrg.organization = { id: 'org_1' };
  const { client_id: client } = inOrg.client;
  const elsewhere = signIn();
  for (const only of [undefined, {}, { organizations: [] }, { clients: [] }, { organizations: [], clients: [] }]) {
    for (const event of [inOrg, elsewhere, {}, null]) assert.ok(isForced(only, event), JSON.stringify(only));
  }
  for (const only of [{ organizations: ['org_0', 'org_1'] }, { clients: [client] }, { organizations: ['org_1'], clients: [client] }]) assert.ok(isForced(only, inOrg), JSON.stringify(only));
  for (const only of [{ organizations: ['org_2'] }, { clients: ['x'] }, { organizations: ['org_1'], clients: ['x'] }, { organizations: ['org_2'], clients: [client] }]) {
    assert.ok(!isForced(only, inOrg), JSON.stringify(only));
  }
  for (const event of [elsewhere, {}, null, { organization: null }, { organization: { id: ['org_1'] } }]) assert.ok(!isForced({ organizations: ['org_1'] }, event));
  for (const only of [null, 'org_1', ['org_1'], { organisations: ['org_1'] }, { organizations: 'org_1' }, { clients: {} }, { organizations: [undefined] }]) {
    for (const event of [inOrg, elsewhere]) assert.ok(!isForced(only, event), `a mistyped scope forces nothing: ${JSON.stringify(only)}`);
  }
  assert.ok(!isEnforcing(scoped(inOrg, configWith({ enforce: 'true', enforce_only: { organizations: ['org_1'] } }))));
});

test('a time is noted once an hour, and only where somebody signs in', () => {
  const written = (event, name = 'fallback_at') => {
    const seen = [];
    stamp(event, { user: { setAppMetadata: (key, value) => seen.push([key, value]) } }, configWith(), name, NOW);
    return seen;
  };
  const noted = (last, traits) => {
    const event = signIn(traits);
    event.user.app_metadata.countersign_last = last;
    return event;
  };
  const at = (ageMs) => new Date(NOW - ageMs).toISOString();
  const fresh = [['countersign_last', { fallback_at: at(0) }]];
  for (const last of [undefined, null, {}, 'x', { fallback_at: 'x' }, { fallback_at: at(HOUR) }, { fallback_at: at(9 * HOUR) }, { fallback_at: at(-9 * HOUR) }]) {
    assert.deepEqual(written(noted(last)), fresh, JSON.stringify(last));
  }
  for (const age of [0, 1000, HOUR - 1000]) assert.deepEqual(written(noted({ fallback_at: at(age) })), []);
  assert.deepEqual(written(noted({ fallback_at: at(1000) }), 'exempt_at'), [['countersign_last', { fallback_at: at(1000), exempt_at: at(0) }]]);
  assert.deepEqual(written(noted({ exempt_at: at(1000) }), 'exempt_at'), []);
  for (const channel of ['silent', 'refresh', 'exchange', 'ciba']) assert.deepEqual(written(noted(undefined, { channel })), [], channel);
  for (const channel of ['password', 'owner']) assert.deepEqual(written(noted(undefined, { channel })), fresh, channel);
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
  for (const byPlan of [true, 1, '', 'no', {}, { incident: 'inc_1' }]) {
    const event = signIn({ mark: { level: 'high' } });
    event.user.app_metadata.countersign_contained = byPlan;
    assert.ok(isContained(event, config), JSON.stringify(byPlan));
    assert.deepEqual(mergedMark(event, config, { a: 1 }), { a: 1 }, 'the mark of a sign-in does not touch what a plan set');
    assert.equal(localVerdict(event, config, 'timeout', NOW).verdict, 'deny');
  }
  for (const byPlan of [undefined, null, false]) {
    const event = signIn();
    event.user.app_metadata.countersign_contained = byPlan;
    assert.ok(!isContained(event, config), JSON.stringify(byPlan));
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
