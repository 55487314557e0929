// Loads the built Actions and guards as Auth0 does, and runs them against the sandbox's `api` object.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';

import { createApi, createCache } from '../../crates/sandbox/node/api.mjs';
import { SECRET } from './peer.mjs';

const nodeRequire = createRequire(import.meta.url);
export const distOf = (name) => new URL(`../dist/${name}.js`, import.meta.url);
export const DIST = distOf('post-login');

export const source = (name) => nodeRequire(`../src/${name}.js`);
export const { CONFIG } = source('config');

export function fixture(name = 'post-login') {
  return JSON.parse(readFileSync(new URL(`../../fixtures/events/${name}.json`, import.meta.url), 'utf8'));
}

// A deep copy of the configuration, enforcing, with some keys replaced.
export function configWith(edits = {}) {
  const merge = (base, over) => {
    if (typeof base !== 'object' || base === null || Array.isArray(base) || typeof over !== 'object') return over;
    return { ...base, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, merge(base[key], value)])) };
  };
  return merge({ ...CONFIG, enforce: true }, edits);
}

// What an operator edits to let the Action change sign-ins. As it is shipped it never does.
export const ENFORCE = ['enforce: false', 'enforce: true'];

// The built file's text, edited as an operator would: each pair replaces a text that stands in it exactly once.
export function editedDist(edits, name = 'post-login') {
  let text = readFileSync(distOf(name), 'utf8');
  for (const [from, to] of edits) {
    assert.equal(text.split(from).length, 2, `\`${from}\` stands once in the Action`);
    text = text.replace(from, () => to);
  }
  return text;
}

// The built file, enforcing and edited.
export function loadAction(edits = [], log = [], name = 'post-login') {
  return loadShipped([ENFORCE, ...edits], log, name);
}

// The built file as it is shipped, but for the edits.
export function loadShipped(edits = [], log = [], name = 'post-login') {
  const limitedRequire = (name) => {
    assert.equal(name, 'crypto');
    return nodeRequire('node:crypto');
  };
  const console = { log: (...parts) => log.push(parts.join(' ')) };
  const exports = {};
  compileFunction(editedDist(edits, name), ['exports', 'require', 'console'])(exports, limitedRequire, console);
  return exports;
}

// One execution. `wrap` may replace the api by another one. An Action that throws fails the test.
export async function run(action, { event = fixture(), url, cache = createCache(), secrets = {}, handler = 'onExecutePostLogin', wrap = (api) => api }) {
  const own = { ...structuredClone(event), secrets: { COUNTERSIGN_URL: url, COUNTERSIGN_KEY: SECRET, ...secrets } };
  const { api, result } = createApi({ event: structuredClone(own), handler, cache });
  const started = performance.now();
  const answer = await action[handler in action ? handler : 'guard'](own, wrap(api));
  const ms = performance.now() - started;
  assert.deepEqual(result().misuses, [], 'only what is documented for the trigger is called');
  return { ...result(), answer, ms };
}

export const callsOf = (result) => result.calls.map(({ call }) => call);
