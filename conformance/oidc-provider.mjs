// An OpenID provider that others wrote, at a free port of this machine: prints its issuer, and ends when its input does.
// Any name signs in. `POST /rotate` puts other keys in place of those that it signs with.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

// What the library says goes to the error output: the first line is the issuer.
console.info = console.warn = console.log = console.error;
const { Provider } = await import('oidc-provider');

const { CLIENT_SECRET: client_secret, REDIRECT_URI: redirect_uri } = process.env;

let generation = 0;
function keys() {
  generation += 1;
  const pairs = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519'] };
  return Object.entries(pairs).map(([alg, kind]) => {
    const jwk = generateKeyPairSync(...kind).privateKey.export({ format: 'jwk' });
    return { ...jwk, alg, use: 'sig', kid: `${alg}-${generation}` };
  });
}

const client = (client_id, more) => ({ client_id, redirect_uris: [redirect_uri], grant_types: ['authorization_code'], ...more });

function provider(issuer) {
  return new Provider(issuer, {
    clients: [
      client('basic', { client_secret, id_token_signed_response_alg: 'RS256' }),
      client('post', { client_secret, token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'ES256' }),
      client('public', { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'EdDSA' }),
    ],
    jwks: { keys: keys() },
    cookies: { keys: ['for tests alone'] },
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
    // The claims of the scopes stand in the ID token itself.
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], profile: ['name'], groups: ['groups'] },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, name: 'Pat Example', groups: ['secops'] }),
    }),
  });
}

let serve;
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/rotate') {
    serve = provider(issuer).callback();
    response.writeHead(204).end();
    return;
  }
  serve(request, response);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;
serve = provider(issuer).callback();
process.stdout.write(`${issuer}\n`);
process.stdin.resume().on('end', () => process.exit());
