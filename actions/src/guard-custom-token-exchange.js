'use strict';

const { CONFIG } = require('./config-guard-custom-token-exchange');
const { isAllowed } = require('./values');
const { words, IDENTIFIER, SCOPES, NAMED, CLIENT, REQUEST } = require('./request');
const { denialText } = require('./plain');
const { runGuard, GUARD_REFUSED } = require('./guard');

const EXCHANGE_ERROR = /^[a-z_]{1,64}$/;

const EXCHANGE = {
  trigger: 'custom-token-exchange',
  // The allow-list: what is not named here is never sent. Of the tokens their types and nothing else.
  fields: {
    tenant: { id: IDENTIFIER },
    request: REQUEST,
    client: CLIENT,
    organization: NAMED,
    resource_server: { identifier: words(512) },
    transaction: {
      requested_scopes: SCOPES,
      requested_token_type: words(256),
      subject_token_type: words(256),
      actor_token_type: words(256),
    },
  },
  shed: [['transaction', 'requested_scopes']],
  effects: { 'access.deny': { rank: 3, ceiling: 'refuse', make: makeExchangeRefusal, isDenial: true } },
};

// An OAuth error code is short and of lower-case letters; any other becomes `invalid_request`.
function makeExchangeRefusal([code, reason], { api }) {
  const sound = typeof code === 'string' && EXCHANGE_ERROR.test(code) ? code : 'invalid_request';
  return () => api.guard.refuse(sound, denialText(reason, GUARD_REFUSED));
}

// Says whether a token may be exchanged, and denies the exchange where it may not and the ceiling lets it.
exports.guard = async (event, api) =>
  runGuard(event, api, CONFIG, EXCHANGE, (code, reason) => {
    if (isAllowed(CONFIG, 'deny')) api.access.deny(code, reason);
  });
