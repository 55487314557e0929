// What really leaves, byte by byte: a peer that keeps every byte, and a canary of its own in every text of an event.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCache } from '../../crates/sandbox/node/api.mjs';
import { FLOWS, deadlineOf, eventOf, loadFlow, runFlow } from './flows.mjs';
import { SECRET, startRecorder } from './peer.mjs';

// Places that a fixture lacks, or that hold a secret: all of them are filled too.
const EXTRA = [
  'request.body.password', 'request.body.client_secret', 'request.body.client_assertion', 'request.body.code', 'request.body.subject_token', 'request.body.actor_token',
  'request.body.deep.list.0.password', 'request.query.ticket', 'request.query.code', 'request.query.session_token', 'request.query.login_hint', 'request.asn',
  'transaction.subject_token', 'transaction.actor_token', 'transaction.actor_token_type', 'transaction.actor_token_user.email', 'transaction.actor_token_user.user_id',
  'transaction.actor_token_user.app_metadata.countersign.note', 'transaction.state', 'transaction.login_hint', 'transaction.redirect_uri', 'transaction.metadata.other',
  'message_options.code', 'message_options.text', 'message_options.recipient', 'message_options.deep.code', 'message_options.text_parts.0',
  'user.password', 'user.phone_number', 'user.picture', 'user.nickname', 'user.user_metadata.note', 'user.app_metadata.other', 'user.app_metadata.countersign_last.fallback_at',
  'user.identities.0.access_token', 'user.identities.0.refresh_token', 'user.identities.0.profileData.email', 'accessToken.customClaims.note', 'client.metadata.note',
  'organization.metadata.note', 'session_transfer_token.value', 'access_token', 'id_token', 'code', 'configuration.secret', 'refresh_token.token',
];

// The texts that each flow tells, and no others.
const SIGN_UP = `tenant.id request.ip request.hostname request.language request.method request.user_agent request.geoip.continentCode request.geoip.countryCode
  request.geoip.subdivisionCode request.geoip.timeZone connection.id connection.name connection.strategy custom_domain.domain security_context.ja3 security_context.ja4
  transaction.locale transaction.protocol transaction.requested_scopes.* user.email user.family_name user.given_name user.name user.username`;
const PLACE = `tenant.id request.ip request.hostname request.language request.method request.user_agent request.geoip.continentCode request.geoip.countryCode
  request.geoip.subdivisionCode request.geoip.timeZone`;
const SENT = {
  'post-login': `${PLACE} request.asn client.client_id client.name connection.id connection.name connection.strategy organization.id organization.name authentication.methods.*
    authentication.riskAssessment.* authorization.roles.* resource_server.identifier security_context.ja3 security_context.ja4 session.id session.created_at session.authenticated_at
    session.device.* transaction.id transaction.acr_values.* transaction.prompt.* transaction.protocol transaction.requested_scopes.* transaction.correlation_id user.user_id user.email
    user.username user.name user.given_name user.family_name
    user.created_at user.updated_at user.last_password_reset user.enrolledFactors.* user.multifactor.* user.identities.*.connection user.identities.*.provider custom_domain.domain prompt.id`,
  'pre-user-registration': `${SIGN_UP} client.client_id client.name transaction.correlation_id`,
  'post-user-registration': `${SIGN_UP} user.user_id user.created_at user.updated_at`,
  'credentials-exchange': `${PLACE} client.client_id client.name organization.id organization.name resource_server.identifier accessToken.scope.* transaction.requested_scopes.*
    transaction.target_scopes.* transaction.correlation_id custom_domain.domain`,
  'password-reset-post-challenge': `${PLACE} client.client_id client.name connection.id connection.name connection.strategy organization.id organization.name authentication.methods.*
    authorization.roles.* transaction.correlation_id user.user_id user.email user.created_at user.updated_at user.last_password_reset user.enrolledFactors.* user.identities.*.connection
    user.identities.*.provider custom_domain.domain`,
  'post-change-password': `${PLACE} connection.id connection.name connection.strategy transaction.correlation_id user.user_id user.email user.last_password_reset custom_domain.domain`,
  'guard-send-phone-message': `${PLACE} client.client_id client.name message_options.action message_options.message_type security_context.ja3 security_context.ja4
    transaction.correlation_id user.user_id user.email user.created_at user.updated_at user.last_password_reset user.identities.*.connection user.identities.*.provider custom_domain.domain`,
  'guard-custom-token-exchange': `${PLACE} client.client_id client.name organization.id organization.name resource_server.identifier transaction.requested_scopes.*
    transaction.requested_token_type transaction.subject_token_type transaction.actor_token_type`,
};
// What must never leave, whatever list above is edited. Of the phone number alone there is an exception, tested below.
const NEVER = /^(request\.(body|query)\.|secrets|message_options\.(code|text|recipient|deep)|transaction\.(subject_token|actor_token|actor_token_user\..*|state|login_hint|redirect_uri|metadata\..*)$|user\.(password|phone_number|picture|nickname|user_metadata))|(^|\.)(metadata|profileData|customClaims|supplemental)\.|(^|\.)(access_token|refresh_token|id_token|token)$|^code$/;

function pathsOf(value, path = []) {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]));
}

// Puts a value at a path, making what is missing on the way.
function put(event, path, value) {
  const [last, ...above] = [...path].reverse();
  let here = event;
  const steps = above.reverse();
  steps.forEach((step, n) => {
    if (typeof here[step] !== 'object' || here[step] === null) here[step] = /^\d+$/.test(steps[n + 1] ?? last) ? [] : {};
    here = here[step];
  });
  here[last] = value;
}

// Every form of a text that one could hide it in: as it is, in hex, and in base64 at each alignment, without the edges that
// depend on its neighbors. Canaries are of letters and digits, which no escaping changes.
function formsOf(canary) {
  const inBase64 = [0, 1, 2].map((shift) => Buffer.from('.'.repeat(shift) + canary).toString('base64').slice(4, -4));
  return [canary, Buffer.from(canary).toString('hex'), [...canary].reverse().join(''), ...inBase64];
}

// At most 16 characters, the least bound of a field.
const tokenOf = (n) => `qz${String(n).padStart(4, '0')}xkjvwz`;

function isSeen(sent, canary) {
  const lower = sent.toLowerCase();
  return formsOf(canary).some((form) => sent.includes(form) || lower.includes(form.toLowerCase()));
}

// Runs a flow on an event with a canary at each path, shaped by `shape`, and then edited; gives the paths of which anything left.
async function leaks(name, shape, only = () => true, edit = () => undefined) {
  const recorder = await startRecorder();
  const log = [];
  const cache = createCache();
  try {
    const event = eventOf(name);
    const paths = [...new Set([...pathsOf(event).map((path) => path.join('.')), ...EXTRA])].filter((path) => !path.startsWith('secrets') && only(path));
    const canaries = new Map(paths.map((path, n) => [path, tokenOf(n)]));
    for (const [path, canary] of canaries) put(event, path.split('.'), shape(canary));
    edit(event);
    const secrets = { OTHER: tokenOf(7801), COUNTERSIGN_REDIRECT_KEY: tokenOf(7802).repeat(3) };
    const action = loadFlow(name, [deadlineOf(name, 4000)], log);
    const { answer } = await runFlow(name, action, { event, url: recorder.url, secrets, cache });
    const sent = recorder.sent().toString('latin1');
    const kept = ['countersign_breaker', 'countersign_used'].map((key) => cache.get(key)?.value);
    const told = `${log.join('\n')}${JSON.stringify(answer ?? null)}${JSON.stringify(kept)}`;
    for (const [path, canary] of canaries) assert.ok(!isSeen(told, canary), `${path} in the log, the cache or the answer`);
    for (const n of [7801, 7802]) assert.ok(!isSeen(sent, tokenOf(n)), 'a secret');
    assert.ok(!sent.includes(SECRET.slice(6)) && !sent.includes('0123456789abcdef0123456789abcdef'), 'the key');
    assert.match(sent, /^POST \/v1\/decisions HTTP\/1\.1\r\n/);
    return [...canaries].filter(([, canary]) => isSeen(sent, canary)).map(([path]) => path);
  } finally {
    await recorder.close();
  }
}

const isListed = (name) => {
  const patterns = SENT[name].trim().split(/\s+/).map((path) => new RegExp(`^${path.replace(/\./g, '\\.').replace(/\*/g, '.+')}$`));
  return (path) => patterns.some((pattern) => pattern.test(path));
};

test('what is listed as sent is none of what must never leave', () => {
  for (const name of Object.keys(FLOWS)) {
    const listed = [...pathsOf(eventOf(name)).map((path) => path.join('.')), ...EXTRA].filter(isListed(name));
    assert.deepEqual(listed.filter((path) => NEVER.test(path) && !path.startsWith('user.identities')), [], name);
  }
});

for (const name of Object.keys(FLOWS)) {
  test(`${name}: exactly the listed texts leave`, async () => {
    const seen = await leaks(name, (canary) => canary);
    const all = [...new Set([...pathsOf(eventOf(name)).map((path) => path.join('.')), ...EXTRA])];
    assert.deepEqual(seen.sort(), all.filter((path) => isListed(name)(path) && !/supplemental/.test(path)).sort());
    assert.deepEqual(seen.filter((path) => NEVER.test(path)), []);
    assert.ok(seen.includes('tenant.id') && seen.includes('request.ip'), 'the recorder sees what is sent');
  });

  test(`${name}: nothing unlisted leaves in another form, another shape or as a name`, async () => {
    const shapes = {
      base64: (canary) => Buffer.from(`..${canary}..`).toString('base64'),
      encoded: (canary) => encodeURIComponent(`é/${canary}?&=\r\n"`),
      'as an object': (canary) => ({ value: canary, deep: [{ [canary]: canary }] }),
      'as a name': (canary) => ({ [canary]: { [canary]: 1 } }),
      'as a list': (canary) => [canary, [canary]],
      long: (canary) => `${canary} `.repeat(20_000),
      'in a header': (canary) => `x\r\nx-evil: ${canary}\r\n\r\n${canary}`,
    };
    for (const [what, shape] of Object.entries(shapes)) {
      assert.deepEqual(await leaks(name, shape, (path) => !isListed(name)(path)), [], what);
    }
  });
}

const NAMED_BY_PHONE = ['pre-user-registration', 'post-user-registration'];
test('a phone number leaves only registrations by text message that have no e-mail address', async () => {
  for (const name of Object.keys(FLOWS)) {
    const forbidden = async (strategy, email) => {
      const edit = (event) => {
        event.connection = { ...event.connection, strategy };
        if (event.user !== undefined) event.user.email = email;
      };
      return (await leaks(name, (canary) => canary, undefined, edit)).filter((path) => NEVER.test(path));
    };
    for (const email of [undefined, null, '']) {
      assert.deepEqual(await forbidden('sms', email), NAMED_BY_PHONE.includes(name) ? ['user.phone_number'] : [], name);
      for (const strategy of ['auth0', 'email', 'google-oauth2', undefined, ['sms']]) assert.deepEqual(await forbidden(strategy, email), [], name);
    }
    assert.deepEqual(await forbidden('sms', 'pat@example.com'), [], name);
  }
});
