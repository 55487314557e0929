// The `api` object of each trigger, made from the reference's table of methods: each method checks its arguments, records the call, and
// changes a simulated transaction. What the reference does not document for the trigger throws and is kept as a misuse, so
// that an Action which runs here does not lean on luck. `result()` says how Auth0 would end the transaction.
import { createCache } from './cache.mjs';
import {
  CHALLENGE, ENROLL, PROVIDERS, RESERVED_METADATA, SAML_SETTERS, TOKEN_ERRORS, actors, bytesOf, claimSetter, demand, factorOf, factorsOf,
  isRecord, json, listOf, metadataSetter, options, page, setTransactionMetadata, text, texts,
} from './checks.mjs';
import { conclude, isHeadless } from './conclude.mjs';
import { METHODS } from './methods.mjs';
import { redirectOf, stateOf } from './redirect.mjs';

export { createCache };

// Triggers that Auth0 runs beside the transaction: what an Action does there, a throw included, changes nothing.
export const ASYNCHRONOUS = ['post-user-registration', 'post-change-password'];

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
  onExecuteEventStream: 'event-stream',
  onExecuteCustomPhoneProvider: 'custom-phone-provider',
  onExecuteCustomEmailProvider: 'custom-email-provider',
};

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
      state.recorded_methods.push(url);
    },
    setPrimaryUser(id) {
      text(id, 'user id', 128);
      demand(state.primary_user === null, '`setPrimaryUser` works once in a transaction');
      state.primary_user = id;
    },
  };
}

// Session or refresh token: lifetimes and up to 25 metadata entries of 255 characters; null stands for a deleted one.
function lifetimeOf(bag) {
  const time = (name) => (ms) => {
    demand(Number.isFinite(ms) && ms > 0, 'a time is milliseconds since 1970');
    bag[name] = ms;
  };
  return {
    setExpiresAt: time('expires_at'),
    setIdleExpiresAt: time('idle_expires_at'),
    setMetadata(key, value) {
      text(key, 'metadata key', 255);
      demand(value === null || (typeof value === 'string' && value.length <= 255), 'metadata is text of at most 255 characters');
      demand(Object.keys({ ...bag.metadata, [key]: value }).length <= 25, 'more than 25 metadata entries');
      bag.metadata[key] = value;
    },
    deleteMetadata: (key) => (text(key, 'metadata key', 255), void (bag.metadata[key] = null)),
    evictMetadata: () => void Object.assign(bag, { evicts_metadata: true, metadata: {} }),
  };
}

// Revoking ends the transaction too.
function revoke(bag, end, reason, given) {
  text(reason, 'reason');
  const { preserveRefreshTokens = false } = options(given, ['preserveRefreshTokens']);
  bag.revoked = { reason, preserve_refresh_tokens: preserveRefreshTokens };
  end({ reason });
}

function rolesOf(event) {
  const held = () => listOf(event.authorization?.roles).map((name) => ({ id: `rol_${name}`, name }));
  return {
    async getUserEffectiveRoles(given) {
      return { roles: held().slice(0, page(given)) };
    },
    async getUserEffectiveRolesByIds(ids) {
      texts(ids, 'role ids', 100);
      return { roles: held().filter((role) => ids.includes(role.id)) };
    },
    async getUserEffectiveRolesByNames(names) {
      texts(names, 'role names', 50);
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

function promptOf(state) {
  return {
    render(id, given) {
      text(id, 'form id');
      const { fields = {}, vars = {} } = options(given, ['fields', 'vars']);
      state.form = { id, fields: json(fields), vars: json(vars) };
    },
  };
}

// `access.deny(code, reason?)`, with the codes that may be given, if they are known.
function coded(end, codes, isReasonNeeded = false) {
  return (code, reason) => {
    text(code, 'code');
    demand(codes === undefined || codes.includes(code), `code \`${code}\` is unknown`);
    if (isReasonNeeded || reason !== undefined) text(reason, 'reason');
    end({ code, reason: reason ?? null });
  };
}

function postLogin(state, event, handler, given) {
  const isRefresh = event.transaction?.protocol === 'oauth2-refresh-token';
  const end = ending(state);
  return {
    access: { deny: (reason) => (text(reason, 'reason'), end({ reason })) },
    accessToken: {
      setCustomClaim: claimSetter(state, 'access_token'),
      addScope: (scope) => (text(scope, 'scope'), void state.scopes.added.push(scope)),
      removeScope: (scope) => (text(scope, 'scope'), void state.scopes.removed.push(scope)),
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
    redirect: { canRedirect: () => !isHeadless(event), ...redirectOf(state, event, given) },
    user: metadataOf(state),
    transaction: { setMetadata: setTransactionMetadata(state) },
    session: {
      ...lifetimeOf(state.session),
      setCookieMode(mode) {
        demand(['persistent', 'non-persistent'].includes(mode), `cookie mode \`${mode}\` is unknown`);
        state.session.cookie_mode = mode;
      },
      revoke: (reason, more) => revoke(state.session, end, reason, more),
    },
    refreshToken: {
      ...lifetimeOf(state.refresh_token),
      revoke: (reason) => (demand(isRefresh, 'only in a refresh exchange'), revoke(state.refresh_token, end, reason)),
    },
    prompt: promptOf(state),
    groups: {
      getUserGroups: async (more) => (page(more), { groups: [] }),
      hasGroupMembership: async (groups) => (texts(groups, 'groups', 100), false),
    },
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

function passwordReset(state, event, handler, given) {
  return {
    access: { deny: (reason) => (text(reason, 'reason'), ending(state)({ reason })) },
    authentication: stepsOf(state, 'challenge', CHALLENGE, 'challenge'),
    redirect: redirectOf(state, event, given),
    prompt: promptOf(state),
    transaction: { setResultUrl: (url, more) => (text(url, 'address'), void (state.result_url = { url, query: options(more, ['query']).query ?? {} })) },
  };
}

function customTokenExchange(state) {
  const end = ending(state);
  const exchange = state.exchange;
  const setUser = (user) => {
    demand(exchange.user === null, 'the user is set once');
    exchange.user = user;
  };
  const reject = (reason) => (text(reason, 'reason'), (exchange.is_rejected = true), end({ code: 'invalid_request', reason }));
  return {
    access: { deny: coded(end, undefined, true), rejectInvalidSubjectToken: reject },
    authentication: {
      setUserById: (id) => (text(id, 'user id', 128), setUser({ user_id: id })),
      setUserByConnection(connection, attributes, given) {
        text(connection, 'connection');
        const { creationBehavior: creation, updateBehavior: update } = options(given, ['creationBehavior', 'updateBehavior']);
        demand(isRecord(attributes), 'attributes are needed');
        text(attributes.user_id, 'user id');
        demand(['create_if_not_exists', 'none'].includes(creation), `creation behavior \`${creation}\` is unknown`);
        demand(['replace', 'none'].includes(update), `update behavior \`${update}\` is unknown`);
        setUser({ connection, attributes: json(attributes), creation, update });
      },
      setOrganization: (name) => (text(name, 'organization'), void (exchange.organization = name)),
      setActor: (actor) => (actors(actor), void (exchange.actor = json(actor))),
    },
    user: metadataOf(state),
  };
}

function messageProvider(state) {
  const end = (kind) => (reason) => (text(reason, 'reason'), void (state.notification ??= { kind, reason }));
  return { notification: { drop: end('drop'), retry: end('retry') } };
}

// What the methods of each trigger do; which of them there are is the table's to say.
const OFFERS = {
  'post-login': postLogin,
  'pre-user-registration': preUserRegistration,
  'post-user-registration': () => ({}),
  'credentials-exchange': credentialsExchange,
  'password-reset-post-challenge': passwordReset,
  'post-change-password': () => ({}),
  'send-phone-message': () => ({}),
  'custom-token-exchange': customTokenExchange,
  'event-stream': () => ({}),
  'custom-phone-provider': messageProvider,
  'custom-email-provider': messageProvider,
};

const bagOf = () => ({ metadata: {}, evicts_metadata: false, expires_at: null, idle_expires_at: null, revoked: null });

// The transaction before anything was asked for.
function untouched() {
  return {
    claims: { id_token: {}, access_token: {} }, app_metadata: {}, user_metadata: {}, transaction_metadata: {},
    scopes: { added: [], removed: [] }, target_scopes: null, session: { ...bagOf(), cookie_mode: null }, refresh_token: bagOf(),
    saml: {}, attributes: {}, steps: [], denied: null, redirect: null, form: null, primary_user: null, recorded_methods: [],
    exchange: { user: null, organization: null, actor: null, is_rejected: false }, result_url: null, notification: null,
  };
}

// Makes the `api` of one execution. `cache` outlives it; `result()` is plain JSON.
export function createApi({ event, handler = 'onExecutePostLogin', cache = createCache(), now = Date.now, transactionState = stateOf(event) }) {
  const trigger = HANDLERS[handler];
  demand(trigger !== undefined, `handler \`${handler}\` is unknown`);
  const state = untouched();
  const calls = [];
  const misuses = [];
  const members = {};
  const api = guarded('api', members, trigger, misuses);
  const offers = OFFERS[trigger](state, event, handler, { now, transactionState });
  for (const [group, names] of Object.entries(METHODS[trigger])) {
    if (group === 'cache') {
      members.cache = guarded('api.cache', Object.fromEntries(names.map((name) => [name, cache[name]])), trigger, misuses);
      continue;
    }
    const documented = names[0] === '*' ? Object.keys(offers[group]) : names;
    const recorded = documented.map((name) => {
      const method = offers[group]?.[name];
      demand(typeof method === 'function', `\`${group}.${name}\` is documented and does nothing here`);
      const call = (...args) => {
        const copy = JSON.parse(JSON.stringify(args));
        const value = method(...args);
        demand(calls.length < 1000, 'an execution makes at most 1000 calls here');
        calls.push({ call: `${group}.${name}`, args: copy });
        return value === undefined ? api : value;
      };
      return [name, call];
    });
    members[group] = guarded(`api.${group}`, Object.fromEntries(recorded), trigger, misuses);
  }
  const result = () => {
    const { steps, denied, ...asked } = state;
    return { ...asked, ...conclude(state, event, trigger), calls, misuses };
  };
  return { api, result };
}
