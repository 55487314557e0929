'use strict';

const { CONFIG } = require('./config-credentials-exchange');
const { dig, listOf, jsonBytes, attempt } = require('./values');
const { words, many, IDENTIFIER, NAME, NAMED, CLIENT, REQUEST } = require('./request');
const { claimOn } = require('./annotate');
const { plainVerdict, denialText } = require('./plain');
const { decide } = require('./decide');

// The codes that a token request may be refused with (Auth0, "credentials-exchange API object").
const TOKEN_ERRORS = ['invalid_scope', 'invalid_request', 'server_error'];
const TOKEN_REFUSED = 'token_refused: this request was refused; please contact the operator of this service';

function makeTokenDenial([code, reason], { api }) {
  const sound = TOKEN_ERRORS.includes(code) ? code : 'invalid_request';
  return () => api.access.deny(sound, denialText(reason, TOKEN_REFUSED));
}

// Auth0's bound of a scope, and bounds of ours on how many are told.
const MAX_SCOPE_BYTES = 280;
const MAX_SCOPES = 200;
const MAX_SCOPES_BYTES = 14 * 1024;
const GRANTED = many(words(MAX_SCOPE_BYTES), MAX_SCOPES, MAX_SCOPES_BYTES);

// Whether the service could see every scope that was asked for.
function isSeenWhole(event) {
  const scopes = listOf(dig(event, 'transaction', 'requested_scopes'));
  const isSeen = (scope) => typeof scope === 'string' && Buffer.byteLength(scope, 'utf8') <= MAX_SCOPE_BYTES;
  return scopes.length <= MAX_SCOPES && jsonBytes(scopes) <= MAX_SCOPES_BYTES && scopes.every(isSeen);
}

// Why only taking away: an answer can never widen a token. And where some scopes were cut from the request, taking away the
// ones that were seen does not do what was demanded.
function makeNarrower([scope], { event, api }) {
  // The characters of a scope by RFC 6749, section 3.3.
  if (typeof scope !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]{1,280}$/.test(scope) || !isSeenWhole(event)) return null;
  return () => api.transaction.removeTargetScope(scope);
}

function applyTokenFallback(event, api, config, cause) {
  const deny = () => api.access.deny('invalid_request', TOKEN_REFUSED);
  return plainVerdict(event, config, cause) === 'deny' && attempt(deny) ? 'deny' : 'allow';
}

const TOKEN_REQUEST = {
  trigger: 'credentials-exchange',
  // The allow-list: what is not named here is never sent. The body of the request holds the client's secret.
  fields: {
    tenant: { id: IDENTIFIER },
    request: REQUEST,
    client: CLIENT,
    organization: NAMED,
    resource_server: { identifier: words(512) },
    accessToken: { scope: GRANTED },
    transaction: { requested_scopes: GRANTED, target_scopes: GRANTED, correlation_id: words(128) },
    custom_domain: { domain: NAME },
  },
  shed: [
    ['transaction', 'target_scopes'],
    ['accessToken', 'scope'],
    ['transaction', 'requested_scopes'],
  ],
  effects: {
    'accessToken.setCustomClaim': { rank: 0, ceiling: 'claims', make: claimOn('accessToken') },
    'transaction.removeTargetScope': { rank: 2, ceiling: 'scopes', make: makeNarrower },
    'access.deny': { rank: 3, ceiling: 'deny', make: makeTokenDenial, isDenial: true },
  },
  harmless: { accessToken: 'setCustomClaim' },
  applyFallback: applyTokenFallback,
  onFault: (api, config) => applyTokenFallback({}, api, config, 'internal'),
};

// Runs in the client-credentials grant, before the token is issued.
exports.onExecuteCredentialsExchange = async (event, api) => {
  await decide(event, api, CONFIG, TOKEN_REQUEST);
};
