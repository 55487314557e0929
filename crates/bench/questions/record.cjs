// Prints what the shipped Actions send of the events in `fixtures/events` that are named, as JSON: name to body.
'use strict';

const { existsSync, readFileSync } = require('fs');
const { join } = require('path');

const ROOT = join(__dirname, '../../..');
const SECRETS = { COUNTERSIGN_URL: 'http://127.0.0.1:9', COUNTERSIGN_KEY: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };

// Everything that an Action may call of its platform, without effect.
const anything = new Proxy(() => undefined, { get: (_, name) => (name === 'then' ? undefined : anything), apply: () => anything });

async function bodyOf(name) {
  const [trigger] = name.split('.');
  const files = [trigger, `guard-${trigger}`].map((file) => join(ROOT, 'actions/dist', `${file}.js`));
  const action = require(files.find(existsSync));
  const event = JSON.parse(readFileSync(join(ROOT, 'fixtures/events', `${name}.json`), 'utf8'));
  let sent = null;
  globalThis.fetch = async (_, { body }) => {
    sent = String(body);
    throw new Error('nobody answers');
  };
  const call = Object.keys(action).find((key) => key.startsWith('onExecute') || key === 'guard');
  await action[call]({ ...event, secrets: SECRETS }, anything);
  return sent;
}

async function main() {
  console.log = () => undefined;
  const bodies = {};
  for (const name of process.argv.slice(2)) bodies[name] = await bodyOf(name);
  process.stdout.write(JSON.stringify(bodies));
}

main();
