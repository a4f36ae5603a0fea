import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import * as Agent from "#mac-agent/Agent.ts"
import { agentKeeps, ledger } from "#mac-agent/Layers.ts"
import { ownKeys } from "#mac-agent/link/OwnKeys.ts"
import * as Trust from "#mac-agent/link/Trust.ts"
import type { SenderOptions } from "#mac-agent/sending/Sender.ts"
import { Identity, layer as identityLayer } from "../identity/Identity.ts"
import { Adopting } from "../identity/Installation.ts"
import * as OlderLog from "../identity/OlderLog.ts"
import * as OwnKeys from "../identity/OwnKeys.ts"
import { provenance } from "../identity/Pepper.ts"
import { Needs } from "../runtime/Needs.ts"
import { Stop } from "../runtime/Stop.ts"
import { custody, database, ports, sharedLog } from "./Adapters.ts"
import { type GatewayOptions, gateway } from "./Gateway.ts"
import { type Addresses, nowhere } from "./Settings.ts"

/** What one process stands on: a folder, and the addresses there are; by default SQLite files and no server. */
export const embedded = (folder: string, addresses = nowhere) =>
  Layer.merge(ports(folder, addresses), ledger(folder)).pipe(Layer.provideMerge(custody(folder, addresses, agentKeeps)))

/** What a gateway stands on whose agents are processes of their own. */
export const apart = (folder: string, addresses: Addresses) =>
  ports(folder, addresses).pipe(Layer.provideMerge(custody(folder, addresses)))

/**
 * The agent in the gateway's own process: keys of its own, enrolled here, over the same signed envelopes. It drains when
 * the door is closed, in what that left of the time.
 */
export const agent = (name: AgentId, options: SenderOptions = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const identity = yield* Identity
      const { remainingMillis } = yield* Stop
      const needs = yield* Needs
      needs.add({ ready: (yield* Ledger).ready, warning: "agent_ledger" })
      const keys = yield* ownKeys(1)
      const pin = yield* identity.enrol({ agent: name, ...keys[0]!.public, protocol: (yield* SpokenVersions).newest })
      const trust = Layer.effect(
        Trust.Trust,
        Trust.make(keys, pin, () => Effect.void) // enrolled again at every start
      )
      return Agent.layer({ drainMillis: remainingMillis, ...options }).pipe(
        Layer.provide(OlderLog.ledger),
        Layer.provide(trust)
      )
    })
  )

/** Gateway and agent in one process, over ports that are still to be given. */
export const both = <E, R>(options: GatewayOptions, session: Layer.Layer<WhatsApp, E, R>, sender: SenderOptions = {}) =>
  gateway(options, agent(options.agent, sender).pipe(Layer.provide(session)))

/** The same, on one folder and the addresses there are. */
export const together = <E, R>(
  folder: string,
  options: GatewayOptions,
  session: Layer.Layer<WhatsApp, E, R>,
  addresses = nowhere,
  sender: SenderOptions = {}
) => both(options, session, sender).pipe(Layer.provideMerge(embedded(folder, addresses)))

/** The gateway alone, over the addresses and, where there is none, the folder. Its agents are processes of their own. */
export const alone = (folder: string, addresses: Addresses, options: GatewayOptions) =>
  gateway(options).pipe(Layer.provideMerge(apart(folder, addresses)))

const logIdentity = (folder: string, addresses: Addresses, region: string) =>
  identityLayer.pipe(Layer.provide(provenance(region)), Layer.provideMerge(sharedLog(folder, addresses)))

/** Who the log is, and nothing else: for what is done while no gateway runs. */
export const identity = (folder: string, addresses: Addresses, region: string) =>
  logIdentity(folder, addresses, region).pipe(Layer.provide(custody(folder, addresses)))

/** What of an agent is in the folder is adopted with the rest. */
const agentIn = (folder: string) => (existsSync(join(folder, agentKeeps.files[0])) ? agentKeeps : undefined)

/** The same, with the subject keys that are there, which become the log's. */
export const adoption = (folder: string, addresses: Addresses, region: string) =>
  OwnKeys.layer.pipe(
    Layer.provide([database(folder, addresses)]),
    Layer.provideMerge(logIdentity(folder, addresses, region)),
    Layer.provide(custody(folder, addresses, agentIn(folder))),
    Layer.provide(Layer.succeed(Adopting, true))
  )
