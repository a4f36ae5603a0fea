import { optional, parsed, setting, whole } from "../Setting.ts"
import { callingCodeOf } from "./CallingCodes.ts"
import { trustOf } from "./ClientAddress.ts"
import { originsOf } from "./Cors.ts"

/** How requests are read, and whose pages may send them. */
export const settings = {
  phoneCountryCode: optional(
    "PHONE_COUNTRY_CODE",
    parsed(callingCodeOf),
    "the calling code of a country, such as 60",
    "The country of phone numbers written without one. Without it, numbers begin with + or 00; with it, digits that are a full number as well are refused without a +."
  ),
  corsOrigins: optional(
    "CORS_ORIGINS",
    parsed(originsOf),
    "origins such as https://shop.example, separated by commas, or *",
    "Whose pages may call the API from a browser."
  ),
  trustProxy: optional(
    "TRUST_PROXY",
    parsed(trustOf),
    "how many proxies, or their addresses and networks such as 10.0.0.0/8, separated by commas",
    "The proxies before the gateway whose X-Forwarded-For is believed. Without it the connection's own address counts."
  )
}

const perMinute = (variable: string, fallback: string, meaning: string) =>
  setting(variable, fallback, whole(0, 10_000_000), "requests a minute, or 0 for no limit", meaning)

/** Requests a minute, as many of them at once. */
export const rateLimits = {
  messages: perMinute("RATE_LIMIT_MESSAGES", "3000", "Requests of one key to the messages; as many at once."),
  devices: perMinute("RATE_LIMIT_DEVICES", "600", "Requests of one key to the devices; as many at once."),
  device: perMinute(
    "RATE_LIMIT_SENDS_PER_DEVICE",
    "600",
    "Requests to send from one device, by whomever. WhatsApp restricts accounts at far less: set what yours can bear."
  ),
  address: perMinute("RATE_LIMIT_ADDRESS", "6000", "Requests from one IPv4 address or IPv6 /64, to one process."),
  total: perMinute("RATE_LIMIT_TOTAL", "60000", "Requests of everybody to one process.")
}
