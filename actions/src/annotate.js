'use strict';

const { isRecord, jsonBytes } = require('./values');
const { mergedMark } = require('./contained');

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

module.exports = { claimOn, makeMetadata };
