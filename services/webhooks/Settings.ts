import { Schema } from "effect"
import { optional, setting, whole } from "../Setting.ts"

const redacted = (longest: number) => Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(longest)))

/** One endpoint without a call to the API, as wa-gateway-go has it. */
export const settings = {
  url: optional(
    "WEBHOOK_URL",
    redacted(2_048),
    "an address beginning with https://, or http:// where OUTBOUND_ALLOW says so",
    "Makes an endpoint that is told what happens in the words of wa-gateway-go. It stays when this is unset, until it is removed."
  ),
  secret: optional(
    "WEBHOOK_SECRET",
    redacted(512),
    "at most 512 characters",
    "Signs what is sent to WEBHOOK_URL: X-Webhook-Signature. Without it nothing is signed."
  ),
  signature: setting(
    "WEBHOOK_SIGNATURE",
    "prefixed",
    Schema.Literals(["prefixed", "bare"]),
    "prefixed or bare",
    "How X-Webhook-Signature is written: with sha256= before the digits, as wa-gateway-go's README says, or bare, as the program itself sends it."
  ),
  timeoutMillis: setting(
    "WEBHOOK_TIMEOUT_MS",
    "5000",
    whole(100, 15_000),
    "100 to 15000",
    "How long an attempt at WEBHOOK_URL may take."
  )
}
