// Countersign for Auth0, a guard for your own Action of the trigger send-phone-message. Built from actions/src by actions/build.mjs: edit CONFIG here, the rest there.
(() => {
'use strict';

const crypto = require('crypto');

// --- frozen ---

function frozen(value) {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) frozen(part);
  }
  return Object.freeze(value);
}

// --- config-guard-send-phone-message ---

// What the installer or operator edits. Nothing below this object needs a change.
const CONFIG = frozen({
  // The version of this guard, sent with each request.
  version: '0.1.0',
  // Whether this guard may refuse a message. While it is not exactly `true`, it always says `allow: true`.
  enforce: false,
  // Where it may, as ids. A list that is not empty confines it to messages for these clients.
  enforce_only: { clients: [] },
  // How long a message may wait for an answer, in ms (50 to 5000).
  deadline_ms: 800,
  // The longest answer that is read, in bytes.
  max_answer_bytes: 65536,
  // When the service refuses our request (400, 409, 413, 422): 'allow' or 'deny'.
  on_reject: 'allow',
  // When the service cannot be reached: the strictest row that matches counts. The table is in the README.
  fallback: { default: 'allow', contained: 'deny' },
  // What this guard may do at all, whatever the service answers.
  ceiling: { refuse: true },
  // Exempt from every decision, and logged.
  break_glass: { user_ids: [], client_ids: [] },
  // After `failures` within `window_ms` the service is left alone for `open_ms`.
  breaker: { failures: 5, window_ms: 30000, open_ms: 15000 },
  // The key of `app_metadata` that is ours, read only.
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
const CODE = '3db32047a2961d491296c620a1ac38220a00f87985ffa48dcd095cedc64e7d99';

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

// --- plain ---

// For triggers at which nobody can be asked: a transaction is allowed or denied.
const PLAIN_VERDICTS = ['allow', 'deny'];

function isProtectedAudience(event, config) {
  const audience = dig(event, 'resource_server', 'identifier');
  return typeof audience === 'string' && listOf(dig(config, 'fallback', 'protected_audiences')).includes(audience);
}

// What to do without an answer, the strictest row that matches; `ceiling` is the kind that a denial here counts as. Pure;
// the table is in the README.
function plainVerdict(event, config, cause, ceiling = 'deny') {
  if (!isEnforcing(config) || !isAllowed(config, ceiling)) return 'allow';
  const row = (name, otherwise) => oneOf(dig(config, 'fallback', name), PLAIN_VERDICTS, otherwise);
  const rows = [row('default', 'allow')];
  if (cause === 'refused') rows.push(oneOf(config.on_reject, PLAIN_VERDICTS, 'allow'));
  // Why: the service demanded more than the platform took, and what it demanded is not dropped.
  if (cause === 'effect_failed') rows.push('deny');
  if (isProtectedAudience(event, config)) rows.push(row('protected', 'deny'));
  if (isContained(event, config)) rows.push(row('contained', 'deny'));
  return rows.includes('deny') ? 'deny' : 'allow';
}

// A text for a denial: the given one, bounded, or the other when there is none.
function denialText(given, otherwise) {
  return typeof given === 'string' && given !== '' ? boundedText(given, 256) : otherwise;
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

// --- guard ---

// What the guarded Action is told when a message or an exchange may not go on.
const GUARD_REFUSED = 'refused';

// Runs one guard: `flow` as for an Action, `deny(code, reason)` what it calls besides answering. Never throws, and resolves
// to `{allow, reason, decision_id, degraded}`: `degraded` says that no decision of the service stands behind `allow`, and
// `reason` is null, what refuses, or why there is no decision: `off`, `exempt`, or a failure in a word of ours.
async function runGuard(event, api, config, flow, deny) {
  let refused = null;
  // What the flow may call: the platform's cache, and a refusal that is only noted.
  const platform = {
    get cache() {
      return api.cache;
    },
    guard: {
      refuse(code, reason) {
        refused = { code, reason };
      },
    },
  };
  const refuse = () => platform.guard.refuse('invalid_request', GUARD_REFUSED);
  const applyFallback = (given, reach, scoped, cause) => {
    if (plainVerdict(given, scoped, cause, 'refuse') !== 'deny') return 'allow';
    refuse();
    return 'deny';
  };
  const onFault = (reach, scoped) => applyFallback({}, reach, scoped, 'internal');
  const { decisionId, cause } = await decide(event, platform, config, { ...flow, harmless: {}, applyFallback, onFault });
  if (refused !== null) attempt(() => deny(refused.code, refused.reason));
  return { allow: refused === null, reason: refused?.reason ?? cause, decision_id: decisionId, degraded: cause !== null };
}

// --- guard-send-phone-message ---

const MESSAGE = {
  trigger: 'send-phone-message',
  // The allow-list: what is not named here is never sent. Of the message its kind and nothing else.
  fields: {
    tenant: { id: IDENTIFIER },
    request: REQUEST,
    client: CLIENT,
    message_options: { action: words(64), message_type: words(32) },
    security_context: { ja3: words(128), ja4: words(128) },
    transaction: { id: IDENTIFIER, correlation_id: words(128) },
    user: {
      user_id: IDENTIFIER,
      email: EMAIL,
      email_verified: FLAG,
      created_at: TIME,
      updated_at: TIME,
      last_password_reset: TIME,
      identities: IDENTITIES,
    },
    custom_domain: { domain: NAME },
  },
  shed: [['user', 'identities']],
  effects: { 'guard.refuse': { rank: 3, ceiling: 'refuse', make: makeMessageRefusal, isDenial: true } },
};

function makeMessageRefusal([reason], { api }) {
  return () => api.guard.refuse('invalid_request', denialText(reason, GUARD_REFUSED));
}

// Says whether a message may be sent. It calls nothing of the platform: not sending is up to the Action that asks.
exports.guard = async (event, api) => runGuard(event, api, CONFIG, MESSAGE, () => undefined);
})();
