'use strict';

const { CONFIG } = require('./config');
const { decidePostLogin, continuePostLogin } = require('./client');

// Runs after the first factor, before tokens are issued.
exports.onExecutePostLogin = async (event, api) => {
  await decidePostLogin(event, api, CONFIG);
};

// Runs when the user comes back from a challenge or a redirect that `onExecutePostLogin` asked for.
exports.onContinuePostLogin = async (event, api) => {
  await continuePostLogin(event, api, CONFIG);
};
