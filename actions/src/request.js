'use strict';

const { isRecord, dig, listOf, boundedText, jsonBytes } = require('./values');
const { protectedRoleTest } = require('./person');
const { CODE } = require('./code');
const { CONTAINED_KEY, isMarkedByPlan } = require('./contained');

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

module.exports = {
  words,
  many,
  tree,
  IDENTIFIER,
  EMAIL,
  PHONE,
  NAME,
  TIME,
  FLAG,
  COUNT,
  ROLES,
  METHODS,
  FACTORS,
  IDENTITIES,
  SCOPES,
  NAMED,
  CLIENT,
  CONNECTION,
  REQUEST,
  writeRequest,
  pickEvent,
};
