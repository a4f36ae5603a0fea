import { Redacted } from "effect"
import { matching, optional, parsed, setting, type Values } from "../Setting.ts"

const endpointOf = (text: string): URL | undefined => {
  if (!/^https?:\/\//.test(text) || text.length > 2_048 || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isBare = url.username === "" && url.password === "" && url.search === "" && url.hash === ""
  return isBare ? url : undefined
}

const isName = (name: string) => /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name)
const isValue = (value: string) => /^[\x20-\x7e]{0,4096}$/.test(value)

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}

/** As the standard has it: `name=value`, separated by commas, with escapes as in addresses. */
const headersOf = (text: string): Redacted.Redacted<Readonly<Record<string, string>>> | undefined => {
  const headers: Record<string, string> = {}
  for (const part of text.split(",")) {
    const [name = "", ...rest] = part.split("=")
    const [key, value] = [decoded(name)?.toLowerCase(), decoded(rest.join("="))]
    if (rest.length === 0 || key === undefined || value === undefined || !isName(key) || !isValue(value))
      return undefined
    headers[key] = value
  }
  return Redacted.make(headers)
}

const shareOf = (text: string): number | undefined =>
  /^(0|1|0?\.\d{1,9}|1\.0+)$/.test(text) ? Number(text) : undefined

export const settings = {
  endpoint: optional(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    parsed(endpointOf),
    "an address beginning with http:// or https://, without a user, a query or a fragment",
    "The collector that traces are sent to, by OTLP over HTTP, as JSON at /v1/traces. Without it no traces are made."
  ),
  headers: optional(
    "OTEL_EXPORTER_OTLP_HEADERS",
    parsed(headersOf),
    "name=value, separated by commas",
    "What is said to the collector with every request, a key say. It is never shown."
  ),
  service: optional(
    "OTEL_SERVICE_NAME",
    matching(/^[\w.:/@-]{1,128}$/),
    "1 to 128 of letters, digits and ._:/@-",
    "The name under which traces come from this process. Without it: homing, and homing-agent for an agent of its own."
  ),
  share: setting(
    "OTEL_TRACES_SAMPLER_ARG",
    "1",
    parsed(shareOf),
    "a number from 0 to 1",
    "Of the requests that bring no trace along, which share begins one. The word of one that does is kept."
  )
}
export type TraceSettings = Values<typeof settings>
