import { Schema } from "effect"
import { AgentId, ConsumerId } from "#domain/Ids.ts"
import { matching, optional, parsed, setting, type Values, whole } from "../Setting.ts"
import { allowancesOf } from "./Allowances.ts"
import { archive, unarchived } from "./ArchiveSettings.ts"
import { regions } from "./RegionSettings.ts"
import { roles } from "./Role.ts"

const firstDevices = ["qr", "none"] as const

/** What a process is, and where it keeps what is served from no address. */
export const process = {
  role: optional(
    "ROLE",
    Schema.Literals(roles),
    roles.join(" or "),
    "What `homing start` runs: the gateway with an agent in the same process, or the gateway alone. Without it: gateway with NATS_URL, else embedded."
  ),
  dataDirectory: setting("DATA_DIR", "./data", Schema.NonEmptyString, "a directory", "Where everything is kept."),
  agent: setting("AGENT_ID", "home", AgentId, "1 to 32 of a-z, 0-9 and -", "The agent that holds WhatsApp."),
  firstDevice: optional(
    "FIRST_DEVICE",
    Schema.Literals(firstDevices),
    firstDevices.join(" or "),
    "Whether the first start offers a code for the phone to scan. Without it: qr, and none where an app of Meta's is configured."
  )
}

/** May hold a password: it is never shown. */
const address = (variable: string, start: RegExp, expected: string, meaning: string) =>
  optional(
    variable,
    Schema.RedactedFromValue(matching(start).check(Schema.isMaxLength(2_048), Schema.isPattern(/^\S+$/))),
    expected,
    meaning
  )

const isConsumerId = Schema.is(ConsumerId)
const consumersOf = (text: string) => {
  const names = text.split(",").flatMap((name) => name.trim() || [])
  return names.every(isConsumerId) ? [...new Set(names)] : undefined
}

/** What serves a port instead of a file, where there is an address; what is told there, and where others may lead. */
export const addresses = {
  eventStoreUrl: address(
    "EVENTSTORE_URL",
    /^(esdb|kurrentdb)(\+discover)?:\/\//,
    "an address beginning with esdb://",
    "An EventStoreDB for the log, instead of a file."
  ),
  natsUrl: address(
    "NATS_URL",
    /^(nats|tls):\/\//,
    "an address beginning with nats:// or tls://",
    "A NATS server with JetStream between gateway and agent, which then are processes of their own."
  ),
  natsCaFile: optional(
    "NATS_CA_FILE",
    Schema.NonEmptyString,
    "a PEM file",
    "The authority that NATS's certificate is checked against, instead of the public ones."
  ),
  databaseUrl: address(
    "DATABASE_URL",
    /^postgres(ql)?:\/\//,
    "an address beginning with postgres://",
    "A PostgreSQL for views, subject keys and leases, instead of files."
  ),
  outboundAllow: optional(
    "OUTBOUND_ALLOW",
    parsed(allowancesOf),
    "loopback, private, public, addresses and networks such as 10.1.0.0/16, each with a port such as :8080 if only that, separated by commas",
    "Where configured addresses may lead besides the public internet by https at the ports 443 and 8443. What is allowed here may be http, at any port."
  ),
  eventsMaxBytes: setting(
    "EVENTS_STREAM_MAX_BYTES",
    "1073741824",
    whole(0, 1_099_511_627_776),
    "a number from 0 to 1099511627776",
    "How many bytes of events are kept on NATS for other services; the oldest go first. 0: none are published."
  ),
  eventsMaxAgeDays: setting(
    "EVENTS_STREAM_MAX_AGE_DAYS",
    "7",
    whole(1, 365),
    "a number from 1 to 365",
    "For how many days events are kept on NATS."
  ),
  eventsConsumers: optional(
    "EVENTS_CONSUMERS",
    parsed(consumersOf),
    "names of 1 to 32 of a-z, 0-9 and -, separated by commas",
    "The services that read events on NATS: each gets a durable consumer of its name."
  ),
  ...regions,
  ...archive
}
export type Addresses = Values<typeof addresses>

/** No server at all: one folder, one process. */
export const nowhere: Addresses = {
  eventStoreUrl: undefined,
  natsUrl: undefined,
  natsCaFile: undefined,
  databaseUrl: undefined,
  outboundAllow: undefined,
  eventsMaxBytes: 1_073_741_824,
  eventsMaxAgeDays: 7,
  eventsConsumers: undefined,
  regions: undefined,
  ...unarchived
}
