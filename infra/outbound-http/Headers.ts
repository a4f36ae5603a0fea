const name = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
const value = /^[\t\x20-\x7e\x80-\xff]*$/
/** They say where a request ends and to whom it goes. */
const ofConnection =
  /^(connection|content-length|expect|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i

export const areSendable = (headers: Readonly<Record<string, string>>): boolean =>
  Object.entries(headers).every(([n, v]) => name.test(n) && value.test(v) && !ofConnection.test(n))
