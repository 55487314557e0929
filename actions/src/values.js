'use strict';

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

module.exports = { isRecord, dig, listOf, oneOf, within, boundedText, jsonBytes, isAllowed, attempt };
