'use strict';

const crypto = require('crypto');

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

module.exports = { signingKey, newMessageId, signedHeaders, isSignedAnswer };
