'use strict';

const { CONFIG } = require('./config');
const { decidePostLogin, reportOutcome } = require('./client');

// Runs after the first factor, before tokens are issued.
exports.onExecutePostLogin = async (event, api) => {
  await decidePostLogin(event, api, CONFIG);
};

// Runs when the user comes back from a challenge that `onExecutePostLogin` asked for.
exports.onContinuePostLogin = async (event) => {
  await reportOutcome(event, CONFIG);
};
