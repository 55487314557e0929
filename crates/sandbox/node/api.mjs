// The `api` object of each trigger, as the reference documents it: each method checks its arguments, records the call, and
// changes a simulated transaction. What the reference does not document for the trigger throws and is kept as a misuse, so
// that an Action which runs here does not lean on luck. `result()` says how Auth0 would end the transaction.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

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
// Triggers that Auth0 runs beside the transaction: what an Action does there, a throw included, changes nothing.
export const ASYNCHRONOUS = ['post-user-registration', 'post-change-password'];
const TOKEN_ERRORS = ['invalid_scope', 'invalid_request', 'server_error'];

// What a function is called that an Action exports, and for which trigger.
export const HANDLERS = {
  onExecutePostLogin: 'post-login',
  onContinuePostLogin: 'post-login',
  onExecutePreUserRegistration: 'pre-user-registration',
  onExecutePostUserRegistration: 'post-user-registration',
  onExecuteCredentialsExchange: 'credentials-exchange',
  onExecutePostChallenge: 'password-reset-post-challenge',
  onContinuePostChallenge: 'password-reset-post-challenge',
  onExecutePostChangePassword: 'post-change-password',
  onExecuteSendPhoneMessage: 'send-phone-message',
  onExecuteCustomTokenExchange: 'custom-token-exchange',
};

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

// Throws on each name that the object has not, and keeps it. Symbols and `then` stay undefined: the language itself asks.
function guarded(path, members, trigger, misuses) {
  const refuse = (name, message) => {
    if (misuses.length < 100) misuses.push(`${path}.${name}`);
    throw new TypeError(message);
  };
  return new Proxy(members, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then') return undefined;
      if (!Object.hasOwn(target, name)) refuse(name, `\`${path}.${name}\` is not documented for ${trigger}`);
      return target[name];
    },
    set: (target, name) => refuse(String(name), `\`${path}\` is read-only`),
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

// The two methods by which a factor is asked for, or enrolled.
function stepsOf(state, kind, allowed, name) {
  const one = (factor, given) => {
    const { additionalFactors } = options(given, ['additionalFactors']);
    const rest = additionalFactors === undefined ? [] : factorsOf(additionalFactors, allowed);
    state.steps.push({ kind, types: [factorOf(factor, allowed), ...rest] });
  };
  const any = (factors) => void state.steps.push({ kind, types: factorsOf(factors, allowed) });
  return { [`${name}With`]: one, [`${name}WithAny`]: any };
}

function authenticationOf(state, handler) {
  return {
    ...stepsOf(state, 'challenge', CHALLENGE, 'challenge'),
    ...stepsOf(state, 'enroll', ENROLL, 'enroll'),
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

// The `state` by which Auth0 finds a suspended transaction again. The same transaction has the same one here.
function stateOf(event) {
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

function redirectOf(state, event, now) {
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
      for (const [name, value] of Object.entries({ ...query, state: stateOf(event) })) target.searchParams.set(name, value);
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

const ending = (state) => (given) => void (state.denied ??= given);

function metadataOf(state) {
  return {
    setAppMetadata: metadataSetter(state, 'app_metadata', RESERVED_METADATA),
    setUserMetadata: metadataSetter(state, 'user_metadata', []),
  };
}

// `access.deny(code, reason?)`, with the codes that may be given, if they are known.
function coded(end, codes) {
  return (code, reason) => {
    text(code, 'code');
    demand(codes === undefined || codes.includes(code), `code \`${code}\` is unknown`);
    if (reason !== undefined) text(reason, 'reason');
    end({ code, reason: reason ?? null });
  };
}

function postLogin(state, event, handler, now) {
  const isRefresh = event.transaction?.protocol === 'oauth2-refresh-token';
  const end = ending(state);
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
    redirect: { canRedirect: () => !isHeadless(event), ...redirectOf(state, event, now) },
    user: metadataOf(state),
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

function preUserRegistration(state) {
  const end = ending(state);
  return {
    access: { deny: (reason, message) => (text(reason, 'reason'), text(message, 'user message'), end({ reason, user_message: message })) },
    validation: { error: (code, message) => (text(code, 'code'), text(message, 'message'), end({ code, reason: message })) },
    user: metadataOf(state),
  };
}

function targetScopes(state, event) {
  const held = () => (state.target_scopes ??= [...listOf(event.transaction?.target_scopes ?? event.transaction?.requested_scopes)]);
  const list = (scopes) => demand(Array.isArray(scopes), 'scopes are a list');
  return {
    addTargetScope: (scope) => (text(scope, 'scope'), void (state.target_scopes = [...new Set([...held(), scope])])),
    removeTargetScope: (scope) => (text(scope, 'scope'), void (state.target_scopes = held().filter((one) => one !== scope))),
    setTargetScopes: (scopes) => (list(scopes), void (state.target_scopes = [...scopes])),
    clearTargetScopes: () => void (state.target_scopes = []),
  };
}

function credentialsExchange(state, event) {
  return {
    access: { deny: coded(ending(state), TOKEN_ERRORS) },
    accessToken: { setCustomClaim: claimSetter(state, 'access_token') },
    transaction: targetScopes(state, event),
  };
}

function passwordReset(state, event, handler, now) {
  return {
    access: { deny: (reason) => (text(reason, 'reason'), ending(state)({ reason })) },
    authentication: stepsOf(state, 'challenge', CHALLENGE, 'challenge'),
    redirect: redirectOf(state, event, now),
    prompt: { render: (form, given) => (text(form, 'form id'), options(given, ['fields', 'vars']), void (state.form = form)) },
    transaction: { setResultUrl: (url, given) => (text(url, 'address'), void options(given, ['query'])) },
  };
}

function customTokenExchange(state) {
  const end = ending(state);
  const setUser = (user) => {
    demand(state.exchanged_for === null, 'the user is set once');
    state.exchanged_for = user;
  };
  return {
    access: { deny: coded(end), rejectInvalidSubjectToken: (reason) => (text(reason, 'reason'), end({ code: 'invalid_subject_token', reason })) },
    authentication: {
      setUserById: (id) => (text(id, 'user id', 128), setUser(id)),
      setUserByConnection(name, attributes, given) {
        text(name, 'connection');
        const { creationBehavior, updateBehavior } = options(given, ['creationBehavior', 'updateBehavior']);
        demand(isRecord(attributes) && [creationBehavior, updateBehavior].every((word) => typeof word === 'string'), 'attributes and both behaviors are needed');
        setUser(`${name}|${attributes.user_id}`);
      },
      setOrganization: (name) => text(name, 'organization'),
      setActor: (actor) => demand(typeof actor?.sub === 'string', 'an actor has a `sub`'),
    },
    user: metadataOf(state),
  };
}

// What each trigger offers besides the cache.
const OFFERS = {
  'post-login': postLogin,
  'pre-user-registration': preUserRegistration,
  'post-user-registration': () => ({}),
  'credentials-exchange': credentialsExchange,
  'password-reset-post-challenge': passwordReset,
  'post-change-password': () => ({}),
  'send-phone-message': () => ({}),
  'custom-token-exchange': customTokenExchange,
};

// The factors of one step that Auth0 would really offer. A factor passed or not enrolled is ignored.
function offered(step, event) {
  const enrolled = listOf(event.user?.enrolledFactors).map((factor) => factor?.type);
  const passed = listOf(event.authentication?.methods).filter((method) => method?.name === 'mfa').map((method) => method.type);
  if (step.kind === 'enroll') return step.types.filter((type) => !enrolled.includes(type));
  return step.types.filter((type) => enrolled.includes(type) && !passed.includes(type));
}

function conclude(state, event, trigger) {
  const end = (decision, more) => ({ decision, denied: null, challenge: [], ...more });
  const failed = (reason) => end('deny', { denied: { reason, transaction_failed: true } });
  if (state.denied !== null) return end('deny', { denied: state.denied });
  if (trigger === 'custom-token-exchange' && state.exchanged_for === null) return failed('no user was set');
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
  const trigger = HANDLERS[handler];
  demand(trigger !== undefined, `handler \`${handler}\` is unknown`);
  const state = {
    calls: [], claims: { id_token: {}, access_token: {} }, app_metadata: {}, user_metadata: {}, transaction_metadata: {},
    session_metadata: {}, refresh_token_metadata: {}, saml: {}, attributes: {}, steps: [], target_scopes: null,
    denied: null, redirect: null, form: null, primary_user: null, exchanged_for: null,
  };
  const misuses = [];
  const members = {};
  const api = guarded('api', members, trigger, misuses);
  for (const [group, methods] of Object.entries(OFFERS[trigger](state, event, handler, now))) {
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
    members[group] = guarded(`api.${group}`, Object.fromEntries(recorded), trigger, misuses);
  }
  members.cache = guarded('api.cache', { get: cache.get, set: cache.set, delete: cache.delete }, trigger, misuses);
  const result = () => ({
    ...conclude(state, event, trigger),
    calls: state.calls,
    misuses,
    claims: state.claims,
    app_metadata: state.app_metadata,
    transaction_metadata: state.transaction_metadata,
    target_scopes: state.target_scopes,
  });
  return { api, result };
}
