// The `api` against the reference's table of methods, both ways. The table is data of others and not kept here.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { HANDLERS, createApi } from '../../crates/sandbox/node/api.mjs';

const FOLDER = process.env.COUNTERSIGN_CONFORMANCE_DATA;
const REFERENCE = `${FOLDER}/auth0/SURFACE.md`;
const isHere = FOLDER !== undefined && existsSync(REFERENCE);
const skip = !isHere && process.env.CI === undefined ? 'COUNTERSIGN_CONFORMANCE_DATA names no folder with the reference' : false;
const SAML = 'samlResponse.*';
const ROLES = 'roles.getUserEffectiveRoles';

// The names in one cell: groups stand once, further methods of a group begin with a dot, others are written in short.
function namesIn(cell) {
  if (cell.startsWith('cache only')) return [];
  const names = [];
  let group = '';
  for (const [, code] of cell.matchAll(/`([^`]*)`/g)) {
    const bare = code.replaceAll('\\|', '|').replace(/\([^]*$/, '').trim();
    for (const [place, part] of bare.split(/\s*\/\s*/).entries()) {
      const full = /^([a-zA-Z]+)\.([a-zA-Z*]+)$/.exec(part);
      const more = /^\.([a-zA-Z]+)$/.exec(part);
      const short = /^…([a-zA-Z]+)$/.exec(part);
      if (full !== null) group = full[1];
      if (full !== null) names.push(part);
      else if (more !== null) names.push(`${group}.${more[1]}`);
      else if (short !== null) names.push(`${ROLES}${short[1]}`);
      else if (place > 0) names.push(`${group}.${part}`);
    }
  }
  // The last way of naming: a family by its pattern.
  return names.flatMap((name) => (name === 'user.set*Metadata' ? ['user.setAppMetadata', 'user.setUserMetadata'] : [name]));
}

function documented() {
  const text = readFileSync(REFERENCE, 'utf8');
  const section = text.slice(text.indexOf('### 1.4 '), text.indexOf('### 1.5 '));
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Trigger')).map((line) => line.split(/(?<!\\)\|/));
  const table = new Map();
  for (const [, head, cell] of rows) {
    const triggers = head.includes('custom phone / email provider') ? ['custom-phone-provider', 'custom-email-provider'] : [...head.matchAll(/`([^`]*)`/g)].map((one) => one[1]);
    for (const trigger of head.trim() === 'all' ? ['all'] : triggers) table.set(trigger, namesIn(cell.trim()));
  }
  return table;
}

function offered(handler) {
  const { api } = createApi({ event: {}, handler });
  return Object.keys(api).flatMap((group) => Object.keys(api[group]).map((name) => `${group}.${name}`));
}

test('each trigger offers what the reference lists, no less and no more', { skip }, () => {
  const table = documented();
  const common = table.get('all');
  assert.deepEqual(common, ['cache.get', 'cache.set', 'cache.delete']);
  assert.ok(table.get('post-login').length > 40, 'the table was read');
  table.delete('all');
  assert.deepEqual([...table.keys()].sort(), [...new Set(Object.values(HANDLERS))].sort());
  for (const [handler, trigger] of Object.entries(HANDLERS)) {
    const listed = table.get(trigger);
    const isSaml = (name) => name.startsWith('samlResponse.');
    const found = offered(handler);
    assert.equal(found.filter(isSaml).length, listed.includes(SAML) ? 25 : 0, trigger);
    const plain = listed.filter((name) => name !== SAML);
    assert.deepEqual(found.filter((name) => !isSaml(name)).sort(), [...new Set([...plain, ...common])].sort(), trigger);
  }
});
