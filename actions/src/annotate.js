'use strict';

const { isRecord, jsonBytes } = require('./values');
const { mergedMark } = require('./contained');

const MAX_CLAIM_BYTES = 1024;

function claimOn(token) {
  return ([name, value], { api, config }) => {
    const space = config.claim_namespace;
    const isOurs =
      typeof name === 'string' &&
      /^https?:\/\/[^/]+\/(.*\/)?$/.test(space) &&
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
