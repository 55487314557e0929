// auth0-deploy-cli at the sandbox tenant.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const { SANDBOX_DOMAIN: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret } = process.env;
const cli = fileURLToPath(new URL('node_modules/.bin/a0deploy', import.meta.url));
// Parts of a tenant that the sandbox does not have.
const EXCLUDED = [
  'forms', 'flows', 'flowVaultConnections', 'emailProvider', 'emailTemplates', 'pages', 'migrations', 'phoneProviders', 'phoneTemplates',
  'selfServiceProfiles', 'userAttributeProfiles', 'connectionProfiles', 'riskAssessment', 'tokenExchangeProfiles', 'actionModules', 'groups',
];

// Runs the tool and fails with what it said; `keywords` fill what stands in `##`.
export async function deploy(words, keywords = {}) {
  const environment = {
    ...process.env, ...keywords, AUTH0_DOMAIN: domain, AUTH0_CLIENT_ID: clientId, AUTH0_CLIENT_SECRET: clientSecret, AUTH0_ALLOW_DELETE: 'false',
    AUTH0_EXCLUDED: JSON.stringify(EXCLUDED),
  };
  const ended = promisify(execFile)(cli, words, { env: environment, timeout: 120_000 });
  await ended.catch(({ stdout, stderr }) => assert.fail(`${stdout}${stderr}`.slice(-2000)));
}

export async function reset() {
  const answer = await fetch(`https://${domain}/sandbox/reset`, { method: 'POST' });
  assert.ok(answer.ok);
}
