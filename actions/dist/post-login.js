// Countersign for Auth0, trigger post-login. Built from actions/src by actions/build.mjs: edit CONFIG here, the rest there.
'use strict';

const crypto = require('crypto');

// --- frozen ---

function frozen(value) {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) frozen(part);
  }
  return Object.freeze(value);
}

// --- config ---

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this Action, sent with each request.
  version: '0.1.0',
  // Whether this Action may change a sign-in. While it is not exactly `true`, no sign-in can end otherwise than without
  // this Action, whatever the service answers and wherever it fails: claims, marks and notes are all that it makes.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it: sign-ins into other organizations, or at other clients,
  // are only watched. With both lists filled a sign-in must be in both.
  enforce_only: { organizations: [], clients: [] },
  // Claims are set only below this address. It is https, ends in a slash and must be one that you control, so none of
  // Auth0's.
  claim_namespace: 'https://countersign.example/',
  // How long a sign-in may wait for an answer, in ms (50 to 5000).
  deadline_ms: 800,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // When the service refuses our request (400, 409, 413, 422): 'challenge', 'allow' or 'deny'.
  on_reject: 'challenge',
  // When the service cannot be reached: the strictest row that matches counts. The table is in the README.
  fallback: {
    default: 'allow',
    // For people of another identity provider, in place of `on_low_confidence`, `protected` and `on_reject`. Most have no
    // factor at Auth0, so what is stricter locks them out.
    federated: 'allow',
    on_low_confidence: 'challenge',
    protected_roles: ['admin'],
    protected: 'challenge',
    contained: 'deny',
  },
  // Where the event tells whether the machine is managed, such as 'transaction.metadata.device_posture' or
  // 'user.app_metadata.device_posture', and which values there (texts in any case of letters, true, false) mean what. The
  // README says what counts for whom. Nowhere by default.
  device_posture: { from: '', compliant: [], non_compliant: [], unmanaged: [] },
  // The factors that may be asked for, best first.
  factors: ['webauthn-roaming', 'webauthn-platform', 'push-notification', 'otp', 'phone', 'email'],
  // What this Action may do at all, whatever the service answers.
  ceiling: {
    deny: true,
    challenge: true,
    enroll: true,
    skip_mfa: false,
    claims: true,
    app_metadata: true,
    redirect: false,
  },
  // The hosts that people may be sent to for a step-up, exactly, with a port unless it is 443. They need the secret
  // COUNTERSIGN_REDIRECT_KEY.
  redirect: { hosts: [] },
  // Exempt from every decision, marked and logged. Put the console's own client here.
  break_glass: { user_ids: [], client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
  // The key of `app_metadata` that is ours. Times of fallback and exemption stand under this key with `_last` after it.
  mark_key: 'countersign',
});

// --- values ---

// Total functions over values of any shape. None of them throws, whatever the event holds.

function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// The value at a path, or undefined as soon as a step is not an object.
function dig(value, ...path) {
  let here = value;
  for (const step of path) {
    if (!isRecord(here)) return undefined;
    here = here[step];
  }
  return here;
}

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

// A configured word, or the strict default when somebody mistyped it.
function oneOf(value, allowed, otherwise) {
  return allowed.includes(value) ? value : otherwise;
}

function within(value, low, high, otherwise) {
  if (typeof value !== 'number' || !Number.isFinite(value)) return otherwise;
  return Math.min(high, Math.max(low, value));
}

// Text of at most `maxBytes` bytes of UTF-8, cut between characters. Control characters (databases refuse NUL, logs
// refuse line breaks) and lone surrogates (not encodable) become U+FFFD.
function boundedText(raw, maxBytes) {
  // Why: a UTF-16 unit takes at least one byte, so nothing beyond `maxBytes` units can survive the cut below.
  const head = raw.length > maxBytes ? raw.slice(0, maxBytes) : raw;
  const bytes = Buffer.from(head.replace(/[\u0000-\u001f\u007f]/g, '\ufffd'), 'utf8');
  if (bytes.length <= maxBytes) return bytes.toString('utf8');
  let end = maxBytes;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString('utf8');
}

// The size of a value as JSON, in bytes; infinite when it has no JSON form.
function jsonBytes(value) {
  try {
    const json = JSON.stringify(value);
    return json === undefined ? Infinity : Buffer.byteLength(json, 'utf8');
  } catch {
    return Infinity;
  }
}

// Whether the ceiling allows a kind of effect. Only exactly `true` does.
function isAllowed(config, kind) {
  return dig(config, 'ceiling', kind) === true;
}

// Runs one step and says whether it worked.
function attempt(step) {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

// --- person ---

// Strategies of connections whose credentials Auth0 keeps. The service reads them alike.
const HOME_STRATEGIES = ['auth0', 'sms', 'email'];

// Whether another identity provider vouches for the person. Why not for an unreadable strategy: it buys no milder row.
function isFederated(event) {
  const strategy = dig(event, 'connection', 'strategy');
  return typeof strategy === 'string' && strategy !== '' && !HOME_STRATEGIES.includes(strategy);
}

// A test for the names of protected roles, in any case of letters.
function protectedRoleTest(config) {
  const wanted = listOf(dig(config, 'fallback', 'protected_roles')).map((role) => String(role).toLowerCase());
  return (role) => typeof role === 'string' && wanted.includes(role.toLowerCase());
}

function isProtected(event, config) {
  const roles = dig(event, 'authorization', 'roles');
  const held = typeof roles === 'string' ? [roles] : listOf(roles);
  return held.some(protectedRoleTest(config));
}

// --- code ---

// SHA-256 of this file without CONFIG and with zeros here, sent with each request so that a decision names the code that
// asked for it. The build writes it.
const CODE = '52cfc729b065ad56f6c5cb6936b95c80eb6d83a0e09131710172554eeaf069b4';

// --- contained ---

const MAX_MARK_BYTES = 1024;
const MAX_MARK_DEPTH = 6;

function existingMark(event, config) {
  return dig(event, 'user', 'app_metadata', config.mark_key);
}

// The key of `app_metadata` in which a plan marks an account. Why a key of its own: the mark of each sign-in replaces the
// other one, and whoever signs in again and again must not hold up a plan.
const CONTAINED_KEY = 'countersign_contained';

// Anything but absent, null or false counts: a mark of another shape is no release.
function isSet(contained) {
  return contained !== undefined && contained !== null && contained !== false;
}

// Whether a plan marked the account.
function isMarkedByPlan(event) {
  return isSet(dig(event, 'user', 'app_metadata', CONTAINED_KEY));
}

// Whether the account is contained.
function isContained(event, config) {
  return isSet(dig(existingMark(event, config), 'contained')) || isMarkedByPlan(event);
}

// Whether Auth0 can store a value: no `.` and no `$` in a key. Why: it writes when the whole flow has ended, and what it
// refuses then fails a sign-in that nobody wanted to stop.
function isStorable(value, depth = 0) {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_MARK_DEPTH) return false;
  return Object.entries(value).every(([key, part]) => /^[A-Za-z0-9_-]{1,64}$/.test(key) && isStorable(part, depth + 1));
}

// The mark to write: the value, and never less containment than before. Null when it cannot be stored.
function mergedMark(event, config, value) {
  const mark = { ...value };
  const before = dig(existingMark(event, config), 'contained');
  if (isSet(before)) mark.contained = before;
  return isStorable(mark) && jsonBytes(mark) <= MAX_MARK_BYTES ? mark : null;
}

// --- request ---

// Bounds of the request. Why: text that an attacker can size must never make a request invalid or large.
const MAX_BODY_BYTES = 48 * 1024;
const MAX_ITEMS = 32;
// Why more for roles: floors of the policy hang on them, and someone may hold many.
const MAX_ROLES = 128;
const MAX_ROLES_BYTES = 12 * 1024;
const MAX_DEPTH = 6;
const MAX_CUTS = 64;

const words = (max) => ({ kind: 'text', max });
const many = (of, max = MAX_ITEMS, maxBytes = Infinity) => ({ kind: 'list', of, max, maxBytes });
const tree = (maxBytes, omit = []) => ({ kind: 'tree', maxBytes, omit });
const measure = (low, high) => ({ kind: 'number', low, high });
// Why: half an identifier names somebody else, so one that does not fit is left out whole.
const whole = (max) => ({ kind: 'identifier', max });
const IDENTIFIER = whole(256);
// The longest address by RFC 5321, section 4.5.3.1: 64 bytes, `@` and 255 bytes.
const EMAIL = whole(320);
// At most 15 digits by E.164, with room for how they are written.
const PHONE = whole(64);
const NAME = words(256);
const TIME = words(64);
const FLAG = { kind: 'flag' };
const COUNT = { kind: 'count' };
const MARK_FIELD = tree(2048);

// What several triggers tell alike.
const ROLES = many(NAME, MAX_ROLES, MAX_ROLES_BYTES);
const METHODS = many({ name: NAME, timestamp: TIME, type: words(64) });
const FACTORS = many({ type: words(64), options: { method: words(32) } });
const IDENTITIES = many({ connection: NAME, provider: words(128), isSocial: FLAG });
const SCOPES = many(words(128));
const NAMED = { id: IDENTIFIER, name: NAME };
const CLIENT = { client_id: IDENTIFIER, name: NAME };
const CONNECTION = { ...NAMED, strategy: NAME };
const REQUEST = {
  ip: words(64),
  hostname: NAME,
  language: words(64),
  method: words(16),
  user_agent: words(512),
  geoip: {
    countryCode: words(16),
    continentCode: words(16),
    subdivisionCode: words(16),
    timeZone: words(64),
    latitude: measure(-90, 90),
    longitude: measure(-180, 180),
  },
};

function cut(cuts, path) {
  if (cuts.length < MAX_CUTS && !cuts.includes(path)) cuts.push(path);
}

// One bounded value, or undefined when there is none that fits. Null stays null, absent stays absent.
function pick(field, value, path, cuts) {
  if (value === undefined || value === null) return value;
  const picked = typeof field.kind === 'string' ? pickLeaf(field, value, path, cuts) : pickSection(field, value, path, cuts);
  if (picked === undefined) cut(cuts, path);
  return picked;
}

function pickSection(fields, value, path, cuts) {
  if (!isRecord(value)) return undefined;
  const section = {};
  for (const name of Object.keys(fields)) {
    const picked = pick(fields[name], value[name], path === '' ? name : `${path}.${name}`, cuts);
    if (picked !== undefined) section[name] = picked;
  }
  return section;
}

function pickLeaf(field, value, path, cuts) {
  switch (field.kind) {
    case 'text':
      return pickText(field, value, path, cuts);
    case 'identifier':
      return typeof value === 'string' && boundedText(value, field.max) === value ? value : undefined;
    case 'flag':
      return typeof value === 'boolean' ? value : undefined;
    case 'count':
      return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    case 'number':
      return Number.isFinite(value) && value >= field.low && value <= field.high ? value : undefined;
    case 'list':
      return pickList(field, value, path, cuts);
    default:
      return pickTree(field, value, path, cuts);
  }
}

function pickText(field, value, path, cuts) {
  if (typeof value !== 'string') return undefined;
  const bounded = boundedText(value, field.max);
  if (bounded !== value) cut(cuts, path);
  return bounded;
}

function pickList(field, value, path, cuts) {
  if (!Array.isArray(value)) return undefined;
  if (value.length > field.max) cut(cuts, path);
  const items = [];
  let bytesLeft = field.maxBytes;
  for (const item of value.slice(0, field.max)) {
    const picked = pick(field.of, item, path, cuts);
    // The comma counts too.
    if (bytesLeft !== Infinity) bytesLeft -= jsonBytes(picked) + 1;
    if (picked === undefined || picked === null || bytesLeft < 0) cut(cuts, path);
    else items.push(picked);
  }
  return items;
}

// A copy of a value whose shape is not ours (new assessors may appear), bounded in depth, width and total bytes.
function pickTree(field, value, path, cuts) {
  if (!isRecord(value)) return undefined;
  const state = { bytesLeft: field.maxBytes, isCut: false };
  const copy = copyRecord(value, field.omit, path.split('.').length, state);
  if (state.isCut) cut(cuts, path);
  return copy;
}

function copyRecord(value, omit, depth, state) {
  const names = Object.keys(value).filter((name) => !omit.includes(name));
  if (names.length > MAX_ITEMS) state.isCut = true;
  const copy = {};
  for (const name of names.slice(0, MAX_ITEMS)) copyEntry(copy, name, value[name], depth + 1, state);
  return copy;
}

function copyEntry(target, name, value, depth, state) {
  const key = boundedText(name, 64);
  const copied = key === '__proto__' ? undefined : copyNode(value, depth, state);
  state.bytesLeft -= Buffer.byteLength(key, 'utf8') + 4;
  if (copied === undefined || key !== name || state.bytesLeft < 0) state.isCut = true;
  else target[key] = copied;
}

function copyNode(value, depth, state) {
  if (state.bytesLeft <= 0) return undefined;
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) {
    state.bytesLeft -= 24;
    return value;
  }
  if (typeof value === 'string') {
    const bounded = boundedText(value, 256);
    if (bounded !== value) state.isCut = true;
    state.bytesLeft -= Buffer.byteLength(JSON.stringify(bounded), 'utf8');
    return bounded;
  }
  if (typeof value !== 'object' || depth > MAX_DEPTH) return undefined;
  return copyContainer(value, depth, state);
}

function copyContainer(value, depth, state) {
  state.bytesLeft -= 4;
  if (!Array.isArray(value)) return copyRecord(value, [], depth, state);
  if (value.length > MAX_ITEMS) state.isCut = true;
  const copy = [];
  for (const item of value.slice(0, MAX_ITEMS)) {
    const copied = copyNode(item, depth + 1, state);
    if (copied === undefined) state.isCut = true;
    else copy.push(copied);
  }
  return copy;
}

// The event with its protected roles first, so that they are never the ones that are cut.
function protectedFirst(event, config) {
  const roles = dig(event, 'authorization', 'roles');
  if (!Array.isArray(roles)) return event;
  const isProtectedRole = protectedRoleTest(config);
  const ordered = [...roles.filter(isProtectedRole), ...roles.filter((role) => !isProtectedRole(role))];
  return { ...event, authorization: { ...event.authorization, roles: ordered } };
}

// The allow-listed event and the paths that were cut or left out.
function pickEvent(event, config, fields) {
  const cuts = [];
  const picked = pickSection(fields, isRecord(event) ? protectedFirst(event, config) : {}, '', cuts);
  const metadata = isRecord(event) && isRecord(event.user) ? event.user.app_metadata : undefined;
  if (isRecord(metadata) && isRecord(picked.user)) {
    const mark = pick(MARK_FIELD, metadata[config.mark_key], 'user.app_metadata.countersign', cuts);
    picked.user.app_metadata = mark === undefined ? {} : { countersign: mark };
    if (isMarkedByPlan(event)) picked.user.app_metadata[CONTAINED_KEY] = true;
  } else if (metadata !== undefined && metadata !== null) {
    cut(cuts, 'user.app_metadata');
  }
  return { picked, cuts };
}

// The body of the request as text, at most 48 KiB. `flow` names the trigger, its `fields` (a list, or how to tell it from
// the event), what is `shed` first, and what stands `beside` the event, if anything.
function writeRequest(event, config, deadlineMs, flow) {
  const fields = typeof flow.fields === 'function' ? flow.fields(event) : flow.fields;
  const { picked, cuts } = pickEvent(event, config, fields);
  const action = { name: `countersign-${flow.trigger}`, version: config.version, code: CODE, policy_etag: null };
  const beside = flow.beside === undefined ? {} : flow.beside(event, config);
  const write = () =>
    JSON.stringify({ trigger: flow.trigger, event: picked, deadline_ms: deadlineMs, action, truncated: cuts, ...beside });
  let body = write();
  for (const [section, name] of flow.shed) {
    if (Buffer.byteLength(body, 'utf8') <= MAX_BODY_BYTES) break;
    if (!isRecord(picked[section]) || picked[section][name] === undefined) continue;
    const kept = name === 'roles' ? listOf(picked[section][name]).filter(protectedRoleTest(config)) : [];
    if (kept.length > 0) picked[section][name] = kept;
    else delete picked[section][name];
    cut(cuts, `${section}.${name}`);
    body = write();
  }
  return body;
}

// --- device-posture ---

// Where the posture of the machine may stand in the event, by who writes there. The service hears what people write about
// themselves against them alone.
const POSTURE_PLACES = ['transaction.metadata', 'user.app_metadata', 'user.user_metadata'];

// In the order in which they are looked for, so that a value that is listed twice means the worse.
const POSTURE_STATUSES = ['non_compliant', 'unmanaged', 'compliant'];

const MAX_POSTURE_UNITS = 64;
const MAX_POSTURE_STEPS = 6;

// A value as CONFIG lists it: a text in any case of letters, or true or false. Null for anything else.
function postureWord(value) {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= MAX_POSTURE_UNITS ? value.toLowerCase() : null;
}

// What the tenant tells of the machine, in words of ours alone; undefined where CONFIG names no place, and where what stands
// there is not one of its values. Why not the value itself: it says more of a person's machine than a decision needs.
function postureOf(event, config) {
  const from = dig(config, 'device_posture', 'from');
  const place = POSTURE_PLACES.find((known) => typeof from === 'string' && from.startsWith(`${known}.`));
  if (place === undefined) return undefined;
  const steps = from.split('.');
  const word = steps.length <= MAX_POSTURE_STEPS ? postureWord(dig(event, ...steps)) : null;
  if (word === null) return undefined;
  const means = (status) => listOf(dig(config, 'device_posture', status)).some((known) => postureWord(known) === word);
  const status = POSTURE_STATUSES.find(means);
  return status === undefined ? undefined : { status, place };
}

// --- fields ---

const DEVICE = {
  initial_ip: words(64),
  initial_asn: words(32),
  initial_user_agent: words(512),
  last_ip: words(64),
  last_asn: words(32),
  last_user_agent: words(512),
};

// The allow-list: what is not named here is never sent.
const EVENT_FIELDS = {
  tenant: { id: IDENTIFIER },
  request: { ip: REQUEST.ip, asn: words(32), ...REQUEST, query: { prompt: words(64) } },
  client: CLIENT,
  connection: CONNECTION,
  organization: NAMED,
  authentication: { methods: METHODS, riskAssessment: tree(6144, ['supplemental']) },
  authorization: { roles: ROLES },
  resource_server: { identifier: words(512) },
  security_context: { ja3: words(128), ja4: words(128) },
  session: { id: IDENTIFIER, created_at: TIME, authenticated_at: TIME, device: DEVICE },
  refresh_token: { id: IDENTIFIER, created_at: TIME, session_id: IDENTIFIER, device: DEVICE },
  stats: { logins_count: COUNT },
  transaction: {
    id: IDENTIFIER,
    acr_values: many(words(128)),
    prompt: many(words(64), 8),
    protocol: words(64),
    requested_scopes: SCOPES,
    correlation_id: words(128),
  },
  user: {
    user_id: IDENTIFIER,
    email: EMAIL,
    email_verified: FLAG,
    // For the first sign-in of people whose registration no trigger has seen.
    username: IDENTIFIER,
    name: NAME,
    given_name: NAME,
    family_name: NAME,
    created_at: TIME,
    updated_at: TIME,
    last_password_reset: TIME,
    enrolledFactors: FACTORS,
    multifactor: many(words(64)),
    identities: IDENTITIES,
  },
  custom_domain: { domain: NAME },
  prompt: { id: IDENTIFIER },
};

// What goes first when the whole is still too long: what an attacker sizes, before what we decide by. Protected roles stay.
const SHED_ORDER = [
  ['transaction', 'requested_scopes'],
  ['transaction', 'acr_values'],
  ['refresh_token', 'device'],
  ['session', 'device'],
  ['user', 'identities'],
  ['authorization', 'roles'],
  ['authentication', 'riskAssessment'],
  ['authentication', 'methods'],
  ['user', 'enrolledFactors'],
  ['user', 'multifactor'],
];

const POST_LOGIN = {
  trigger: 'post-login',
  fields: EVENT_FIELDS,
  shed: SHED_ORDER,
  beside: (event, config) => ({ device_posture: postureOf(event, config) }),
};

// The body of the request for a sign-in.
function requestBody(event, config, deadlineMs) {
  return writeRequest(event, config, deadlineMs, POST_LOGIN);
}

// --- sign ---

// The bytes of a `whsec_<base64>` key, or null when the text is none. Standard Webhooks keys have 24 to 64 bytes;
// 16 is the least that is not guessable.
function signingKey(secret) {
  if (typeof secret !== 'string') return null;
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim());
  if (match === null) return null;
  const key = Buffer.from(match[1], 'base64');
  return key.length >= 16 ? key : null;
}

function newMessageId() {
  return `msg_${crypto.randomBytes(16).toString('hex')}`;
}

// Standard Webhooks headers over `id.timestamp.body`. `nowMs` is milliseconds since 1970.
function signedHeaders(key, id, nowMs, body) {
  const timestamp = String(Math.floor(nowMs / 1000));
  const mac = crypto.createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}

// Whether one of the signatures in the header (separated by spaces, at most 8) is over `id.body`, compared in constant time.
function isSignedAnswer(key, id, body, header) {
  if (typeof header !== 'string') return false;
  const wanted = crypto.createHmac('sha256', key).update(`${id}.`, 'utf8').update(body).digest();
  let isSigned = false;
  for (const part of header.split(' ').slice(0, 8)) {
    if (!/^v1,[A-Za-z0-9+/]{43}=$/.test(part)) continue;
    const given = Buffer.from(part.slice(3), 'base64');
    if (given.length === wanted.length && crypto.timingSafeEqual(given, wanted)) isSigned = true;
  }
  return isSigned;
}

// --- call ---

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

// Why something failed: a short word of ours, never text from outside.
function failure(reason) {
  const error = new Error(reason);
  error.reason = reason;
  return error;
}

// The address of an endpoint below the configured base, or null when the base is not https (http only on this machine).
function endpoint(base, path) {
  if (typeof base !== 'string') return null;
  let url;
  try {
    url = new URL(base.trim());
  } catch {
    return null;
  }
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  if (!isSafe || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`;
}

// Reads a body chunk by chunk. Why: `text()` and `json()` have no bound and do not always settle after an abort.
async function readBounded(response, maxBytes) {
  if (response.body === null) return Buffer.alloc(0);
  const reader = response.body.getReader();
  const chunks = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, total);
    total += value.byteLength;
    if (total > maxBytes) throw failure('too_large');
    chunks.push(value);
  }
}

async function exchange(url, headers, body, maxBytes, signal) {
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  const status = response.status;
  if (status !== 200) return { status, signature: null, body: Buffer.alloc(0) };
  const encoding = response.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') throw failure('bad_answer');
  return { status, signature: response.headers.get('countersign-signature'), body: await readBounded(response, maxBytes) };
}

// One POST that ends within `deadlineMs`, whatever the peer does. Rejects with a `reason`: timeout, network, too_large or bad_answer.
async function post(url, headers, body, deadlineMs, maxBytes) {
  const controller = new AbortController();
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(failure('timeout')), deadlineMs);
  });
  const running = exchange(url, headers, body, maxBytes, controller.signal);
  // Why: the loser of the race may fail later, and nobody waits for it then.
  running.catch(() => undefined);
  try {
    return await Promise.race([running, deadline]);
  } catch (error) {
    throw typeof error.reason === 'string' ? error : failure('network');
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

// --- answer ---

const MODES = ['off', 'audit', 'advisory', 'enforce'];
// A machine's token may lose many scopes, one an effect.
const maxEffects = (trigger) => (trigger === 'credentials-exchange' ? 128 : 16);
const MAX_ARGS = 4;

function isDecisionId(value) {
  return typeof value === 'string' && /^dec_[A-Za-z0-9_-]{1,128}$/.test(value);
}

function isEffect(value) {
  return (
    isRecord(value) &&
    typeof value.call === 'string' &&
    value.call.length <= 64 &&
    Array.isArray(value.args) &&
    value.args.length <= MAX_ARGS
  );
}

function isDuration(value) {
  return typeof value === 'number' && value >= 0;
}

// Switched off, the service decides nothing, so that answer has no id.
function hasSoundId(answer) {
  return isDecisionId(answer.decision_id) || (answer.mode === 'off' && answer.decision_id === null);
}

// The parts of an answer for a trigger that are used, from its bytes; `validForMs` is infinite when it names no bound. Throws `bad_answer`
// when one of them has another type.
function readAnswer(bytes, trigger) {
  let answer;
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw failure('bad_answer');
  }
  const { valid_for_ms: validForMs = Infinity } = isRecord(answer) ? answer : {};
  const isSound =
    isRecord(answer) &&
    hasSoundId(answer) &&
    answer.trigger === trigger &&
    MODES.includes(answer.mode) &&
    Array.isArray(answer.effects) &&
    answer.effects.length <= maxEffects(trigger) &&
    isDuration(validForMs) &&
    answer.effects.every(isEffect);
  if (!isSound) throw failure('bad_answer');
  return { decisionId: answer.decision_id, mode: answer.mode, effects: answer.effects, validForMs };
}

// --- breaker ---

// A circuit breaker in Auth0's Action cache. The cache is shared, small and forgetful, so this is best effort: losing
// the state means calling a service that is down, once more.
const BREAKER_KEY = 'countersign_breaker';

function breakerLimits(config) {
  return {
    failures: within(dig(config, 'breaker', 'failures'), 1, 1000, 5),
    windowMs: within(dig(config, 'breaker', 'window_ms'), 1000, 600000, 30000),
    openMs: within(dig(config, 'breaker', 'open_ms'), 100, 600000, 15000),
  };
}

// `{failures, since, openUntil}`, or null when nothing is known. A state from the future is no state: a wrong clock
// must not keep the service out.
function readBreaker(cache, limits, now) {
  try {
    const record = cache.get(BREAKER_KEY);
    const state = JSON.parse(record.value);
    const isSound =
      isRecord(state) && [state.failures, state.since, state.openUntil].every(Number.isFinite) && state.since <= now + 1000;
    return isSound && state.openUntil <= now + limits.openMs + 1000 ? state : null;
  } catch {
    return null;
  }
}

function writeBreaker(cache, state, limits) {
  try {
    cache.set(BREAKER_KEY, JSON.stringify(state), { ttl: limits.windowMs + limits.openMs });
  } catch {
    // Best effort: without a cache there is no breaker.
  }
}

// Whether the service may be called now. One caller at a time tries again when the pause is over.
function mayCall(cache, config, now) {
  const limits = breakerLimits(config);
  const state = readBreaker(cache, limits, now);
  if (state === null || state.openUntil === 0) return true;
  if (now < state.openUntil) return false;
  writeBreaker(cache, { ...state, openUntil: now + limits.openMs }, limits);
  return true;
}

function recordFailure(cache, config, now) {
  const limits = breakerLimits(config);
  const known = readBreaker(cache, limits, now);
  const isRecent = known !== null && (known.openUntil !== 0 || now - known.since <= limits.windowMs);
  const state = isRecent ? { ...known, failures: known.failures + 1 } : { failures: 1, since: now, openUntil: 0 };
  if (state.failures >= limits.failures) state.openUntil = now + limits.openMs;
  writeBreaker(cache, state, limits);
}

// The service answered: the count begins anew. A refusal feeds nothing, but ends a pause: it shows that the service is there.
function recordAnswer(cache, config, now, isRefusal) {
  try {
    const state = readBreaker(cache, breakerLimits(config), now);
    if (state !== null && (!isRefusal || state.openUntil !== 0)) cache.delete(BREAKER_KEY);
  } catch {
    // Best effort, as above.
  }
}

// --- service ---

// The service refused this request, which says nothing about its health.
const REFUSALS = [400, 409, 413, 422];
const OUTCOME_DEADLINE_MS = 300;

// Whether the operator switched us off: any value but empty, 0 or false.
function isOff(event) {
  const value = dig(event, 'secrets', 'COUNTERSIGN_OFF');
  if (value === undefined || value === null) return false;
  return !['', '0', 'false'].includes(String(value).trim().toLowerCase());
}

function isExempt(event, config) {
  return (
    listOf(dig(config, 'break_glass', 'user_ids')).includes(dig(event, 'user', 'user_id')) ||
    listOf(dig(config, 'break_glass', 'client_ids')).includes(dig(event, 'client', 'client_id'))
  );
}

// Sends a signed body. Resolves to the status and, for 200, the bytes of an answer whose signature holds.
async function send(event, path, body, deadlineMs, maxBytes) {
  const url = endpoint(dig(event, 'secrets', 'COUNTERSIGN_URL'), path);
  const key = signingKey(dig(event, 'secrets', 'COUNTERSIGN_KEY'));
  const tenant = dig(event, 'tenant', 'id');
  // Why: the tenant becomes a header, so it must be one word.
  if (url === null || key === null || typeof tenant !== 'string' || !/^[A-Za-z0-9._-]{1,128}$/.test(tenant)) {
    throw failure('misconfigured');
  }
  const id = newMessageId();
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    'countersign-tenant': tenant,
    ...signedHeaders(key, id, Date.now(), body),
  };
  const answer = await post(url, headers, body, deadlineMs, maxBytes);
  if (answer.status === 200 && !isSignedAnswer(key, id, answer.body, answer.signature)) throw failure('bad_signature');
  return answer;
}

// Asks the service: `{answer}`, `{refused: true}` or `{failed: reason}`. Never rejects.
async function ask(event, api, config, flow) {
  let cache;
  attempt(() => {
    cache = api.cache;
  });
  const deadlineMs = within(config.deadline_ms, 50, 5000, 800);
  if (!mayCall(cache, config, Date.now())) return { failed: 'breaker_open' };
  try {
    const body = writeRequest(event, config, deadlineMs, flow);
    const sentAt = Date.now();
    const { status, body: bytes } = await send(
      event,
      '/v1/decisions',
      body,
      deadlineMs,
      within(config.max_answer_bytes, 1024, 1048576, 65536),
    );
    if (REFUSALS.includes(status)) {
      recordAnswer(cache, config, Date.now(), true);
      return { refused: true };
    }
    if (status !== 200) throw failure(`status_${status}`);
    const answer = readAnswer(bytes, flow.trigger);
    // Why: what was decided for then may be wrong now, and the service counts on nobody acting on it.
    if (Date.now() - sentAt > answer.validForMs) throw failure('expired');
    recordAnswer(cache, config, Date.now(), false);
    return { answer };
  } catch (error) {
    const reason = typeof error.reason === 'string' ? error.reason : 'internal';
    // Why: what went wrong on our own side must not keep others from a service that is well.
    if (reason !== 'misconfigured' && reason !== 'internal') recordFailure(cache, config, Date.now());
    return { failed: reason };
  }
}

// Tells what became of a decision. Best effort: it never throws, and nobody waits for it over 300 ms.
async function sendOutcome(event, outcome) {
  try {
    await send(event, '/v1/outcomes', JSON.stringify(outcome), OUTCOME_DEADLINE_MS, 4096);
  } catch {
    // The ledger then lacks this outcome; the tenant's log has it.
  }
}

// --- challenge ---

// The vocabulary of `api.authentication` (Auth0, "post-login API object"). E-mail can be asked for, not enrolled.
const CHALLENGE_FACTORS = [
  'otp',
  'email',
  'phone',
  'push-notification',
  'webauthn-platform',
  'webauthn-roaming',
  'recovery-code',
];
const ENROLL_FACTORS = CHALLENGE_FACTORS.filter((type) => type !== 'email');

// First factors that prove the same thing as a second one: who holds the mailbox has both.
const SAME_PROOF = {
  email: ['email'],
  sms: ['phone'],
  phone_number: ['phone'],
  passkey: ['webauthn-platform', 'webauthn-roaming'],
};

// Grants by which a program passes on a person's password. `resource-owner` stands in the names of more.
const PASSWORD_PROTOCOLS = ['oauth2-password', 'wstrust-usernamemixed'];

// Protocols in which nobody sits at a page that could ask. The service reads them alike.
const HEADLESS_PROTOCOLS = [
  'oauth2-refresh-token',
  'oauth2-access-token',
  'oidc-ciba',
  'oidc-ciba-web-link',
];

// How long an MFA of the session counts as fresh: 12 h, one working day with its ends.
const FRESH_MFA_MS = 12 * 60 * 60 * 1000;
const CLOCK_SKEW_MS = 60 * 1000;

function mfaMethods(event) {
  return listOf(dig(event, 'authentication', 'methods')).filter((method) => isRecord(method) && method.name === 'mfa');
}

// A time in ms since 1970, or NaN when the value is none. Why the type: `Date.parse` takes a number for a year.
function timeOf(value) {
  return typeof value === 'string' ? Date.parse(value) : NaN;
}

// The newest MFA of the session as `{at, type}`, `at` in ms since 1970, or null. One without a time does not count.
function newestMfa(event) {
  let newest = null;
  for (const method of mfaMethods(event)) {
    const at = timeOf(method.timestamp);
    if (Number.isFinite(at) && (newest === null || at >= newest.at)) newest = { at, type: method.type };
  }
  return newest;
}

function isTokenExchange(event) {
  return dig(event, 'transaction', 'protocol') === 'oauth2-token-exchange';
}

function isPasswordGrant(event) {
  const protocol = dig(event, 'transaction', 'protocol');
  return typeof protocol === 'string' && (PASSWORD_PROTOCOLS.includes(protocol) || protocol.includes('resource-owner'));
}

// Whether a parameter holds `none`: a list separated by spaces (OpenID Connect Core, 3.1.2.1), or an array when given twice.
function hasNone(value) {
  return [value].flat().some((word) => typeof word === 'string' && word.split(/\s+/).includes('none'));
}

// Whether somebody sits in front of a page that can ask: not on refresh, `prompt=none`, password grants or exchange.
function canAsk(event) {
  const protocol = dig(event, 'transaction', 'protocol');
  const isHeadless =
    typeof protocol === 'string' &&
    (isPasswordGrant(event) || HEADLESS_PROTOCOLS.includes(protocol) || protocol.includes('token-exchange'));
  return !isHeadless && !hasNone(dig(event, 'transaction', 'prompt')) && !hasNone(dig(event, 'request', 'query', 'prompt'));
}

// Whether the session holds an MFA method younger than 12 h. One without a time, or from the future, does not count.
function hasFreshMfa(event, now) {
  return mfaMethods(event).some((method) => {
    const at = timeOf(method.timestamp);
    return at > now - FRESH_MFA_MS && at <= now + CLOCK_SKEW_MS;
  });
}

// The factors that can be asked for, in the order of the configuration: enrolled, not yet passed, and independent of
// the first factor. Empty where nobody can be asked.
function askableFactors(event, config) {
  if (!isAllowed(config, 'challenge') || !canAsk(event)) return [];
  const enrolled = listOf(dig(event, 'user', 'enrolledFactors')).map((factor) => dig(factor, 'type'));
  const used = mfaMethods(event).map((method) => method.type);
  const firsts = listOf(dig(event, 'authentication', 'methods')).map((method) => dig(method, 'name'));
  for (const first of [...firsts, dig(event, 'connection', 'strategy')]) {
    if (typeof first === 'string' && Object.keys(SAME_PROOF).includes(first)) used.push(...SAME_PROOF[first]);
  }
  return listOf(config.factors).filter(
    (type) => CHALLENGE_FACTORS.includes(type) && enrolled.includes(type) && !used.includes(type),
  );
}

// --- mark ---

const STAMPS = ['fallback_at', 'exempt_at'];

// Why: Auth0 limits writes of users per tenant ("Write Users"), and an outage of ours must not use that up.
const STAMP_EVERY_MS = 60 * 60 * 1000;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// Whether a time is due: none was noted within the hour. One from the future is none.
function isDue(noted, now) {
  const age = now - timeOf(noted);
  return !(age >= 0 && age < STAMP_EVERY_MS);
}

// Notes a time, best effort, once an hour, and only where somebody signs in: refresh, silent sign-in and exchange come by
// the hundred. Under a key of its own. Why: the event is a copy, and writing it back into the mark would undo a
// containment that was written meanwhile.
function stamp(event, api, config, name, now) {
  if (!isAllowed(config, 'app_metadata') || typeof config.mark_key !== 'string') return;
  if (!canAsk(event) && !isPasswordGrant(event)) return;
  const key = `${config.mark_key}_last`;
  const before = dig(event, 'user', 'app_metadata', key);
  const last = {};
  for (const known of STAMPS) {
    const at = dig(before, known);
    if (typeof at === 'string' && ISO_TIME.test(at)) last[known] = at;
  }
  if (!isDue(last[name], now)) return;
  last[name] = new Date(now).toISOString();
  attempt(() => api.user.setAppMetadata(key, last));
}

// --- reach ---

// Whether this Action may change a sign-in at all. Only exactly `true` does.
function isEnforcing(config) {
  return dig(config, 'enforce') === true;
}

// The lists of `enforce_only`, and where the event holds what they name.
const CONFINED_BY = { organizations: ['organization', 'id'], clients: ['client', 'client_id'] };

function isWithin(name, ids, event) {
  if (Array.isArray(ids) && ids.length === 0) return true;
  const id = Object.keys(CONFINED_BY).includes(name) ? dig(event, ...CONFINED_BY[name]) : undefined;
  return typeof id === 'string' && listOf(ids).includes(id);
}

function isInScope(event, only) {
  if (only === undefined) return true;
  try {
    // Why: a mistyped scope was written to confine, so it must not enforce everywhere.
    return isRecord(only) && Object.entries(only).every(([name, ids]) => isWithin(name, ids, event));
  } catch {
    return false;
  }
}

// The configuration for one sign-in: without force where `enforce_only` does not reach.
function scoped(event, config) {
  return isInScope(event, config.enforce_only) ? config : { ...config, enforce: null };
}

// The part of the platform's `api` that may be used: while nothing is enforced, only the `harmless` calls, as
// `{group: method}`. Whatever runs on it, and wherever it fails, can't reach another. Nothing in it returns the `api`.
function reachOf(api, config, harmless) {
  if (isEnforcing(config)) return api;
  const reach = {
    get cache() {
      return api.cache;
    },
  };
  for (const [group, name] of Object.entries(harmless)) {
    reach[group] = {
      [name]: (...args) => {
        api[group][name](...args);
      },
    };
  }
  return Object.freeze(reach);
}

// --- texts ---

// What a person may read. Neither says why: a reason coaches whoever tries again. The code is for applications. Signing out
// comes first because the same session, with its factors passed long ago, would be denied again.
const BLOCKED = 'This account is blocked. Please contact your administrator.';
const STEP_UP_REQUIRED =
  'step_up_required: additional verification is required; please sign out, then sign in again, or contact your administrator';

// --- fallback ---

// Mildest first.
const VERDICTS = ['allow', 'challenge', 'deny'];

function stricter(one, other) {
  return VERDICTS[Math.max(VERDICTS.indexOf(one), VERDICTS.indexOf(other))];
}

// The rows of the table that match: the strictest wins, and `mustHold` rows are not waived for somebody without a factor.
function matchingRows(event, config, cause) {
  const row = (name, otherwise) => oneOf(dig(config, 'fallback', name), VERDICTS, otherwise);
  // Why: policy does not challenge people whom another provider vouches for, so a doubt alone does not lock them out here.
  const doubt = (verdict, mustHold) => ({ verdict: isFederated(event) ? row('federated', 'allow') : verdict, mustHold });
  const rows = [{ verdict: row('default', 'allow'), mustHold: false }];
  if (dig(event, 'authentication', 'riskAssessment', 'confidence') === 'low') {
    rows.push(doubt(row('on_low_confidence', 'challenge'), false));
  }
  if (cause === 'refused') rows.push(doubt(oneOf(config.on_reject, VERDICTS, 'challenge'), true));
  // Why: the service demanded more than the platform took, and what it demanded is not dropped.
  if (cause === 'effect_failed') rows.push({ verdict: 'challenge', mustHold: true });
  if (isProtected(event, config)) rows.push(doubt(row('protected', 'challenge'), true));
  if (isContained(event, config)) rows.push({ verdict: row('contained', 'deny'), mustHold: true });
  return rows.filter(({ verdict }) => verdict !== 'allow');
}

// What to do without an answer: `{verdict, factors}`. `cause` is `refused`, `effect_failed`, or why the service could not
// be reached. Pure; the table is in the README.
function localVerdict(event, config, cause, now) {
  if (!isEnforcing(config)) return { verdict: 'allow', factors: [] };
  const rows = matchingRows(event, config, cause);
  const wanted = rows.reduce((verdict, row) => stricter(verdict, row.verdict), 'allow');
  const factors = askableFactors(event, config);
  if (wanted === 'allow') return { verdict: 'allow', factors: [] };
  if (wanted === 'deny' && isAllowed(config, 'deny')) return { verdict: 'deny', factors };
  if (factors.length > 0) return { verdict: 'challenge', factors };
  return { verdict: withoutAsking(event, config, rows, now), factors: [] };
}

// A challenge that cannot be asked becomes a denial, unless the session has just passed one. Waived only for somebody
// who could be asked but has no factor at all. Why: a thief must not get by `prompt=none`, or by a session whose factor
// was passed long ago, what an ordinary sign-in would not give.
function withoutAsking(event, config, rows, now) {
  if (!isAllowed(config, 'deny')) return 'allow';
  const isRequired = !canAsk(event) || mfaMethods(event).length > 0 || rows.some((row) => row.mustHold);
  if (!isRequired) return 'allow';
  return hasFreshMfa(event, now) && !isContained(event, config) ? 'allow' : 'deny';
}

// Applies the table. A call that the platform refuses falls through to the next stricter one that it takes.
function applyFallback(event, api, config, cause, now) {
  const { verdict, factors } = localVerdict(event, config, cause, now);
  if (verdict === 'allow') {
    stamp(event, api, config, 'fallback_at', now);
    return 'allow';
  }
  const deny = () => api.access.deny(isContained(event, config) ? BLOCKED : STEP_UP_REQUIRED);
  const challenge = () => api.authentication.challengeWithAny(factors.map((type) => ({ type })));
  if (verdict === 'challenge' && attempt(challenge)) return 'challenge';
  const mayDeny = verdict === 'deny' || (isAllowed(config, 'deny') && matchingRows(event, config, cause).some((row) => row.mustHold));
  if (mayDeny && attempt(deny)) return 'deny';
  if (verdict === 'deny' && factors.length > 0 && attempt(challenge)) return 'challenge';
  stamp(event, api, config, 'fallback_at', now);
  return 'allow';
}

// --- annotate ---

const MAX_CLAIM_BYTES = 1024;
const MAX_CLAIM_NAME_BYTES = 256;

// An https address that ends in a slash: a host of labels, a port or none, and characters of a URL (RFC 3986, section 2).
const NAMESPACE = /^https:\/\/([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::\d+)?\/(?:[\w\-.~:/?#[\]@!$&'()*+,;=%]*\/)?$/;
// Hosts that no namespace may be or lie under (Auth0, "Create custom claims").
const RESERVED_HOST = /(^|\.)(auth0\.com|webtask\.io|webtask\.run)$/i;

// Whether a namespace is one's own. The service reads it alike.
function isOwnNamespace(space) {
  const found = typeof space === 'string' && space.length <= MAX_CLAIM_NAME_BYTES ? NAMESPACE.exec(space) : null;
  return found !== null && !RESERVED_HOST.test(found[1]);
}

function claimOn(token) {
  return ([name, value], { api, config }) => {
    const space = config.claim_namespace;
    const isOurs =
      typeof name === 'string' &&
      name.length <= MAX_CLAIM_NAME_BYTES &&
      isOwnNamespace(space) &&
      name.startsWith(space) &&
      /^[A-Za-z0-9_-]{1,64}$/.test(name.slice(space.length));
    if (!isOurs || jsonBytes(value) > MAX_CLAIM_BYTES) return null;
    return () => api[token].setCustomClaim(name, value);
  };
}

function makeMetadata([name, value], { event, api, config }) {
  if (name !== config.mark_key || !isRecord(value)) return null;
  const mark = mergedMark(event, config, value);
  return mark === null ? null : () => api.user.setAppMetadata(name, mark);
}

// --- step-up ---

const PHONE_METHODS = ['sms', 'voice', 'both'];

// A factor with its documented options only, or null when it is unknown or not allowed.
function soundFactor(factor, allowed) {
  const type = dig(factor, 'type');
  if (typeof type !== 'string' || !allowed.includes(type)) return null;
  const options = dig(factor, 'options');
  if (type === 'phone' && PHONE_METHODS.includes(dig(options, 'preferredMethod'))) {
    return { type, options: { preferredMethod: options.preferredMethod } };
  }
  if (type === 'push-notification' && typeof dig(options, 'otpFallback') === 'boolean') {
    return { type, options: { otpFallback: options.otpFallback } };
  }
  return { type };
}

function soundFactors(factors, allowed) {
  return listOf(factors)
    .slice(0, CHALLENGE_FACTORS.length)
    .map((factor) => soundFactor(factor, allowed))
    .filter((factor) => factor !== null);
}

function factorsFor(method, config) {
  if (method.startsWith('enroll')) return ENROLL_FACTORS;
  return CHALLENGE_FACTORS.filter((type) => listOf(config.factors).includes(type));
}

// Why: a challenge breaks a token exchange, and a required one is never dropped. So it becomes a denial there.
function orDenial(call, { event, api }) {
  return isTokenExchange(event) ? () => api.access.deny(STEP_UP_REQUIRED) : call;
}

function stepUp(method) {
  return ([factor, options], context) => {
    const allowed = factorsFor(method, context.config);
    const sound = soundFactor(factor, allowed);
    if (sound === null) return null;
    const additionalFactors = soundFactors(dig(options, 'additionalFactors'), allowed);
    const rest = additionalFactors.length > 0 ? [{ additionalFactors }] : [];
    return orDenial(() => context.api.authentication[method](sound, ...rest), context);
  };
}

function stepUpAny(method) {
  return ([factors], context) => {
    const sound = soundFactors(factors, factorsFor(method, context.config));
    return sound.length === 0 ? null : orDenial(() => context.api.authentication[method](sound), context);
  };
}

// --- redirect ---

// A redirect and its return: the address comes from the service, where it may lead is baked in.
const TOKEN_PARAMETER = 'session_token';
const MAX_URL_BYTES = 2048;
// How long the token that is sent holds, and at most the one that returns (Auth0's default), in seconds.
const SENT_FOR_S = 300;
const RETURNED_FOR_S = 900;
const MIN_KEY_CHARS = 32;

function redirectHosts(config) {
  return listOf(dig(config, 'redirect', 'hosts'))
    .filter((host) => typeof host === 'string')
    .map((host) => host.toLowerCase());
}

// The address as it is sent, or null when somebody may not be sent there.
function redirectTarget(raw, config) {
  if (typeof raw !== 'string' || Buffer.byteLength(raw, 'utf8') > MAX_URL_BYTES) return null;
  let url;
  try {
    url = new URL(raw);
  } catch {
    return null;
  }
  const isBare = url.username === '' && url.password === '' && url.hash === '';
  const isFree = !url.searchParams.has(TOKEN_PARAMETER) && !url.searchParams.has('state');
  return url.protocol === 'https:' && isBare && isFree && redirectHosts(config).includes(url.host) ? url : null;
}

// The secret of the tokens, or null when it is too short.
function redirectKey(event) {
  const secret = dig(event, 'secrets', 'COUNTERSIGN_REDIRECT_KEY');
  return typeof secret === 'string' && secret.length >= MIN_KEY_CHARS ? secret : null;
}

function isSameText(one, other) {
  return typeof one === 'string' && one !== '' && one === other;
}

function sendWithToken(target, secret, payload, api) {
  const token = api.redirect.encodeToken({ secret, expiresInSeconds: SENT_FOR_S, payload });
  api.redirect.sendUserTo(target.href, { query: { [TOKEN_PARAMETER]: token } });
}

// The host of an issuer, which is a host or an https address.
function issuingHost(iss) {
  if (typeof iss !== 'string') return null;
  try {
    const url = new URL(iss.includes('://') ? iss : `https://${iss}`);
    return url.protocol === 'https:' && url.username === '' && url.password === '' ? url.host : null;
  } catch {
    return null;
  }
}

// The claims of a token that came back, or null. The platform checks signature, expiry and state; here also the user, the
// issuer, how soon it ends, and what `isBound` says.
function returnedClaims(event, api, config, now, isBound) {
  const secret = redirectKey(event);
  if (secret === null) return null;
  let claims;
  try {
    claims = api.redirect.validateToken({ secret, tokenParameterName: TOKEN_PARAMETER });
  } catch {
    return null;
  }
  if (!isRecord(claims) || !isSameText(claims.sub, dig(event, 'user', 'user_id'))) return null;
  const host = issuingHost(claims.iss);
  if (host === null || !redirectHosts(config).includes(host)) return null;
  const endsIn = claims.exp - now / 1000;
  return endsIn > 0 && endsIn <= RETURNED_FOR_S && isBound(claims, host) ? claims : null;
}

function isVouched(claims) {
  return claims !== null && claims.countersign_result === 'passed';
}

function redirectOutcome(decisionId, isPassed) {
  const result = isPassed ? { kind: 'challenge_passed', factor: 'redirect' } : { kind: 'challenge_failed' };
  return { decision_id: decisionId, ...result };
}

// --- redirect-sign-in ---

// What a return must match, in the transaction's metadata, which only the tenant's own Actions can write.
const KEPT = 'countersign_redirect';
const USED = 'used';
const NOT_SENT = 'not_sent';

function transactionId(event) {
  const id = dig(event, 'transaction', 'id');
  return typeof id === 'string' ? id : null;
}

function makeRedirect([url], { event, api, config, decisionId }) {
  const target = redirectTarget(url, config);
  const secret = redirectKey(event);
  if (target === null || secret === null || !isDecisionId(decisionId)) return null;
  return () => {
    if (api.redirect.canRedirect() !== true) throw failure('no_redirect');
    const nonce = crypto.randomBytes(16).toString('hex');
    const bound = { decision_id: decisionId, nonce, transaction: transactionId(event) };
    api.transaction.setMetadata(KEPT, JSON.stringify({ ...bound, host: target.host }));
    try {
      sendWithToken(target, secret, bound, api);
    } catch (error) {
      // Why: whoever was not sent brings no token back, and passes the challenge that stands in for the redirect.
      api.transaction.setMetadata(KEPT, NOT_SENT);
      throw error;
    }
  };
}

// What was kept when the person was sent away: null when nobody was, `{}` when it is used or unreadable.
function keptRedirect(event) {
  const text = dig(event, 'transaction', 'metadata', KEPT);
  if (text === undefined || text === null || text === NOT_SENT) return null;
  if (text === USED) return {};
  try {
    const kept = JSON.parse(text);
    return isRecord(kept) ? kept : {};
  } catch {
    return {};
  }
}

// Ends a redirect, once: whether its return proves the step-up, and what to tell the service, if anything.
function endRedirect(event, api, config, kept, now) {
  const isBound = (claims, host) =>
    host === kept.host &&
    isSameText(claims.nonce, kept.nonce) &&
    isSameText(claims.decision_id, kept.decision_id) &&
    claims.transaction === kept.transaction &&
    kept.transaction === transactionId(event);
  const claims = returnedClaims(event, api, config, now, isBound);
  // Why before it counts: what could be used twice proves nothing.
  if (claims !== null) api.transaction.setMetadata(KEPT, USED);
  const isPassed = isVouched(claims);
  return { isPassed, outcome: isDecisionId(kept.decision_id) ? redirectOutcome(kept.decision_id, isPassed) : null };
}

// --- interpret ---

// The least rank of what changes a transaction: below it, something is told or written about it.
const FIRST_BARRIER = 2;

function isSkipOfMfa(effect) {
  return effect.call === 'multifactor.enable' && effect.args[0] === 'none';
}

const isRedirect = (effect) => effect.call === 'redirect.sendUserTo';

// Why an effect may not be made at all: `unknown`, `mode`, `not_enforced` or `ceiling`. Null when it may.
function refusal(effect, mode, config, table) {
  if (!Object.keys(table).includes(effect.call)) return 'unknown';
  const { rank, ceiling } = table[effect.call];
  if (mode !== 'enforce' && rank !== 0) return 'mode';
  if (rank >= FIRST_BARRIER && !isEnforcing(config)) return 'not_enforced';
  return isAllowed(config, isSkipOfMfa(effect) ? 'skip_mfa' : ceiling) ? null : 'ceiling';
}

function make(effect, context, table) {
  try {
    const call = table[effect.call].make(effect.args, context);
    if (call === null) return 'arguments';
    call();
    return null;
  } catch {
    return 'failed';
  }
}

// Makes the effects of an answer by the trigger's `table`, in its order. One that may not or cannot be made is skipped and
// listed as `call:why`, and never stops the others. `isBarrierLost` says that a demanded step-up or denial was not made.
function interpret(answer, event, api, config, table) {
  const skipped = [];
  const context = { event, api, config, decisionId: answer.decisionId };
  const allowed = [];
  const lost = [];
  for (const effect of answer.effects) {
    const why = refusal(effect, answer.mode, config, table);
    if (why === null) allowed.push(effect);
    else skipped.push(`${effect.call.replace(/[^A-Za-z.]/g, '')}:${why}`);
    // Why: redirects are off by default, so nobody chose to go without this barrier.
    if (why === 'ceiling' && isRedirect(effect)) lost.push(effect);
  }
  const barriers = allowed.filter((effect) => table[effect.call].rank >= FIRST_BARRIER && !isSkipOfMfa(effect));
  const made = [];
  allowed.sort((one, other) => table[one.call].rank - table[other.call].rank);
  for (const effect of allowed) {
    // Why: of skipping MFA and asking for it the stricter counts; and who is challenged here is not sent elsewhere too.
    const isContradicted = isSkipOfMfa(effect) ? barriers.length > 0 : isRedirect(effect) && made.length > 0;
    const why = isContradicted ? 'contradicted' : make(effect, context, table);
    if (why !== null) skipped.push(`${effect.call}:${why}`);
    if (!barriers.includes(effect)) continue;
    if (why === null) made.push(effect);
    else if (!isContradicted) lost.push(effect);
  }
  // A denial stands, whatever failed before it, and a challenge for a redirect.
  const isDenied = made.some((effect) => table[effect.call].isDenial === true);
  const isMet = isDenied || lost.length === 0 || (made.length > 0 && lost.every(isRedirect));
  return { skipped, isBarrierLost: !isMet };
}

// --- effects ---

const MFA_PROVIDERS = ['any', 'none', 'guardian', 'google-authenticator', 'duo'];

// What may be called without force: it tells or writes something and changes no sign-in.
const HARMLESS = {
  idToken: 'setCustomClaim',
  accessToken: 'setCustomClaim',
  user: 'setAppMetadata',
  transaction: 'setMetadata',
};

// Each documented call that an answer may ask for: its place in the order (claims, metadata, step-up, redirect, denial),
// what the ceiling calls it, and how it is made. `make` returns a function that calls the platform, or null for bad arguments.
const EFFECTS = {
  'idToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('idToken') },
  'accessToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('accessToken') },
  'user.setAppMetadata': { rank: 1, ceiling: 'app_metadata', make: makeMetadata },
  'authentication.challengeWith': { rank: 2, ceiling: 'challenge', make: stepUp('challengeWith') },
  'authentication.challengeWithAny': { rank: 2, ceiling: 'challenge', make: stepUpAny('challengeWithAny') },
  'authentication.enrollWith': { rank: 2, ceiling: 'enroll', make: stepUp('enrollWith') },
  'authentication.enrollWithAny': { rank: 2, ceiling: 'enroll', make: stepUpAny('enrollWithAny') },
  'multifactor.enable': { rank: 2, ceiling: 'challenge', make: makeMultifactor },
  'redirect.sendUserTo': { rank: 3, ceiling: 'redirect', make: makeRedirect },
  'access.deny': { rank: 4, ceiling: 'deny', make: makeDenial, isDenial: true },
};

function makeMultifactor([provider, options], context) {
  const { api, config } = context;
  if (!MFA_PROVIDERS.includes(provider)) return null;
  // Why: a remembered browser skips the next MFA, so it falls under the same ceiling as skipping this one.
  const allowRememberBrowser = isAllowed(config, 'skip_mfa') && dig(options, 'allowRememberBrowser') === true;
  const call = () => api.multifactor.enable(provider, { allowRememberBrowser });
  return provider === 'none' ? call : orDenial(call, context);
}

function makeDenial([reason], { api }) {
  const text = typeof reason === 'string' && reason !== '' ? boundedText(reason, 256) : STEP_UP_REQUIRED;
  return () => api.access.deny(text);
}

// Makes the effects of an answer for a sign-in.
function applyEffects(answer, event, api, config) {
  return interpret(answer, event, api, config, EFFECTS);
}

// --- decide ---

// One line for the Action's log: words of ours, never anything from the event.
function report(text) {
  attempt(() => console.log(`countersign: ${text}`));
}

function fallBack(event, api, config, flow, reason) {
  const applied = flow.applyFallback(event, api, config, reason, Date.now());
  flow.note?.(api, 'countersign_fallback', reason);
  report(`fallback ${reason}, ${applied}`);
}

// Makes what was answered; gives why no decision stands behind the outcome, if none does.
function applyAnswer(event, api, config, flow, answer) {
  if (answer.mode === 'off') return 'off';
  flow.note?.(api, 'countersign_decision', answer.decisionId);
  flow.noteEvent?.(event, api);
  const { skipped, isBarrierLost } = interpret(answer, event, api, config, flow.effects);
  if (skipped.length > 0) {
    const list = skipped.join(',').slice(0, 1024);
    flow.note?.(api, 'countersign_skipped', list);
    report(`skipped ${list.slice(0, 200)}`);
  }
  if (!isBarrierLost) return null;
  fallBack(event, api, config, flow, 'effect_failed');
  return 'effect_failed';
}

// Decides one transaction by the `flow` of its trigger. Never throws and never takes longer than the deadline. Resolves to
// the decision's id, if there is one, and to a `cause` when no decision stands behind the outcome: `off`, `exempt`, or why
// the local table applied.
async function decide(event, platform, configured, flow) {
  const config = scoped(event, configured);
  const api = reachOf(platform, config, flow.harmless);
  try {
    if (isOff(event)) return { decisionId: null, cause: 'off' };
    if (isExempt(event, config)) {
      flow.exempt?.(event, api, config, Date.now());
      report('exempt');
      return { decisionId: null, cause: 'exempt' };
    }
    const { answer, refused, failed } = await ask(event, api, config, flow);
    if (answer !== undefined) return { decisionId: answer.decisionId, cause: applyAnswer(event, api, config, flow, answer) };
    const cause = refused === true ? 'refused' : failed;
    fallBack(event, api, config, flow, cause);
    return { decisionId: null, cause };
  } catch {
    // Why: nothing above throws for an event that Auth0 can send. If one does, it must not buy an allow.
    if (isEnforcing(config)) attempt(() => flow.onFault(api, config));
    return { decisionId: null, cause: 'internal' };
  }
}

// --- client ---

// Leaves a word of ours in the transaction, for later Actions and the continue handler.
function note(api, name, value) {
  attempt(() => api.transaction.setMetadata(name, value));
}

// Leaves the time of the newest MFA, so that the continue handler can tell a challenge passed since from an older one.
function noteNewestMfa(event, api) {
  const newest = newestMfa(event);
  note(api, 'countersign_mfa_at', newest === null ? 'none' : new Date(newest.at).toISOString());
}

const SIGN_IN = {
  ...POST_LOGIN,
  effects: EFFECTS,
  harmless: HARMLESS,
  applyFallback,
  note,
  noteEvent: noteNewestMfa,
  exempt: (event, api, config, now) => stamp(event, api, config, 'exempt_at', now),
  onFault: (api) => api.access.deny(STEP_UP_REQUIRED),
};

async function decidePostLogin(event, platform, configured) {
  await decide(event, platform, configured, SIGN_IN);
}

// The MFA passed since `noted`, or null. Why null is no failure: this runs only when a challenge has ended well, so
// without a newer method nothing shows how it ended.
function passedSince(event, noted) {
  const newest = newestMfa(event);
  const before = noted === 'none' ? -Infinity : timeOf(noted);
  return newest !== null && newest.at > before ? newest : null;
}

async function reportOutcome(event) {
  const decisionId = dig(event, 'transaction', 'metadata', 'countersign_decision');
  if (!isDecisionId(decisionId)) return;
  const passed = passedSince(event, dig(event, 'transaction', 'metadata', 'countersign_mfa_at'));
  if (passed === null) return;
  const factor = CHALLENGE_FACTORS.includes(passed.type) ? { factor: passed.type } : {};
  await sendOutcome(event, { decision_id: decisionId, kind: 'challenge_passed', ...factor });
}

// Goes on when somebody comes back. Never throws; denies only who was sent elsewhere and brings no sound proof.
async function continuePostLogin(event, platform, configured) {
  const config = scoped(event, configured);
  let isPending = true;
  try {
    if (isOff(event) || isExempt(event, config)) return;
    const kept = keptRedirect(event);
    isPending = kept !== null;
    if (!isPending) {
      await reportOutcome(event);
      return;
    }
    const { isPassed, outcome } = endRedirect(event, platform, config, kept, Date.now());
    if (!isPassed && isEnforcing(config)) platform.access.deny(STEP_UP_REQUIRED);
    isPending = false;
    if (outcome !== null) await sendOutcome(event, outcome);
  } catch {
    if (isPending && isEnforcing(config)) attempt(() => platform.access.deny(STEP_UP_REQUIRED));
  }
}

// --- post-login ---

// Runs after the first factor, before tokens are issued.
exports.onExecutePostLogin = async (event, api) => {
  await decidePostLogin(event, api, CONFIG);
};

// Runs when the user comes back from a challenge or a redirect that `onExecutePostLogin` asked for.
exports.onContinuePostLogin = async (event, api) => {
  await continuePostLogin(event, api, CONFIG);
};
