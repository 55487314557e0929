// The methods that the reference documents for each trigger, by their groups; `*` stands for all that a group has. Written by
// actions/test/surface.test.mjs from the reference, and what `api` is made from.
export const METHODS = {
  'post-login': {
    access: ['deny'],
    accessToken: ['setCustomClaim', 'addScope', 'removeScope'],
    idToken: ['setCustomClaim'],
    authentication: ['challengeWith', 'challengeWithAny', 'enrollWith', 'enrollWithAny', 'recordMethod', 'setPrimaryUser'],
    multifactor: ['enable'],
    redirect: ['canRedirect', 'encodeToken', 'sendUserTo', 'validateToken'],
    user: ['setAppMetadata', 'setUserMetadata'],
    transaction: ['setMetadata'],
    session: ['revoke', 'setExpiresAt', 'setIdleExpiresAt', 'setCookieMode', 'setMetadata', 'deleteMetadata', 'evictMetadata'],
    refreshToken: ['revoke', 'setExpiresAt', 'setIdleExpiresAt', 'setMetadata', 'deleteMetadata', 'evictMetadata'],
    prompt: ['render'],
    groups: ['getUserGroups', 'hasGroupMembership'],
    roles: ['getUserEffectiveRoles', 'getUserEffectiveRolesByIds', 'getUserEffectiveRolesByNames'],
    validation: ['error'],
    samlResponse: ['*'],
    rules: ['wasExecuted'],
    cache: ['get', 'set', 'delete'],
  },
  'pre-user-registration': {
    access: ['deny'],
    validation: ['error'],
    user: ['setAppMetadata', 'setUserMetadata'],
    cache: ['get', 'set', 'delete'],
  },
  'post-user-registration': {
    cache: ['get', 'set', 'delete'],
  },
  'post-change-password': {
    cache: ['get', 'set', 'delete'],
  },
  'send-phone-message': {
    cache: ['get', 'set', 'delete'],
  },
  'event-stream': {
    cache: ['get', 'set', 'delete'],
  },
  'credentials-exchange': {
    access: ['deny'],
    accessToken: ['setCustomClaim'],
    transaction: ['addTargetScope', 'removeTargetScope', 'setTargetScopes', 'clearTargetScopes'],
    cache: ['get', 'set', 'delete'],
  },
  'password-reset-post-challenge': {
    access: ['deny'],
    authentication: ['challengeWith', 'challengeWithAny'],
    redirect: ['encodeToken', 'sendUserTo', 'validateToken'],
    prompt: ['render'],
    transaction: ['setResultUrl'],
    cache: ['get', 'set', 'delete'],
  },
  'custom-token-exchange': {
    access: ['deny', 'rejectInvalidSubjectToken'],
    authentication: ['setUserById', 'setUserByConnection', 'setOrganization', 'setActor'],
    user: ['setAppMetadata', 'setUserMetadata'],
    cache: ['get', 'set', 'delete'],
  },
  'custom-phone-provider': {
    notification: ['drop', 'retry'],
    cache: ['get', 'set', 'delete'],
  },
  'custom-email-provider': {
    notification: ['drop', 'retry'],
    cache: ['get', 'set', 'delete'],
  },
};
