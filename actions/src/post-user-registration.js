'use strict';

const { CONFIG } = require('./config-report');
const { signUpFields, SIGN_UP_SHED } = require('./sign-up-fields');
const { reportOnly } = require('./report-only');

const SIGNED_UP = { trigger: 'post-user-registration', fields: signUpFields, shed: SIGN_UP_SHED };

// Runs beside the transaction, after a user of a database or passwordless connection was created.
exports.onExecutePostUserRegistration = async (event, api) => {
  await reportOnly(event, api, CONFIG, SIGNED_UP);
};
