import type { AgentId } from "#domain/Ids.ts"
import { maxEnvelopeBytes } from "#domain/wire/Envelope.ts"
import { agentPermissions, gatewayPermissions, type Permissions } from "./Permissions.ts"
import { defaults } from "./Tuning.ts"

export interface ConfigurationOptions {
  readonly agents: ReadonlyArray<AgentId>
  /** Servers from 2.10 on can; older ones do not start with the key. */
  readonly syncAlways: boolean
}

/** Its name is that of the folder in which the streams are kept: they stay when the rest changes. */
const gatewayAccount = "HOMING"

/** An agent has one connection, and some more while dead ones linger; on it an inbox, and one for each lane it hears. */
const limits = `max_connections: 8, max_subscriptions: 32, max_payload: ${maxEnvelopeBytes + 4_096}`

/** The variable that a user's public nkey is read from. */
export const keyVariable = (user: "gateway" | { readonly agent: AgentId }): string =>
  user === "gateway" ? "HOMING_GATEWAY_NKEY" : `HOMING_AGENT_${user.agent.toUpperCase().replaceAll("-", "_")}_NKEY`

/** An agent is in an account of its own: what it names as the place for an answer is a place in there. */
const accountOf = (agent: AgentId) => keyVariable({ agent }).replace(/_NKEY$/, "")

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

/** One request for commands is answered many times. */
const isStream = (subject: string) => subject.includes(".CONSUMER.MSG.NEXT.")

/** Where nobody listens. */
const nowhere = "homing.nowhere"

const exportsTo = (agent: AgentId) =>
  agentPermissions(agent).publish.map((subject) => {
    const response = isStream(subject) ? ", response_type: stream" : ""
    return `{ service: "${subject}", accounts: [${accountOf(agent)}]${response} }`
  })

/**
 * The last leads nowhere. A server that finds no import for it answers every request of the account for JetStream itself,
 * beside whom it is meant for: that there is none.
 */
const importsOf = (agent: AgentId) => [
  ...agentPermissions(agent).publish.map(
    (subject) => `{ service: { account: ${gatewayAccount}, subject: "${subject}" } }`
  ),
  `{ service: { account: ${gatewayAccount}, subject: "${nowhere}" }, to: "$JS.API.INFO" }`
]

const agentAccount = (agent: AgentId) => `\
  ${accountOf(agent)} {
    limits { ${limits} }
    imports: [
${lines("      ", importsOf(agent))}
    ]
${usersOf(keyVariable({ agent }), agentPermissions(agent))}
  }`

const gibibytes = (bytes: number) => Math.ceil(bytes / 1_073_741_824)

/** A nats-server's configuration for a gateway and its agents. Says everything that the shipped files say. */
export const configuration = ({ agents, syncAlways }: ConfigurationOptions): string => `\
# nats-server for Homing, ${syncAlways ? "2.10.23 and later" : "before 2.10, such as Debian 12's 2.9.10"}. Made by infra/bus/jetstream/Configuration.ts.
# The values that begin with $ come from the environment. docs/custody.md says what they are.

server_name: homing
listen: $HOMING_NATS_LISTEN            # such as "0.0.0.0:4222"; agents dial in, nothing else does

jetstream {
  store_dir: $HOMING_NATS_STORE        # a folder on a disk that nobody else reads
  max_file_store: ${2 * gibibytes(defaults.maxBytes) * Math.max(agents.length, 4)}GB                  # each agent's two streams reserve ${gibibytes(defaults.maxBytes)} GiB each
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
# The gateway and the streams are in one account, each agent in its own. Across goes what is exported and imported, and
# the server itself carries the answers back.
accounts {
  ${gatewayAccount} {
    jetstream: enabled
    exports: [
${lines("      ", [...agents.flatMap(exportsTo), `{ service: "${nowhere}", accounts: [${agents.map(accountOf).join(", ")}] }`])}
    ]
${usersOf(keyVariable("gateway"), gatewayPermissions)}
  }
${agents.map(agentAccount).join("\n")}
  SYS {}
}
system_account: SYS
`
