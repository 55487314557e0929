'use strict';

const { CONFIG } = require('./config-report');
const { words, IDENTIFIER, EMAIL, NAME, TIME, FLAG, CONNECTION, REQUEST } = require('./request');
const { reportOnly } = require('./report-only');

const CHANGED = {
  trigger: 'post-change-password',
  // The allow-list: what is not named here is never sent.
  fields: {
    tenant: { id: IDENTIFIER },
    request: REQUEST,
    connection: CONNECTION,
    transaction: { id: IDENTIFIER, correlation_id: words(128) },
    user: { user_id: IDENTIFIER, email: EMAIL, email_verified: FLAG, last_password_reset: TIME },
    custom_domain: { domain: NAME },
  },
  shed: [],
};

// Runs beside the transaction, after a password was changed or reset.
exports.onExecutePostChangePassword = async (event, api) => {
  await reportOnly(event, api, CONFIG, CHANGED);
};
