// Joins `src/*.js` into the files that are pasted into Auth0: one `dist/<name>.js` for each module that exports a handler
// or a guard. With `--check` it writes nothing and fails when a file is stale, missing or nobody's. Modules share one
// scope, so within a file a top-level name may exist only once.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const HERE = dirname(fileURLToPath(import.meta.url));
const SRC = join(HERE, 'src');
const DIST = join(HERE, 'dist');
// Auth0 takes 100 kB of source; the rest is for what operators add. Why not smaller: comments stay, for whoever reviews
// the file there.
const MAX_BYTES = 75_000;
const ENTRY = /^exports\.(\w+) = /m;
const LOCAL = /^const \{[^}]*\} = require\('\.\/([\w-]+)'\);\n/gm;
const BUILTIN = /^const \w+ = require\('crypto'\);\n/gm;
const EXPORTS = /^module\.exports = \{[^}]*\};\n/m;
// What an operator edits, and where the hash of the rest stands (src/code.js).
const CONFIG = /\/\/ --- config[\w-]* ---[^]*?(?=\n\/\/ --- )/;
const HASH = /^(const CODE = ')0{64}(';)$/m;
const TOP_LEVEL = /^(?:const|let|class|(?:async )?function) (\w+)/gm;

const sourceOf = (name) => readFileSync(join(SRC, `${name}.js`), 'utf8');

// The names of the modules that become a file each.
function entries() {
  const names = readdirSync(SRC).map((file) => basename(file, '.js'));
  return names.filter((name) => ENTRY.test(sourceOf(name))).sort();
}

function header(name) {
  const trigger = name.replace(/^guard-/, '');
  const what = name === trigger ? `trigger ${trigger}` : `a guard for your own Action of the trigger ${trigger}`;
  const rest = 'Built from actions/src by actions/build.mjs: edit CONFIG here, the rest there.';
  return `// Countersign for Auth0, ${what}. ${rest}\n`;
}

function visit(name, order) {
  if (order.has(name)) return;
  const source = sourceOf(name);
  for (const [, needed] of source.matchAll(LOCAL)) visit(needed, order);
  order.set(name, source);
}

function body(name, source) {
  const text = source.replace("'use strict';\n", '').replace(LOCAL, '').replace(BUILTIN, '').replace(EXPORTS, '');
  if (/\brequire\(|\bmodule\b/.test(text)) throw new Error(`\`${name}\` needs something that the bundle has not`);
  return `// --- ${name} ---\n\n${text.trim()}\n`;
}

// Writes the hash of the text, without what an operator edits, into it.
function withHash(text) {
  const hash = createHash('sha256').update(text.replace(CONFIG, '')).digest('hex');
  const written = text.replace(HASH, `$1${hash}$2`);
  if (written === text) throw new Error('the file has no place for its hash');
  return written;
}

function bundle(entry) {
  const order = new Map();
  visit(entry, order);
  const parts = [...order].map(([name, source]) => body(name, source));
  const seen = new Set(['crypto']);
  for (const [, name] of parts.join('\n').matchAll(TOP_LEVEL)) {
    if (seen.has(name)) throw new Error(`two modules of \`${entry}\` declare \`${name}\``);
    seen.add(name);
  }
  const code = ["'use strict';\n\nconst crypto = require('crypto');\n", ...parts].join('\n');
  // Why: a guard may be pasted above somebody's own code, whose names must stay free.
  const text = withHash(header(entry) + (entry.startsWith('guard-') ? `(() => {\n${code}})();\n` : code));
  new Script(text, { filename: `${entry}.js` });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) throw new Error(`\`${entry}\` has ${bytes} bytes, more than ${MAX_BYTES}`);
  return text;
}

function staleFiles(texts) {
  const found = new Set(readdirSync(DIST));
  const stale = [...texts].filter(([file, text]) => !found.has(file) || readFileSync(join(DIST, file), 'utf8') !== text);
  return [...stale.map(([file]) => file), ...[...found].filter((file) => !texts.has(file))];
}

function main() {
  const texts = new Map(entries().map((entry) => [`${entry}.js`, bundle(entry)]));
  mkdirSync(DIST, { recursive: true });
  const stale = staleFiles(texts);
  if (!process.argv.includes('--check')) {
    for (const file of stale) if (!texts.has(file)) rmSync(join(DIST, file));
    for (const [file, text] of texts) writeFileSync(join(DIST, file), text);
  } else if (stale.length > 0) {
    console.error(`${stale.map((file) => `\`actions/dist/${file}\``).join(', ')} is stale: run \`node actions/build.mjs\``);
    process.exitCode = 1;
  }
}

main();
