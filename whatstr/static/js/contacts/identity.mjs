// The twin of whatstr/vault/identity.py.

const USER_ID = /^[A-Z]{2}\.[A-Za-z0-9]{1,128}$/u;

/** Meta's user id of somebody who hides the number behind a user name, such as `TR.1A2b3C`. */
export const isUserId = (text) => USER_ID.test(text);
