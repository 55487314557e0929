// Joins `src/*.js` into the one file that is pasted into Auth0: `dist/post-login.js`. With `--check` it writes nothing
// and fails when the file is stale. Modules share one scope, so a top-level name may exist only once.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const HERE = dirname(fileURLToPath(import.meta.url));
const DIST = join(HERE, 'dist', 'post-login.js');
const MAX_BYTES = 60_000; // Auth0 takes 100 kB of source; the rest is for what operators add.
const LOCAL = /^const \{[^}]*\} = require\('\.\/([\w-]+)'\);\n/gm;
const BUILTIN = /^const \w+ = require\('crypto'\);\n/gm;
const EXPORTS = /^module\.exports = \{[^}]*\};\n/m;
const TOP_LEVEL = /^(?:const|let|class|(?:async )?function) (\w+)/gm;

const HEADER = `// Countersign for Auth0, trigger post-login. Built from actions/src by actions/build.mjs: edit CONFIG here, the rest there.
'use strict';

const crypto = require('crypto');
`;

function visit(name, order) {
  if (order.has(name)) return;
  const source = readFileSync(join(HERE, 'src', `${name}.js`), 'utf8');
  for (const [, needed] of source.matchAll(LOCAL)) visit(needed, order);
  order.set(name, source);
}

function body(name, source) {
  const text = source.replace("'use strict';\n", '').replace(LOCAL, '').replace(BUILTIN, '').replace(EXPORTS, '');
  if (/\brequire\(|\bmodule\b/.test(text)) throw new Error(`\`${name}\` needs something that the bundle has not`);
  return `// --- ${name} ---\n\n${text.trim()}\n`;
}

function bundle() {
  const order = new Map();
  visit('post-login', order);
  const parts = [...order].map(([name, source]) => body(name, source));
  const seen = new Set(['crypto']);
  for (const [, name] of parts.join('\n').matchAll(TOP_LEVEL)) {
    if (seen.has(name)) throw new Error(`two modules declare \`${name}\``);
    seen.add(name);
  }
  const text = [HEADER, ...parts].join('\n');
  new Script(text, { filename: 'post-login.js' });
  if (Buffer.byteLength(text) > MAX_BYTES) throw new Error(`the bundle has more than ${MAX_BYTES} bytes`);
  return text;
}

function main() {
  const text = bundle();
  if (process.argv.includes('--check')) {
    if (readFileSync(DIST, 'utf8') === text) return;
    console.error('`actions/dist/post-login.js` is stale: run `node actions/build.mjs`');
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(DIST), { recursive: true });
  writeFileSync(DIST, text);
}

main();
