// The handshake of a redirect: Auth0 adds `state`, signs what goes out, and checks what comes back.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { demand, isRecord, options, text } from './checks.mjs';

const base64url = (value) => Buffer.from(value).toString('base64url');
const hs256 = (secret, signed) => createHmac('sha256', secret).update(signed).digest();

// The `state` by which Auth0 finds a suspended transaction again. The same transaction has the same one here.
export function stateOf(event) {
  const { id = null, state = null, correlation_id: correlation = null } = event.transaction ?? {};
  return createHash('sha256').update(JSON.stringify([event.tenant?.id, id ?? state ?? correlation, event.user?.user_id])).digest('base64url');
}

function checkedToken(token, secret) {
  const parts = String(token).split('.');
  demand(parts.length === 3, 'there is no token');
  const [head, payload, mac] = parts;
  const wanted = hs256(secret, `${head}.${payload}`);
  const found = Buffer.from(mac, 'base64url');
  demand(found.length === wanted.length && timingSafeEqual(found, wanted), 'the token has a wrong signature');
  const [header, claims] = [head, payload].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  demand(header.alg === 'HS256', 'the token is not of HS256');
  demand(isRecord(claims), 'the token holds no claims');
  return claims;
}

export function redirectOf(state, event, { now, transactionState }) {
  return {
    encodeToken(given) {
      const { secret, payload, expiresInSeconds = 900 } = options(given, ['secret', 'payload', 'expiresInSeconds']);
      text(secret, 'secret');
      demand(isRecord(payload) && Number.isFinite(expiresInSeconds), 'a token needs a payload and a lifetime');
      const iat = Math.floor(now() / 1000);
      const own = { sub: event.user?.user_id, iss: event.request?.hostname, ip: event.request?.ip, iat, exp: iat + expiresInSeconds };
      const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify({ ...payload, ...own }))}`;
      return `${signed}.${base64url(hs256(secret, signed))}`;
    },
    sendUserTo(url, given) {
      const { query } = options(given, ['query']);
      demand(typeof url === 'string' && /^https?:\/\/[^/]/.test(url), 'a redirect goes to an absolute address');
      demand(query === undefined || isRecord(query), '`query` must be an object');
      const target = new URL(url);
      for (const [name, value] of Object.entries({ ...query, state: transactionState })) target.searchParams.set(name, value);
      state.redirect = target.href;
    },
    validateToken(given) {
      const { secret, tokenParameterName = 'session_token' } = options(given, ['secret', 'tokenParameterName']);
      text(secret, 'secret');
      const claims = checkedToken(event.request?.query?.[tokenParameterName] ?? event.request?.body?.[tokenParameterName], secret);
      for (const name of ['sub', 'iss', 'exp', 'state']) demand(claims[name] !== undefined, `the token has no \`${name}\``);
      demand(Number.isFinite(claims.exp) && claims.exp > now() / 1000, 'the token is expired');
      demand(claims.state === event.request?.query?.state, 'the token is of another state');
      return claims;
    },
  };
}
