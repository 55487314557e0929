// The `api` object of the post-login trigger, as the reference documents it: each method checks its arguments, records
// the call, and changes a simulated transaction. What the reference does not document throws, so that an Action which
// runs here does not lean on luck. `result()` says how Auth0 would end the transaction.
import { createHmac, timingSafeEqual } from 'node:crypto';

const CHALLENGE = ['otp', 'email', 'phone', 'push-notification', 'webauthn-platform', 'webauthn-roaming', 'recovery-code'];
const ENROLL = CHALLENGE.filter((type) => type !== 'email');
const PROVIDERS = ['any', 'none', 'guardian', 'google-authenticator', 'duo'];
const RESERVED_CLAIMS = (
  'acr act amr aud auth_time authorization_details azp client_id cnf exp groups gty iat iss jti nbf nonce org_id ' +
  'org_name permissions roles sid sub txn'
).split(' ');
const RESERVED_METADATA = (
  '__tenant _id blocked clientID created_at email_verified email globalClientID global_client_id identities lastIP ' +
  'lastLogin loginsCount metadata multifactor_last_modified multifactor updated_at user_id'
).split(' ');
const SAML_SETTERS = (
  'Audience AuthnContextClassRef Cert CreateUpnClaim Destination DigestAlgorithm EncryptionAlgorithm EncryptionCert ' +
  'EncryptionPublicKey IncludeAttributeNameFormat Issuer Key LifetimeInSeconds MapIdentities MapUnknownClaimsAsIs ' +
  'NameIdentifierFormat NameIdentifierProbes PassthroughClaimsWithNoMapping Recipient RelayState SignResponse ' +
  'SignatureAlgorithm SigningCert TypedAttributes'
).split(' ');
const DAY_MS = 24 * 60 * 60 * 1000;

function demand(isMet, message) {
  if (!isMet) throw new TypeError(message);
}
const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value) => (Array.isArray(value) ? value : []);
const bytesOf = (value) => Buffer.byteLength(JSON.stringify(value) ?? '', 'utf8');

function text(value, name, max = 4096) {
  demand(typeof value === 'string' && value !== '' && value.length <= max, `\`${name}\` is no text of 1 to ${max} characters`);
}

function options(value, allowed) {
  demand(value === undefined || isRecord(value), 'options must be an object');
  for (const key of Object.keys(value ?? {})) demand(allowed.includes(key), `option \`${key}\` is not documented`);
  return value ?? {};
}

function json(value) {
  const written = JSON.stringify(value);
  demand(written !== undefined, 'the value has no JSON form');
  return JSON.parse(written);
}

// Auth0's Action cache: 20 entries, 64-byte keys, 4 kB values, 8 kB in all, 15 min unless told, 24 h at most.
export function createCache({ now = Date.now, onWrite = () => undefined } = {}) {
  const entries = new Map();
  const failed = (code) => ({ type: 'error', code });
  const size = () => [...entries].reduce((sum, [key, { value }]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  const put = (key, record) => (record === null ? entries.delete(key) : entries.set(key, record));
  return {
    put,
    get(key) {
      const record = entries.get(key);
      if (record !== undefined && record.expires_at <= now()) entries.delete(key);
      return entries.has(key) ? { ...record } : undefined;
    },
    set(key, value, given) {
      const { ttl = 15 * 60 * 1000, expires_at: until = now() + ttl } = options(given, ['ttl', 'expires_at']);
      if (typeof key !== 'string' || Buffer.byteLength(key) > 64) return failed('CacheKeySizeExceeded');
      if (typeof value !== 'string' || Buffer.byteLength(value) > 4096) return failed('ItemSizeExceeded');
      const before = entries.get(key);
      const record = { value, expires_at: Math.min(until, now() + DAY_MS) };
      put(key, record);
      if (entries.size > 20 || size() > 8192) {
        put(key, before ?? null);
        return failed('CacheSizeExceeded');
      }
      onWrite(key, record);
      return { type: 'success', record: { ...record } };
    },
    delete(key) {
      put(key, null);
      onWrite(key, null);
      return { type: 'success' };
    },
  };
}

// Throws on each name that the object has not. Symbols and `then` stay undefined: the language itself asks for them.
function guarded(path, members) {
  return new Proxy(members, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then') return undefined;
      demand(Object.hasOwn(target, name), `\`${path}.${name}\` is not documented for post-login`);
      return target[name];
    },
    set() {
      throw new TypeError(`\`${path}\` is read-only`);
    },
  });
}

function factorOf(factor, allowed) {
  demand(isRecord(factor) && allowed.includes(factor.type), `\`${factor?.type}\` is not a factor that can be used here`);
  for (const key of Object.keys(factor)) demand(key === 'type' || key === 'options', `factor field \`${key}\` is not documented`);
  const known = { phone: ['preferredMethod'], 'push-notification': ['otpFallback'] }[factor.type] ?? [];
  const { preferredMethod, otpFallback } = options(factor.options, known);
  demand(preferredMethod === undefined || ['sms', 'voice', 'both'].includes(preferredMethod), '`preferredMethod` is unknown');
  demand(otpFallback === undefined || typeof otpFallback === 'boolean', '`otpFallback` is no boolean');
  return factor.type;
}

function factorsOf(factors, allowed) {
  demand(Array.isArray(factors) && factors.length > 0, 'factors must be a list that is not empty');
  return factors.map((factor) => factorOf(factor, allowed));
}

function isHeadless(event) {
  const protocol = String(event.transaction?.protocol ?? '');
  const isBackChannel = /oauth2-(refresh-token|password|token-exchange|resource-owner)/.test(protocol);
  return isBackChannel || listOf(event.transaction?.prompt).includes('none');
}

function claimSetter(state, token) {
  return (name, value) => {
    text(name, 'claim', 1024);
    demand(!RESERVED_CLAIMS.includes(name), `claim \`${name}\` is reserved`);
    demand(!/^urn:auth0/i.test(name), `claim \`${name}\` is reserved`);
    const host = /^https?:\/\/([^/:]+)/i.exec(name)?.[1] ?? '';
    demand(!/(^|\.)(auth0\.com|webtask\.(io|run))$/i.test(host), `claim \`${name}\` has a namespace of the vendor`);
    const claims = { ...state.claims[token], [name]: json(value) };
    demand(bytesOf(claims) <= 100 * 1024, 'claims have more than 100 KB');
    state.claims[token] = claims;
  };
}

function metadataSetter(state, bag, reserved) {
  const checkKeys = (value) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      demand(!/[.$]/.test(key), 'a metadata key has a dot or a dollar sign');
      checkKeys(part);
    }
  };
  return (key, value) => {
    text(key, 'metadata key', 255);
    demand(!reserved.includes(key), `metadata key \`${key}\` is reserved`);
    const next = { ...state[bag], [key]: json(value) };
    checkKeys(next);
    demand(bytesOf(next) <= 32 * 1024, 'metadata has more than 32 kB');
    state[bag] = next;
  };
}

function setTransactionMetadata(state) {
  return (key, value) => {
    text(key, 'metadata key', 64);
    demand(['string', 'number', 'boolean'].includes(typeof value), 'transaction metadata is text, number or boolean');
    demand(typeof value !== 'string' || Buffer.byteLength(value) <= 8192, 'transaction metadata value has more than 8 KB');
    const next = { ...state.transaction_metadata, [key]: value };
    demand(bytesOf(next) <= 16 * 1024, 'transaction metadata has more than 16 KB');
    state.transaction_metadata = next;
  };
}

function authenticationOf(state, handler) {
  const one = (kind, allowed) => (factor, given) => {
    const { additionalFactors } = options(given, ['additionalFactors']);
    const rest = additionalFactors === undefined ? [] : factorsOf(additionalFactors, allowed);
    state.steps.push({ kind, types: [factorOf(factor, allowed), ...rest] });
  };
  const any = (kind, allowed) => (factors) => void state.steps.push({ kind, types: factorsOf(factors, allowed) });
  return {
    challengeWith: one('challenge', CHALLENGE),
    challengeWithAny: any('challenge', CHALLENGE),
    enrollWith: one('enroll', ENROLL),
    enrollWithAny: any('enroll', ENROLL),
    recordMethod(url) {
      demand(handler === 'onContinuePostLogin', '`recordMethod` is for the continue handler only');
      demand(/^https?:\/\//.test(url), 'a method is an address');
    },
    setPrimaryUser(id) {
      text(id, 'user id', 128);
      demand(state.primary_user === null, '`setPrimaryUser` works once in a transaction');
      state.primary_user = id;
    },
  };
}

const base64url = (value) => Buffer.from(value).toString('base64url');
const hs256 = (secret, signed) => createHmac('sha256', secret).update(signed).digest();

function redirectOf(state, event, now) {
  return {
    canRedirect: () => !isHeadless(event),
    encodeToken(given) {
      const { secret, payload, expiresInSeconds = 900 } = options(given, ['secret', 'payload', 'expiresInSeconds']);
      text(secret, 'secret');
      demand(isRecord(payload) && Number.isFinite(expiresInSeconds), 'a token needs a payload and a lifetime');
      const iat = Math.floor(now() / 1000);
      const own = { sub: event.user?.user_id, iss: event.request?.hostname, ip: event.request?.ip, iat, exp: iat + expiresInSeconds };
      const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify({ ...own, ...payload }))}`;
      return `${signed}.${base64url(hs256(secret, signed))}`;
    },
    sendUserTo(url, given) {
      const { query } = options(given, ['query']);
      demand(typeof url === 'string' && /^https?:\/\/[^/]/.test(url), 'a redirect goes to an absolute address');
      demand(query === undefined || isRecord(query), '`query` must be an object');
      state.redirect = url;
    },
    validateToken(given) {
      const { secret, tokenParameterName = 'session_token' } = options(given, ['secret', 'tokenParameterName']);
      text(secret, 'secret');
      const token = event.request?.query?.[tokenParameterName] ?? event.request?.body?.[tokenParameterName];
      const [head, payload, mac] = String(token).split('.');
      const wanted = hs256(secret, `${head}.${payload}`);
      const found = Buffer.from(mac ?? '', 'base64url');
      demand(found.length === wanted.length && timingSafeEqual(found, wanted), 'the token has a wrong signature');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
      demand(claims.exp > now() / 1000 && claims.state === event.request?.query?.state, 'the token is expired or of another state');
      return claims;
    },
  };
}

// Session or refresh token: lifetimes and up to 25 metadata entries of 255 characters.
function lifetimeOf(state, bag) {
  const time = (ms) => demand(Number.isFinite(ms) && ms > 0, 'a time is milliseconds since 1970');
  return {
    setExpiresAt: time,
    setIdleExpiresAt: time,
    setMetadata(key, value) {
      text(key, 'metadata key', 255);
      demand(value === null || (typeof value === 'string' && value.length <= 255), 'metadata is text of at most 255 characters');
      demand(Object.keys({ ...state[bag], [key]: value }).length <= 25, 'more than 25 metadata entries');
      state[bag][key] = value;
    },
    deleteMetadata: (key) => void delete state[bag][key],
    evictMetadata: () => void (state[bag] = {}),
  };
}

function rolesOf(event) {
  const held = () => listOf(event.authorization?.roles).map((name) => ({ id: `rol_${name}`, name }));
  const list = (values, most) => demand(Array.isArray(values) && values.length > 0 && values.length <= most, `1 to ${most} are taken`);
  return {
    async getUserEffectiveRoles(given) {
      const { take = 50 } = options(given, ['take', 'from']);
      demand(Number.isInteger(take) && take > 0 && take <= 100, '`take` is 1 to 100');
      return { roles: held().slice(0, take) };
    },
    async getUserEffectiveRolesByIds(ids) {
      list(ids, 100);
      return { roles: held().filter((role) => ids.includes(role.id)) };
    },
    async getUserEffectiveRolesByNames(names) {
      list(names, 50);
      return { roles: held().filter((role) => names.includes(role.name)) };
    },
  };
}

function samlOf(state) {
  const plain = SAML_SETTERS.map((name) => [`set${name}`, (value) => void (state.saml[name] = json(value ?? null))]);
  const setAttribute = (name, value) => {
    text(name, 'attribute', 1024);
    demand(bytesOf(value ?? null) <= 2048, 'an attribute has more than 2 kB');
    state.attributes[name] = value ?? null;
    demand(Object.keys(state.attributes).length <= 100 && bytesOf(state.attributes) <= 10240, 'more than 100 attributes or 10 kB');
  };
  return { ...Object.fromEntries(plain), setAttribute };
}

function groupsOf(state, event, handler, now) {
  const isRefresh = event.transaction?.protocol === 'oauth2-refresh-token';
  const end = (given) => void (state.denied ??= given);
  return {
    access: { deny: (reason) => (text(reason, 'reason'), end({ reason })) },
    accessToken: {
      setCustomClaim: claimSetter(state, 'access_token'),
      addScope: (scope) => text(scope, 'scope'),
      removeScope: (scope) => text(scope, 'scope'),
    },
    idToken: { setCustomClaim: claimSetter(state, 'id_token') },
    authentication: authenticationOf(state, handler),
    multifactor: {
      enable(provider, given) {
        demand(PROVIDERS.includes(provider), `MFA provider \`${provider}\` is unknown`);
        options(given, ['allowRememberBrowser', 'providerOptions']);
        if (provider !== 'none') state.steps.push({ kind: 'policy', types: CHALLENGE });
      },
    },
    redirect: redirectOf(state, event, now),
    user: {
      setAppMetadata: metadataSetter(state, 'app_metadata', RESERVED_METADATA),
      setUserMetadata: metadataSetter(state, 'user_metadata', []),
    },
    transaction: { setMetadata: setTransactionMetadata(state) },
    session: {
      ...lifetimeOf(state, 'session_metadata'),
      setCookieMode: (mode) => demand(['persistent', 'non-persistent'].includes(mode), `cookie mode \`${mode}\` is unknown`),
      revoke: (reason, given) => (text(reason, 'reason'), options(given, ['preserveRefreshTokens']), end({ reason })),
    },
    refreshToken: {
      ...lifetimeOf(state, 'refresh_token_metadata'),
      revoke: (reason) => (text(reason, 'reason'), demand(isRefresh, 'only in a refresh exchange'), end({ reason })),
    },
    prompt: { render: (form, given) => (text(form, 'form id'), options(given, ['fields', 'vars']), void (state.form = form)) },
    groups: { getUserGroups: async () => ({ groups: [] }), hasGroupMembership: async () => false },
    roles: rolesOf(event),
    validation: { error: (code, message) => (text(code, 'code'), text(message, 'message'), end({ reason: message })) },
    samlResponse: samlOf(state),
    rules: { wasExecuted: (id) => (text(id, 'rule id'), false) },
  };
}

// The factors of one step that Auth0 would really offer. A factor passed or not enrolled is ignored.
function offered(step, event) {
  const enrolled = listOf(event.user?.enrolledFactors).map((factor) => factor?.type);
  const passed = listOf(event.authentication?.methods).filter((method) => method?.name === 'mfa').map((method) => method.type);
  if (step.kind === 'enroll') return step.types.filter((type) => !enrolled.includes(type));
  return step.types.filter((type) => enrolled.includes(type) && !passed.includes(type));
}

function conclude(state, event) {
  const end = (decision, more) => ({ decision, denied: null, challenge: [], ...more });
  const failed = (reason) => end('deny', { denied: { reason, transaction_failed: true } });
  if (state.denied !== null) return end('deny', { denied: state.denied });
  const isSuspended = state.steps.length > 0 || state.redirect !== null || state.form !== null;
  if (isSuspended && isHeadless(event)) return failed('nobody can be asked in this flow');
  if (state.redirect !== null || state.form !== null) return end('redirect', { redirect: state.redirect ?? state.form });
  let decision = 'allow';
  const types = new Set();
  for (const step of state.steps) {
    const left = offered(step, event);
    const mustEnroll = step.kind === 'enroll' || (step.kind === 'policy' && listOf(event.user?.enrolledFactors).length === 0);
    if (left.length === 0 && step.kind !== 'policy') return failed(`no factor to ${step.kind} remains`);
    if (decision !== 'challenge' && (left.length > 0 || mustEnroll)) decision = mustEnroll ? 'enroll' : 'challenge';
    left.forEach((type) => types.add(type));
  }
  return end(decision, { challenge: [...types].map((type) => ({ type })) });
}

// Makes the `api` of one execution. `cache` outlives it; `result()` is plain JSON.
export function createApi({ event, handler = 'onExecutePostLogin', cache = createCache(), now = Date.now }) {
  const state = {
    calls: [], claims: { id_token: {}, access_token: {} }, app_metadata: {}, user_metadata: {}, transaction_metadata: {},
    session_metadata: {}, refresh_token_metadata: {}, saml: {}, attributes: {}, steps: [],
    denied: null, redirect: null, form: null, primary_user: null,
  };
  const members = {};
  const api = guarded('api', members);
  for (const [group, methods] of Object.entries(groupsOf(state, event, handler, now))) {
    const recorded = Object.entries(methods).map(([name, method]) => {
      const call = (...args) => {
        const copy = JSON.parse(JSON.stringify(args));
        const value = method(...args);
        demand(state.calls.length < 1000, 'an execution makes at most 1000 calls here');
        state.calls.push({ call: `${group}.${name}`, args: copy });
        return value === undefined ? api : value;
      };
      return [name, call];
    });
    members[group] = guarded(`api.${group}`, Object.fromEntries(recorded));
  }
  members.cache = guarded('api.cache', { get: cache.get, set: cache.set, delete: cache.delete });
  const result = () => ({
    ...conclude(state, event),
    calls: state.calls,
    claims: state.claims,
    app_metadata: state.app_metadata,
    transaction_metadata: state.transaction_metadata,
  });
  return { api, result };
}
