import type { AgentId, ConsumerId } from "#domain/Ids.ts"
import { maxEnvelopeBytes } from "#domain/wire/Envelope.ts"
import type { User } from "./Names.ts"
import { agentPermissions, consumerPermissions, gatewayPermissions, type Permissions } from "./Permissions.ts"
import { defaults } from "./Tuning.ts"

export interface ConfigurationOptions {
  readonly agents: ReadonlyArray<AgentId>
  /** Other services, which read what happens. */
  readonly consumers?: ReadonlyArray<ConsumerId>
  /** Servers from 2.10 on can; older ones do not start with the key. */
  readonly syncAlways: boolean
}

/** Its name is that of the folder in which the streams are kept: they stay when the rest changes. */
const gatewayAccount = "HOMING"

/** Whoever is no gateway has one connection, and some more while dead ones linger; on it an inbox, and one for each lane it hears. */
const limits = `max_connections: 8, max_subscriptions: 32, max_payload: ${maxEnvelopeBytes + 4_096}`

/** The variable that a user's public nkey is read from. */
export const keyVariable = (user: User): string => {
  if (user === "gateway") return "HOMING_GATEWAY_NKEY"
  const [kind, id] = "agent" in user ? ["AGENT", user.agent] : ["CONSUMER", user.consumer]
  return `HOMING_${kind}_${id.toUpperCase().replaceAll("-", "_")}_NKEY`
}

/** Somebody whom the server lets in, and who is not the gateway. */
interface Guest {
  readonly variable: string
  /** Of its own: what it names as the place for an answer is a place in there. */
  readonly account: string
  readonly permissions: Permissions
}

const guest = (user: Exclude<User, "gateway">): Guest => {
  const variable = keyVariable(user)
  const permissions = "agent" in user ? agentPermissions(user.agent) : consumerPermissions(user.consumer)
  return { variable, account: variable.replace(/_NKEY$/, ""), permissions }
}

const lines = (indent: string, items: ReadonlyArray<string>) => items.map((item) => indent + item).join("\n")

const usersOf = (variable: string, { publish, subscribe }: Permissions) => `\
    users: [
      {
        nkey: $${variable}
        permissions {
          publish { allow: [
${lines("            ", publish.map(quoted))}
          ] }
          subscribe { allow: [
${lines("            ", subscribe.map(quoted))}
          ] }
        }
      }
    ]`

const quoted = (subject: string) => `"${subject}"`

/** One request is answered many times. */
const isStream = (subject: string) => subject.includes(".CONSUMER.MSG.NEXT.")

/** Where nobody listens. */
const nowhere = "homing.nowhere"

const exportsTo = ({ account, permissions }: Guest) =>
  permissions.publish.map((subject) => {
    const response = isStream(subject) ? ", response_type: stream" : ""
    return `{ service: "${subject}", accounts: [${account}]${response} }`
  })

/**
 * The last leads nowhere. A server that finds no import for it answers every request of the account for JetStream itself,
 * beside whom it is meant for: that there is none.
 */
const importsOf = ({ permissions }: Guest) => [
  ...permissions.publish.map((subject) => `{ service: { account: ${gatewayAccount}, subject: "${subject}" } }`),
  `{ service: { account: ${gatewayAccount}, subject: "${nowhere}" }, to: "$JS.API.INFO" }`
]

const accountOf = (one: Guest) => `\
  ${one.account} {
    limits { ${limits} }
    imports: [
${lines("      ", importsOf(one))}
    ]
${usersOf(one.variable, one.permissions)}
  }`

const gibibytes = (bytes: number) => Math.ceil(bytes / 1_073_741_824)

/** Of each agent two streams, and one of events. */
const reserved = (agents: number) => gibibytes(defaults.maxBytes) * (2 * Math.max(agents, 4) + 1)

/** A nats-server's configuration for a gateway, its agents and who reads its events. Says everything that the shipped files say. */
export const configuration = ({ agents, consumers = [], syncAlways }: ConfigurationOptions): string => {
  const guests = [...agents.map((agent) => guest({ agent })), ...consumers.map((consumer) => guest({ consumer }))]
  const nobody = `{ service: "${nowhere}", accounts: [${guests.map(({ account }) => account).join(", ")}] }`
  return `\
# nats-server for Homing, ${syncAlways ? "2.10.23 and later" : "before 2.10, such as Debian 12's 2.9.10"}. Made by infra/bus/jetstream/Configuration.ts.
# The values that begin with $ come from the environment. docs/custody.md says what they are.

server_name: homing
listen: $HOMING_NATS_LISTEN            # such as "0.0.0.0:4222"; agents dial in, nothing else does

jetstream {
  store_dir: $HOMING_NATS_STORE        # a folder on a disk that nobody else reads
  max_file_store: ${reserved(agents.length)}GB                  # each agent's two streams and the events reserve ${gibibytes(defaults.maxBytes)} GiB each
${
  syncAlways
    ? "  sync_interval: always                # an envelope is on the disk before the publisher hears that it is stored"
    : "  # This server writes at once and syncs to disk every 2 minutes; it can be told nothing else. What a power loss\n  # takes is issued again from the log."
}
}

# Without this whoever is between the two reads who talks to whom, and when. Certificates of your own are best: pin their
# authority on both sides. Then give the addresses as tls://.
# tls {
#   cert_file: $HOMING_NATS_CERT
#   key_file: $HOMING_NATS_KEY
# }

# Users prove a key; there is no password and nobody is let in without. No websocket, leafnode or cluster listener, no
# no_auth_user: each has let strangers in before.
# The gateway and the streams are in one account, everybody else in one of their own. Across goes what is exported and imported, and
# the server itself carries the answers back.
accounts {
  ${gatewayAccount} {
    jetstream: enabled
    exports: [
${lines("      ", [...guests.flatMap(exportsTo), nobody])}
    ]
${usersOf(keyVariable("gateway"), gatewayPermissions)}
  }
${guests.map(accountOf).join("\n")}
  SYS {}
}
system_account: SYS
`
}
