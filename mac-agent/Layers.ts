import { join } from "node:path"
import { Effect, Layer, Redacted } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import type { CommandBus } from "#domain/ports/CommandBus.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as Nkey from "#infra/bus/jetstream/Nkey.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteLedger from "#infra/ledger/Sqlite.ts"
import * as PinFile from "#infra/pin/File.ts"
import * as SqliteRefusals from "#infra/refusals/Sqlite.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import * as DirectoryLock from "#infra/sqlite/DirectoryLock.ts"
import type { Contents } from "#infra/sqlite/FolderContents.ts"
import * as FolderContents from "#infra/sqlite/FolderContents.ts"
import type * as Otlp from "#infra/traces/Otlp.ts"
import * as Baileys from "#infra/whatsapp/baileys/Baileys.ts"
import * as WitnessFile from "#infra/witness-memory/File.ts"
import * as Agent from "./Agent.ts"
import * as Enrolment from "./link/Enrolment.ts"
import * as Trust from "./link/Trust.ts"
import type { SenderOptions } from "./sending/Sender.ts"

/** The agent as a process of its own: where it keeps what, and what it stands between. */

/** What the agent's folder says of who it is and whom it trusts. */
export const identity = (folder: string) =>
  Layer.merge(PinFile.layer(join(folder, "trust.json")), FileVault.layer(join(folder, "secrets"))).pipe(
    Layer.provideMerge(NodeCrypto.layer)
  )

/** The same, for this process alone. */
export const custody = (folder: string) => Layer.provideMerge(identity(folder), DirectoryLock.layer(folder))

/** WhatsApp through Baileys, with its credentials in the folder under a key from the vault. */
export const whatsapp = (folder: string, options: Omit<Baileys.Options, "authFile" | "authKey"> = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const authKey = yield* (yield* SecretVault).obtain("whatsapp-auth")
      return Baileys.layer({ ...options, authFile: join(folder, "whatsapp.db"), authKey })
    })
  )

const witnessMemory = (folder: string) => WitnessFile.layer(join(folder, "witness.json"))

/** What it has seen of the log: to be looked at while it runs, and changed while it does not. */
export const witness = (agent: AgentId, folder: string, { isChanged }: { readonly isChanged: boolean }) =>
  Layer.provideMerge(Layer.merge(Trust.layer(agent), witnessMemory(folder)), (isChanged ? custody : identity)(folder))

/** What it keeps of what it was told, in a folder. */
export const ledger = (folder: string) =>
  Layer.mergeAll(
    SqliteLedger.layer(join(folder, "ledger.db")),
    SqliteRefusals.layer(join(folder, "refusals.db")),
    witnessMemory(folder)
  )

/** What it begins its folder with; without any of it, it would send again, pair anew, or be nobody that a gateway knows. */
export const agentKeeps = {
  files: ["ledger.db", "whatsapp.db"],
  secrets: ["ledger", "whatsapp-auth", "agent-signing", "agent-agreement"]
} as const

const contents: Contents = {
  files: agentKeeps.files,
  secrets: [...agentKeeps.secrets, "agent-nkey"],
  renewal: "`homing agent keys --new`, and enrol the agent again"
}

/** What it stands on: its folder. */
export const embedded = (folder: string) =>
  ledger(folder).pipe(Layer.provide(FolderContents.layer(folder, contents)), Layer.provideMerge(custody(folder)))

/** Its folder, in which secrets that are lost are made anew. */
export const renewed = (folder: string) =>
  FolderContents.layer(folder, contents, true).pipe(Layer.provideMerge(custody(folder)))

/** The agent between WhatsApp and a bus. It dials out and listens nowhere. Leaves its folder's ports open. */
export const between = <E, R, E2, R2>(
  agent: AgentId,
  session: Layer.Layer<WhatsApp, E, R>,
  bus: Layer.Layer<CommandBus, E2, R2>,
  options: SenderOptions = {}
) => Agent.layer(options).pipe(Layer.provide([Trust.layer(agent), session, bus]))

/** The agent over its folder and a bus. */
export const layer = <E, R, E2, R2>(
  agent: AgentId,
  folder: string,
  session: Layer.Layer<WhatsApp, E, R>,
  bus: Layer.Layer<CommandBus, E2, R2>,
  options: SenderOptions = {}
) => between(agent, session, bus, options).pipe(Layer.provide(embedded(folder)))

/** As whom it signs in at a NATS server. */
export const nkey = Effect.gen(function* () {
  return Nkey.userOf(Redacted.value(yield* (yield* SecretVault).obtain("agent-nkey")))
})

/** What an operator carries to the gateway; with `renew`, of keys made now. */
export const offer = (agent: AgentId, renew: boolean) =>
  Effect.flatMap(nkey, ({ publicKey }) => Enrolment.offer(agent, publicKey, renew))

/** Where a process tells what it does, if it is told; else nothing of it is loaded. */
export const traces = (
  {
    endpoint,
    ...options
  }: Omit<Otlp.Options, "endpoint" | "service" | "version"> & {
    readonly endpoint: URL | undefined
    readonly service: string | undefined
  },
  service: string,
  version: string
) =>
  endpoint === undefined
    ? Layer.empty
    : Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("#infra/traces/Otlp.ts")),
          ({ layer }) => layer({ ...options, endpoint, version, service: options.service ?? service })
        )
      )

/** The bus as this agent reaches it. */
export const bus = (agent: AgentId, url: Redacted.Redacted, caFile: string | undefined) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { layer } = yield* Effect.promise(() => import("#infra/bus/jetstream/JetStream.ts"))
      const nkeySeed = Redacted.make((yield* nkey).seed)
      return layer({ url: Redacted.value(url), caFile, nkeySeed, role: "agent", agent })
    })
  )
