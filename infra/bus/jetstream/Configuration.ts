import type { AgentId } from "#domain/Ids.ts"
import { agentPermissions, gatewayPermissions, type Permissions } from "./Permissions.ts"
import { defaults } from "./Tuning.ts"

export interface ConfigurationOptions {
  readonly agents: ReadonlyArray<AgentId>
  /** Servers from 2.10 on can; older ones do not start with the key. */
  readonly syncAlways: boolean
}

/** The variable that a user's public nkey is read from. */
export const keyVariable = (user: "gateway" | { readonly agent: AgentId }): string =>
  user === "gateway" ? "HOMING_GATEWAY_NKEY" : `HOMING_AGENT_${user.agent.toUpperCase().replaceAll("-", "_")}_NKEY`

const list = (subjects: ReadonlyArray<string>) => subjects.map((subject) => `            "${subject}"`).join("\n")

const userOf = (variable: string, { publish, subscribe }: Permissions) => `\
      {
        nkey: $${variable}
        permissions {
          publish { allow: [
${list(publish)}
          ] }
          subscribe { allow: [
${list(subscribe)}
          ] }
        }
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
accounts {
  HOMING {
    jetstream: enabled
    users: [
${[userOf(keyVariable("gateway"), gatewayPermissions), ...agents.map((agent) => userOf(keyVariable({ agent }), agentPermissions(agent)))].join("\n")}
    ]
  }
  SYS {}
}
system_account: SYS
`
