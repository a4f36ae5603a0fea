import { Effect, Redacted } from "effect"
import { connect, nkeyAuthenticator } from "nats"
import { AgentId, ConsumerId } from "#domain/Ids.ts"
import { natsServer } from "../../../../test/servers/Nats.ts"
import { configuration, keyVariable } from "../Configuration.ts"
import { type Nkey, userOf } from "../Nkey.ts"
import type { Tuning } from "../Tuning.ts"
import { administrator as administratorAs, bothEnds, impatient } from "./JetStreamFixture.ts"

export const home = AgentId.make("home")
export const away = AgentId.make("far-away")
const billing = ConsumerId.make("billing")

const keyOf = (byte: number) => userOf(new Uint8Array(32).fill(byte))
export const keys = {
  gateway: keyOf(1),
  home: keyOf(2),
  away: keyOf(3),
  stranger: keyOf(4),
  administrator: keyOf(5),
  billing: keyOf(6)
}
export const env = {
  HOMING_NATS_LISTEN: "127.0.0.1:4222",
  [keyVariable("gateway")]: keys.gateway.publicKey,
  [keyVariable({ agent: home })]: keys.home.publicKey,
  [keyVariable({ agent: away })]: keys.away.publicKey,
  [keyVariable({ consumer: billing })]: keys.billing.publicKey
}

/** A user who may do anything where the streams are, whom no installation has: to look on. */
const withAdministrator = (text: string) =>
  text.replace(/(?<=^ {2}HOMING \{$[\s\S]*?users: \[\n)/m, `      { nkey: ${keys.administrator.publicKey} }\n`)

/** As it is shipped. */
export const shippedFor = (...agents: ReadonlyArray<AgentId>) =>
  withAdministrator(configuration({ agents, consumers: [billing], syncAlways: false }))
export const shipped = shippedFor(home, away)

/** The same users with the same permissions, all in the account where the streams are: as it was shipped once. */
export const oneAccount = (() => {
  const users = [...shipped.matchAll(/^ {6}\{\n {8}nkey: [\s\S]*?^ {6}\}$/gm)].map(([user]) => user)
  const account = `    jetstream: enabled\n    users: [\n${users.join("\n")}\n    ]\n`
  const [before = ""] = shipped.split(/^accounts/m)
  return withAdministrator(`${before}accounts {\n  HOMING {\n${account}  }\n  SYS {}\n}\nsystem_account: SYS\n`)
})()

export const custodian = (config = shipped) => natsServer({ config, env })

export const proofOf = ({ seed }: Nkey) => nkeyAuthenticator(new TextEncoder().encode(seed))

/** As the user of this key, by hand. */
export const as = (url: string, key: Nkey | undefined, inboxPrefix?: string) =>
  Effect.acquireRelease(
    Effect.tryPromise(() =>
      connect({
        servers: url,
        reconnect: false,
        ...(inboxPrefix !== undefined && { inboxPrefix }),
        ...(key && { authenticator: proofOf(key) })
      })
    ),
    (nc) => Effect.promise(() => nc.close())
  )

export const administrator = (url: string) => administratorAs(url, { authenticator: proofOf(keys.administrator) })

/** Gateway and agent, each as its own user. */
export const busOf = (url: string, agent: AgentId = home, tuning: Partial<Tuning> = impatient) =>
  bothEnds(url, {
    agent,
    gatewaySeed: Redacted.make(keys.gateway.seed),
    agentSeed: Redacted.make((agent === home ? keys.home : keys.away).seed),
    tuning
  })

/** What an agent's user may neither publish on nor have an answer sent to: every verb of the servers' API among it. */
export const forbiddenToAgents = [
  "homing.commands.home",
  "homing.commands.far-away",
  "homing.reports.far-away",
  "$JS.API.CONSUMER.MSG.NEXT.CMD_far-away.agent",
  "$JS.API.CONSUMER.MSG.NEXT.EVT_home.gateway",
  "$JS.API.CONSUMER.MSG.NEXT.DEAD.gateway",
  "$JS.API.CONSUMER.INFO.CMD_far-away.agent",
  "$JS.API.CONSUMER.INFO.EVT_home.gateway",
  "$JS.ACK.CMD_far-away.agent.1.1.1.1.0",
  "$JS.ACK.EVT_home.gateway.1.1.1.1.0",
  "$JS.API.CONSUMER.CREATE.CMD_home",
  "$JS.API.CONSUMER.CREATE.CMD_home.agent",
  "$JS.API.CONSUMER.CREATE.EVT_home.spy",
  "$JS.API.CONSUMER.DURABLE.CREATE.CMD_home.agent",
  "$JS.API.CONSUMER.DELETE.CMD_home.agent",
  "$JS.API.CONSUMER.LIST.CMD_home",
  "$JS.API.CONSUMER.NAMES.CMD_home",
  "$JS.API.STREAM.CREATE.MINE",
  "$JS.API.STREAM.UPDATE.CMD_home",
  "$JS.API.STREAM.DELETE.CMD_home",
  "$JS.API.STREAM.PURGE.CMD_home",
  "$JS.API.STREAM.INFO.CMD_home",
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.MSG.GET.CMD_home",
  "$JS.API.STREAM.MSG.DELETE.CMD_home",
  "$JS.API.STREAM.SNAPSHOT.CMD_home",
  "$JS.API.STREAM.RESTORE.CMD_home",
  "$JS.API.DIRECT.GET.EVT_home",
  "$JS.API.INFO",
  "$JS.API.SERVER.REMOVE",
  "$SYS.REQ.SERVER.PING",
  "_INBOX_gateway.reply",
  "_INBOX_agent_far-away.reply",
  "$JS.API.ACCOUNT.PURGE.HOMING",
  "$JS.API.ACCOUNT.STREAM.MOVE.HOMING.CMD_far-away",
  "$JS.API.CONSUMER.CREATE.CMD_far-away.agent.homing.commands.far-away",
  "$JS.API.CONSUMER.LEADER.STEPDOWN.CMD_far-away.agent",
  "$JS.API.CONSUMER.PAUSE.CMD_far-away.agent",
  "$JS.API.CONSUMER.UNPIN.CMD_far-away.agent",
  "$JS.API.META.LEADER.STEPDOWN",
  "$JS.API.STREAM.DELETE.EVT_far-away",
  "$JS.API.STREAM.LEADER.STEPDOWN.CMD_far-away",
  "$JS.API.STREAM.PEER.REMOVE.CMD_far-away",
  "$JS.API.STREAM.PURGE.DEAD",
  "$JS.API.STREAM.PURGE.EVT_far-away",
  "$JS.API.STREAM.TEMPLATE.CREATE.MINE",
  "$JS.API.STREAM.TEMPLATE.DELETE.MINE",
  "$JS.API.STREAM.TEMPLATE.INFO.MINE",
  "$JS.API.STREAM.TEMPLATE.NAMES",
  "$JS.API.STREAM.TEMPLATES",
  "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.CMD_home.agent",
  "$JS.FC.CMD_home.agent.1",
  "$JS.SNAPSHOT.ACK.CMD_home.1",
  "$JS.SNAPSHOT.RESTORE.CMD_home.1",
  "$SYS.ACCOUNT.HOMING.CONNECT",
  "$SYS.REQ.ACCOUNT.HOMING.CONNZ"
]

/** What of the stream that it reads a service may not do: above all make a consumer, which delivers where its maker says. */
export const forbiddenToConsumers = [
  "homing.events.default.message.sent",
  "homing.reports.home",
  "$JS.API.CONSUMER.CREATE.EVENTS",
  "$JS.API.CONSUMER.CREATE.EVENTS.billing",
  "$JS.API.CONSUMER.CREATE.EVENTS.billing.homing.events.default.message.sent",
  "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.billing",
  "$JS.API.CONSUMER.DELETE.EVENTS.billing",
  "$JS.API.CONSUMER.INFO.EVENTS.other",
  "$JS.API.CONSUMER.MSG.NEXT.EVENTS.other",
  "$JS.ACK.EVENTS.other.1.1.1.1.0",
  "$JS.API.STREAM.INFO.EVENTS",
  "$JS.API.STREAM.PURGE.EVENTS",
  "$JS.API.STREAM.DELETE.EVENTS",
  "$JS.API.STREAM.UPDATE.EVENTS",
  "$JS.API.STREAM.MSG.GET.EVENTS",
  "$JS.API.STREAM.MSG.DELETE.EVENTS",
  "$JS.API.DIRECT.GET.EVENTS"
]
