/** What Meta, or whoever calls in its place, is answered: a status and a few words. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const json = { "content-type": "application/json" }
const said = (status: number, words: object, more: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { ...json, ...more },
  body: JSON.stringify(words)
})
const refused = (status: number, error: string, more?: Readonly<Record<string, string>>) =>
  said(status, { error }, more)

/** Nothing but a 200 is taken for success by Meta: after everything else it comes again, for seven days. */
export const taken = said(200, { ok: true })
export const healthy = said(200, { ok: true, service: "meta-whatsapp-webhook-gateway" })

export const verificationFailed = refused(403, "verification_failed")
export const certificateRequired = refused(403, "client_certificate_required")
export const unauthorized = refused(401, "unauthorized", { "www-authenticate": "Bearer" })
export const invalidSignature = refused(401, "invalid_signature")
export const rateLimited = refused(429, "rate_limited", { "retry-after": "60" })
export const invalidJson = refused(400, "invalid_json")
export const unsupportedObject = refused(422, "unsupported_object")
export const sessionMissing = refused(422, "session_missing")
export const payloadTooLarge = refused(413, "payload_too_large", { connection: "close" })
export const requestTimeout = refused(408, "request_timeout", { connection: "close" })
export const methodNotAllowed = refused(405, "method_not_allowed", { allow: "GET, POST" })
export const onlyPosted = refused(405, "method_not_allowed", { allow: "POST" })
export const notFound = refused(404, "not_found")
export const destinationNotConfigured = refused(500, "destination_not_configured")
export const downstreamUnavailable = refused(502, "downstream_unavailable")
/** A `what` that is not there, or too much at once. Nothing is lost by it. */
export const unavailable = (what: string) => refused(503, what, { "retry-after": "1" })

/** As it came, and never as a page. */
export const echoed = (challenge: string): Answer => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: challenge
})
