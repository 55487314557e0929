import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CONFIG, configWith, fixture, source } from './action.mjs';

const { requestBody, EVENT_FIELDS } = source('fields');
const { signUpFields } = source('sign-up-fields');
const pickEvent = (event, config) => source('request').pickEvent(event, config, EVENT_FIELDS);
const MAX_BODY_BYTES = 48 * 1024;
const bodyOf = (event) => JSON.parse(requestBody(event, CONFIG, 800));

function edited(edit, name) {
  const event = fixture(name);
  edit(event);
  return event;
}

test('the envelope names trigger, deadline and action', () => {
  const { trigger, deadline_ms, action, truncated } = bodyOf(fixture());
  assert.equal(trigger, 'post-login');
  assert.equal(deadline_ms, 800);
  const { code, ...rest } = action;
  assert.deepEqual(rest, { name: 'countersign-post-login', version: CONFIG.version, policy_etag: null });
  // Of the sources alone; the built files have the hash of their own text.
  assert.match(code, /^[0-9a-f]{64}$/);
  assert.deepEqual(truncated, []);
});

test('only allow-listed fields leave', () => {
  const event = edited((it) => {
    it.secrets = { COUNTERSIGN_KEY: 'the-secret' };
    it.request.body = { password: 'the-password' };
    it.request.query.code = 'the-code';
    it.user.app_metadata.countersign = { contained: false };
    it.user.app_metadata.countersign_last = { fallback_at: 'the-metadata' };
    it.transaction.metadata = { other: 'the-metadata' };
    it.session.metadata = { other: 'the-metadata' };
  }, 'post-login.refresh-token');
  const text = requestBody(event, CONFIG, 800);
  const forbidden =
    /the-secret|the-password|the-code|the-metadata|2025550143|avatars|gold|callback|login_hint|c3RhdGU|Springfield|Illinois|display_name|strict|rt_8.*"scopes"/;
  assert.doesNotMatch(text, forbidden);
  const sent = JSON.parse(text).event;
  assert.deepEqual(sent.request.query, {});
  assert.deepEqual(sent.user.app_metadata, { countersign: { contained: false } });
  assert.deepEqual(sent.user.identities, [{ connection: 'Username-Password-Authentication', provider: 'auth0', isSocial: false }]);
  assert.equal(sent.refresh_token.session_id, event.session.id);
});

test('the risk assessment goes whole, without its supplement', () => {
  const event = fixture('post-login.high-risk');
  const { supplemental, ...rest } = event.authentication.riskAssessment;
  assert.ok(supplemental);
  assert.deepEqual(bodyOf(event).event.authentication.riskAssessment, rest);
});

test('null stays null and absent stays absent', () => {
  const sent = bodyOf(edited((it) => {
    it.organization = null;
    delete it.stats;
  }, 'post-login.high-risk')).event;
  assert.equal(sent.security_context.ja4, null);
  assert.equal(sent.organization, null);
  assert.ok(!('stats' in sent));
  assert.ok(!('device' in sent.session));
});

test('a field of another type is left out and named', () => {
  const { event, truncated } = bodyOf(edited((it) => {
    it.request.user_agent = { toString: 'x' };
    it.request.query.prompt = ['none', 'login'];
    it.request.geoip.latitude = 1e308;
    it.stats.logins_count = -1.5;
    it.user.email_verified = 'true';
    it.user.app_metadata = 'contained';
    it.client = [];
    it.authorization.roles = ['member', null, 7];
  }));
  assert.deepEqual(truncated.sort(), [
    'authorization.roles',
    'client',
    'request.geoip.latitude',
    'request.query.prompt',
    'request.user_agent',
    'stats.logins_count',
    'user.app_metadata',
    'user.email_verified',
  ]);
  assert.deepEqual(event.authorization.roles, ['member']);
  assert.ok(!('user_agent' in event.request));
});

test('what names a person is whole or absent, never cut', () => {
  const bounds = { user_id: 256, email: 320, username: 256, phone_number: 64 };
  const sent = (name, value) => {
    const event = edited((it) => (it.user = { [name]: value }), 'pre-user-registration');
    event.connection.strategy = 'sms';
    return source('request').pickEvent(event, CONFIG, signUpFields(event));
  };
  for (const [name, bound] of Object.entries(bounds)) {
    assert.deepEqual(sent(name, 'a'.repeat(bound)), { ...sent(name, 'a'.repeat(bound)), cuts: [] });
    assert.equal(sent(name, 'a'.repeat(bound)).picked.user[name].length, bound, name);
    for (const value of ['a'.repeat(bound + 1), 'é'.repeat(bound), 'a\u0000', '\ud800']) {
      const { picked, cuts } = sent(name, value);
      assert.deepEqual([picked.user, cuts], [{}, [`user.${name}`]], name);
    }
  }
  const long = edited((it) => Object.assign(it.user, { email: `${'a'.repeat(321)}@example.com`, username: 'b'.repeat(257) }));
  const { event, truncated } = bodyOf(long);
  assert.deepEqual([event.user.email, event.user.username, truncated], [undefined, undefined, ['user.email', 'user.username']]);
});

test('an identifier is whole or absent', () => {
  const whole = bodyOf(edited((it) => (it.user.user_id = `auth0|${'a'.repeat(250)}`)));
  assert.equal(whole.event.user.user_id.length, 256);
  for (const id of ['a'.repeat(257), 'auth0|a\u0000', 'auth0|\ud800']) {
    const { event, truncated } = bodyOf(edited((it) => (it.user.user_id = id)));
    assert.ok(!('user_id' in event.user));
    assert.deepEqual(truncated, ['user.user_id']);
  }
});

test('what an attacker sizes is cut and leaves the rest whole', () => {
  for (const filler of ['x', '"', '\\', '😀', '\u0000', '\ud800', '\u2028']) {
    const long = filler.repeat(1_000_000);
    const event = edited((it) => {
      Object.assign(it.request, { user_agent: long, language: long, query: { prompt: long } });
      Object.assign(it.transaction, { correlation_id: long, acr_values: Array(5000).fill(long), prompt: Array(5000).fill(long) });
      it.transaction.requested_scopes = Array(5000).fill(long);
      for (const key of Object.keys(it.session.device)) it.session.device[key] = long;
      it.user.email = long;
    });
    const text = requestBody(event, CONFIG, 800);
    assert.ok(Buffer.byteLength(text) <= MAX_BODY_BYTES);
    assert.doesNotMatch(text, /\\ud8|\\udc|\\u0000/i);
    const { event: sent, truncated } = JSON.parse(text);
    assert.ok(truncated.includes('request.user_agent') && truncated.includes('transaction.requested_scopes'));
    assert.deepEqual(sent.authentication, event.authentication);
    assert.deepEqual(sent.authorization, event.authorization);
    assert.equal(sent.transaction.acr_values.length, 32);
    assert.equal(sent.user.user_id, event.user.user_id);
  }
});

const PROTECTED = configWith({ fallback: { protected_roles: ['Admin', 'Owner'] } });
const rolesSent = (roles, config = PROTECTED) => {
  const event = edited((it) => (it.authorization.roles = roles));
  const body = requestBody(event, config, 800);
  assert.ok(Buffer.byteLength(body) <= MAX_BODY_BYTES);
  const { event: sent, truncated } = JSON.parse(body);
  return { roles: sent.authorization.roles, isCut: truncated.includes('authorization.roles'), sent };
};
const numbered = (count, text = 'role') => Array.from({ length: count }, (_, n) => `${text}-${n}`);

test('a person of many roles is sent with them', () => {
  const all = numbered(128);
  assert.deepEqual(rolesSent(all), { ...rolesSent(all), roles: all, isCut: false });
  assert.deepEqual([rolesSent(numbered(129)).roles, rolesSent(numbered(129)).isCut], [all, true]);
});

test('protected roles are never the ones that are cut', () => {
  for (const many of [numbered(127), numbered(5000), numbered(128, 'x'.repeat(120)), numbered(128, '"'.repeat(250)), Array(5000).fill('x'.repeat(9000))]) {
    const { roles, isCut } = rolesSent([...many, 'OWNER', null, 'admin']);
    assert.deepEqual([roles.slice(0, 2), isCut], [['OWNER', 'admin'], true], many[0].slice(0, 9));
    assert.ok(roles.length <= 128 && Buffer.byteLength(JSON.stringify(roles)) <= 12_288 + 2);
  }
});

test('protected roles stay when the whole is too long', () => {
  const event = flooded(fixture(), '"'.repeat(3000));
  event.authorization.roles = [...numbered(200, '"'.repeat(250)), 'admin', 'owner'];
  const body = requestBody(event, PROTECTED, 800);
  assert.ok(Buffer.byteLength(body) <= MAX_BODY_BYTES, `${Buffer.byteLength(body)}`);
  const { event: sent, truncated } = JSON.parse(body);
  assert.deepEqual(sent.authorization.roles, ['admin', 'owner']);
  assert.ok(truncated.includes('authorization.roles'));
});

// Every place of a fixture, filled with the same hostile value.
function flooded(value, hostile) {
  if (Array.isArray(value)) return Array(200).fill(flooded(value[0], hostile));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, flooded(part, hostile)]));
  }
  return typeof value === 'string' ? hostile : value;
}

test('no event makes the request longer than its bound', () => {
  for (const name of ['post-login', 'post-login.high-risk', 'post-login.refresh-token']) {
    for (const filler of ['"', 'é', '\ud800']) {
      const event = flooded(fixture(name), filler.repeat(3000));
      event.user.app_metadata.countersign = flooded({ a: { b: ['c'] } }, filler.repeat(3000));
      const text = requestBody(event, CONFIG, 800);
      assert.ok(Buffer.byteLength(text) <= MAX_BODY_BYTES, `${name}: ${Buffer.byteLength(text)}`);
      assert.ok(JSON.parse(text).truncated.length <= 64);
    }
  }
});

test('trees of any shape are bounded in depth, width and bytes', () => {
  let deep = { leaf: 1 };
  for (let n = 0; n < 50; n += 1) deep = { deep };
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`key${n}`, 'x'.repeat(500)]));
  const polluted = JSON.parse('{"__proto__":{"confidence":"high"},"confidence":"low"}');
  for (const tree of [deep, wide, { list: Array(9999).fill({ a: 'b' }) }]) {
    const { picked, cuts } = pickEvent(edited((it) => (it.authentication.riskAssessment = tree)), CONFIG);
    assert.deepEqual(cuts, ['authentication.riskAssessment']);
    assert.ok(JSON.stringify(picked.authentication.riskAssessment).length < 12_000);
  }
  const { picked } = pickEvent(edited((it) => (it.authentication.riskAssessment = polluted)), CONFIG);
  assert.deepEqual(picked.authentication.riskAssessment, { confidence: 'low' });
});

test('an event of any shape makes a request', () => {
  for (const event of [null, undefined, 7, 'x', [], {}, { user: null }, { request: 7, user: [] }]) {
    assert.equal(bodyOf(event).trigger, 'post-login');
  }
});
