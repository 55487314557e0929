// The table from which `api` is made, against the reference, which is data of others and not kept here; and `api` against the table.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { HANDLERS, createApi } from '../../crates/sandbox/node/api.mjs';
import { METHODS } from '../../crates/sandbox/node/methods.mjs';

const FOLDER = process.env.COUNTERSIGN_CONFORMANCE_DATA;
const REFERENCE = `${FOLDER}/auth0/SURFACE.md`;
const isHere = FOLDER !== undefined && existsSync(REFERENCE);
const skip = !isHere && process.env.CI === undefined ? 'COUNTERSIGN_CONFORMANCE_DATA names no folder with the reference' : false;
const TABLE = new URL('../../crates/sandbox/node/methods.mjs', import.meta.url);
const HEAD = `// The methods that the reference documents for each trigger, by their groups; \`*\` stands for all that a group has. Written by
// actions/test/surface.test.mjs from the reference, and what \`api\` is made from.
export const METHODS = {
`;
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

// The methods of each trigger by their groups, those of all triggers included.
function grouped() {
  const table = documented();
  const common = table.get('all');
  assert.deepEqual(common, ['cache.get', 'cache.set', 'cache.delete']);
  assert.ok(table.get('post-login').length > 40, 'the table was read');
  table.delete('all');
  const of = (names) => {
    const groups = {};
    for (const name of [...new Set([...names, ...common])]) {
      const [group, method] = name.split('.');
      (groups[group] ??= []).push(method);
    }
    return groups;
  };
  return Object.fromEntries([...table].map(([trigger, names]) => [trigger, of(names)]));
}

function offered(handler) {
  const { api } = createApi({ event: {}, handler });
  return Object.fromEntries(Object.keys(api).map((group) => [group, Object.keys(api[group])]));
}

// With COUNTERSIGN_BLESS the file is written anew from the reference.
test('the table from which `api` is made is the reference', { skip }, () => {
  const lines = Object.entries(grouped()).map(([trigger, groups]) => {
    const members = Object.entries(groups).map(([group, names]) => `    ${group}: [${names.map((name) => `'${name}'`).join(', ')}],\n`);
    return `  '${trigger}': {\n${members.join('')}  },\n`;
  });
  const made = `${HEAD}${lines.join('')}};\n`;
  if (process.env.COUNTERSIGN_BLESS !== undefined) writeFileSync(TABLE, made);
  assert.equal(readFileSync(TABLE, 'utf8'), made, 'write it anew with COUNTERSIGN_BLESS=1');
});

test('each trigger offers what the table lists, no less and no more', () => {
  assert.deepEqual(Object.keys(METHODS).sort(), [...new Set(Object.values(HANDLERS))].sort());
  for (const [handler, trigger] of Object.entries(HANDLERS)) {
    const listed = Object.entries(METHODS[trigger]).map(([group, names]) => [group, names]);
    const found = offered(handler);
    assert.deepEqual(Object.keys(found), listed.map(([group]) => group), trigger);
    for (const [group, names] of listed) {
      if (names[0] === '*') assert.equal(found[group].length, 25, trigger);
      else assert.deepEqual(found[group], names, `${trigger} ${group}`);
    }
  }
});
