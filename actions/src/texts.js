'use strict';

// What a person may read. Neither says why: a reason coaches whoever tries again. The code is for applications. Signing out
// comes first because the same session, with its factors passed long ago, would be denied again.
const BLOCKED = 'This account is blocked. Please contact your administrator.';
const STEP_UP_REQUIRED =
  'step_up_required: additional verification is required; please sign out, then sign in again, or contact your administrator';

module.exports = { BLOCKED, STEP_UP_REQUIRED };
