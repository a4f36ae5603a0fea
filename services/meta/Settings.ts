import { Schema } from "effect"
import { matching, optional, parsed, setting, type Values, whole } from "../Setting.ts"
import { furtherApps } from "./Apps.ts"
import { sourcesOf } from "./SessionSources.ts"

const secret = (longest: number) => Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(longest)))

/** What Meta is told of this address, and what becomes of what it says there. Several names are those of others before it. */
export const settings = {
  verifyToken: optional(
    "META_WEBHOOK_VERIFY_TOKEN",
    secret(512),
    "at most 512 characters",
    "What Meta has to say when it subscribes at /webhooks/meta/whatsapp: the verify token of the app's configuration."
  ),
  appSecret: optional(
    "META_APP_SECRET",
    secret(512),
    "at most 512 characters",
    "The app's secret, with which Meta signs. Without it every webhook is refused."
  ),
  previousAppSecret: optional(
    "META_APP_SECRET_PREVIOUS",
    secret(512),
    "at most 512 characters",
    "The secret before it, which is still believed: set it while the secret is exchanged, and no longer."
  ),
  apps: optional(
    "META_APPS",
    Schema.RedactedFromValue(parsed(furtherApps)),
    '{"shop":{"secret":"…","verifyToken":"…"}}: names of 1 to 32 of a-z, 0-9 and -, each with a secret, perhaps a previousSecret, and a verifyToken',
    "Further apps of Meta, each at /webhooks/meta/whatsapp/ and its name."
  ),
  sessions: optional(
    "SESSION_SOURCES",
    Schema.RedactedFromValue(parsed(sourcesOf)),
    '{"wasender":{"secret":"…"}}: names as of META_APPS, each with a secret or an hmac, perhaps previous, header, and paths (docs/operations.md, Session sources)',
    "Gateways that speak for sessions instead of numbers of Meta's, each at /webhooks/sessions/ and its name."
  ),
  mode: optional(
    "META_MODE",
    Schema.Literals(["sync", "durable"]),
    "sync or durable",
    "What a 200 means. sync: every destination took it, and nothing is kept here; durable: it is on disk here. Without it: sync with WHATSAPP_FORWARD_DESTINATION_URL or WHATSAPP_FORWARD_ROUTE_MAP, else durable. Further apps are always durable."
  ),
  rawDays: setting(
    "META_RAW_RETENTION_DAYS",
    "14",
    whole(0, 365),
    "a number from 0 to 365",
    "For how many days a webhook's bytes are kept after they were taken apart. Then their key is destroyed."
  ),
  proxyId: optional(
    "PROXY_ID",
    matching(/^[A-Za-z0-9._-]{1,64}$/),
    "1 to 64 of letters, digits, ., _ and -",
    "What this gateway is called in the archive, beside what it took. Without it the name of its machine."
  ),
  certificateHeader: optional(
    "META_CLIENT_CERTIFICATE_HEADER",
    matching(/^[A-Za-z0-9-]{1,64}$/),
    "the name of a header",
    "Where a proxy of TRUST_PROXY writes the subject of the certificate that the caller showed, having checked it. Then only Meta's own is let in."
  ),
  healthToken: optional(
    "WEBHOOK_HEALTH_TOKEN",
    secret(512),
    "at most 512 characters",
    "What has to be said, as Bearer, to GET /api/webhooks/meta/whatsapp/health."
  ),
  destinationUrl: optional(
    "WHATSAPP_FORWARD_DESTINATION_URL",
    secret(2_048),
    "an address beginning with https://, or http:// where OUTBOUND_ALLOW says so",
    "Where webhooks go that no route is for. In durable it is taken as a target."
  ),
  destinationName: optional(
    "WHATSAPP_FORWARD_DESTINATION_NAME",
    Schema.String.check(Schema.isMaxLength(128)),
    "at most 128 characters",
    "What it is called: x-destination-name, and in the log. Without it: default."
  ),
  sharedSecret: optional(
    "WHATSAPP_GATEWAY_SHARED_SECRET",
    secret(512),
    "at most 512 characters",
    "What it is told as x-gateway-secret."
  ),
  routeMap: optional(
    "WHATSAPP_FORWARD_ROUTE_MAP",
    secret(65_536),
    'JSON such as {"messages":[{"name":"agent","url":"https://…","secret":"…"}]}',
    "Where webhooks with a change of these fields go instead. In durable they are taken as targets and routes."
  ),
  forwardTimeoutMs: setting(
    "WHATSAPP_FORWARD_TIMEOUT_MS",
    "3000",
    whole(100, 8_000),
    "milliseconds, 100 to 8000",
    "How long a destination may take. In sync Meta waits ten seconds for all of it."
  )
}
export type MetaSettings = Values<typeof settings>
