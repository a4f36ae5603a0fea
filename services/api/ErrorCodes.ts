/** Every public code of a problem, with its HTTP status and a sentence that holds for every occurrence. */
export const errorCodes = {
  bad_request: [400, "The request cannot be read."],
  invalid_number: [422, "This is not a valid phone number."],
  address_refused: [422, "Nothing may be sent to this address."],
  invalid_request: [422, "A field of the request is not as the API describes it."],
  unauthorized: [401, "A valid API key is needed, as a bearer token or in X-API-Key."],
  forbidden: [403, "The API key may not do this."],
  csrf_refused: [
    403,
    "With a session's cookie this takes a page of the gateway's own: send an API key instead, or X-Homing-Request from that page."
  ],
  session_not_found: [404, "There is no such session."],
  not_found: [404, "There is nothing here."],
  dashboard_not_built: [404, "The dashboard's pages were not built in this installation."],
  message_not_found: [404, "There is no such message."],
  inbound_not_found: [404, "Nothing was heard under this id."],
  not_for_reading: [
    409,
    "Nobody is told that this was read: the account itself said it, or nobody has said it, or it cannot be read any more."
  ],
  reply_target_not_found: [404, "There is no message under the id in replyTo that can be replied to."],
  reply_in_another_chat: [422, "What replyTo names was said in another chat."],
  contact_not_found: [404, "There is no such contact."],
  not_home: [404, "This gateway is the home of no regions; ask the one that is."],
  chat_not_found: [404, "There is no such chat."],
  device_not_found: [404, "There is no such device."],
  qr_not_found: [
    404,
    "The device has no QR code to show now: it is linked, is linked by a typed code, or the next one is to come."
  ],
  endpoint_not_found: [404, "There is no such endpoint."],
  app_not_found: [404, "There is no such app of Meta."],
  target_not_found: [404, "There is no such target."],
  delivery_not_found: [404, "There is no such delivery."],
  erasure_not_found: [404, "There is no such erasure."],
  client_not_found: [404, "There is no such client."],
  key_not_found: [404, "There is no such key."],
  audit_entry_not_found: [404, "The audit tree has no such entry, proof or tile, or not yet under its newest head."],
  agent_not_found: [404, "There is no such agent."],
  method_not_allowed: [405, "This path does not answer to this method."],
  device_not_paired: [409, "The device is not linked to a WhatsApp account."],
  device_paired: [409, "The device is linked to a WhatsApp account; unlink it first."],
  too_many_endpoints: [409, "There are as many endpoints as there may be; remove one first."],
  too_many_targets: [409, "The app has as many targets as there may be; remove one first."],
  routes_changed: [409, "The routes were set anew since they were read: read them again."],
  target_name_taken: [409, "The app has another target of this name."],
  target_in_use: [409, "A route leads to this target; set the routes without it first."],
  target_signs_nothing: [409, "Nothing is signed for this target: its secret is its owner's to change."],
  device_pairing: [409, "The device is being paired: use its codes, or delete it."],
  device_unlinking: [409, "The device is being unlinked; try again when its agent has done that."],
  key_not_active: [409, "The API key was revoked or has expired; issue another one."],
  last_administrator: [
    409,
    "Without this key nobody could manage clients and keys; issue another key with the scope admin first, one that does not expire."
  ],
  key_in_use: [409, "This key signs; activate another one first."],
  key_revoked: [409, "This key was revoked; a revoked key never comes back."],
  agents_unaware: [409, "Not every agent has heard of this key yet; activated now, they would refuse it."],
  idempotency_conflict: [409, "The same idempotency key was used for other content."],
  audit_contradiction: [
    409,
    "The log is not the one whose tree head was signed; nothing more is signed until somebody has looked into it."
  ],
  request_timeout: [408, "The request did not arrive in time."],
  payload_too_large: [413, "The request body is too large."],
  unsupported_media_type: [415, "The request body must be application/json."],
  headers_too_large: [431, "The request's headers are too large."],
  rate_limited: [429, "Too many requests; try again later."],
  too_many_connections: [
    429,
    "Too many connections follow what happens; close those that are not read, or try again later."
  ],
  origin_refused: [403, "Pages of this origin may not connect."],
  queue_full: [429, "Too many messages are waiting; try again later."],
  too_many_waits: [
    503,
    "Too many requests wait; repeat with the same idempotency key, later or with a timeoutMs or waitMs of 0."
  ],
  internal: [500, "Something is wrong on our side."],
  home_unreachable: [503, "The home of regions does not answer; what this region has itself is here all the same."],
  home_refused: [502, "The home of regions does not let this region ask."],
  store_unavailable: [503, "The store does not answer; repeat the request with the same idempotency key."],
  database_unavailable: [503, "The database does not answer."],
  bus_unavailable: [503, "The bus to the agents does not answer."],
  no_signing_key: [503, "The gateway has no key that agents take."],
  clock_off: [503, "The gateway's clock is wrong; repeat the request with the same idempotency key."],
  starting: [503, "The gateway is starting; repeat the request with the same idempotency key."],
  out_of_date: [
    503,
    "The gateway has had no word of the log for some seconds; repeat the request with the same idempotency key."
  ],
  shutting_down: [503, "The gateway is shutting down; repeat the request with the same idempotency key."]
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ErrorCode = keyof typeof errorCodes
