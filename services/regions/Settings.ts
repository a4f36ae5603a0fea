import { Schema } from "effect"
import { matching, optional, type Values } from "../Setting.ts"

/** Where a region asks its home. */
export const settings = {
  homeUrl: optional(
    "REGION_HOME_URL",
    matching(/^https?:\/\/[^\s?#@]{1,2000}$/),
    "an address beginning with https://, or http:// where OUTBOUND_ALLOW says so",
    "Where the home of this region answers: it is asked for conversations with from=home."
  ),
  homeKey: optional(
    "REGION_HOME_KEY",
    Schema.RedactedFromValue(matching(/^[\x21-\x7e]{1,512}$/)),
    "at most 512 characters without spaces",
    "The API key by which the home is asked. There it needs conversations:read, and nothing else."
  )
}
export type RegionsSettings = Values<typeof settings>
