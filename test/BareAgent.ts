import { assert } from "@effect/vitest"
import { Array, Effect, Redacted, Schema, Stream } from "effect"
import { fromBase64url } from "#domain/Bytes.ts"
import { type AgentId, DeviceId, defaultTenant, MessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { epochOf, GatewayPin } from "#domain/identity/Trust.ts"
import { CommandBus, type Lane, type Outgoing, subjectOf } from "#domain/ports/CommandBus.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import {
  EnvelopeRefused,
  encodeUnsigned,
  type Header,
  signBatch,
  type Unsigned,
  verifyBatch
} from "#domain/wire/Envelope.ts"
import { agreementInfo, ownKey } from "#domain/wire/Keys.ts"
import { type AgentCommand, type AgentReport, box, Undecodable } from "#domain/wire/Protocol.ts"
import { version2 } from "#domain/wire/Versions.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import type { Bus } from "./Apart.ts"
import { eventually, type Homing, text } from "./Homing.ts"

const decodePin = Schema.decodeUnknownSync(GatewayPin)
const secret = () => Redacted.make(crypto.random(32))

export interface Commanded {
  readonly header: Header
  readonly command: AgentCommand
}

/** An agent that is nothing but its keys: enrolled, it hears its commands, and says what a test wants it to say. */
export const bareAgent = Effect.fnUntraced(function* ({ call }: Homing, lane: Bus, agent: AgentId) {
  const bus = yield* Effect.provide(CommandBus, lane)
  const own = ownKey(crypto, secret(), secret())
  const { body, status } = yield* call("POST", "/v1/agents", { agent, ...own.public, protocol: 1 })
  assert.strictEqual(status, 201)
  const pin = decodePin(body)
  const [gateway] = pin.gatewayKeys
  const gatewayKey = crypto.verifyingKey(fromBase64url(gateway!.signing))
  const reportKey = crypto.agree(own.agreement, fromBase64url(gateway!.agreement), agreementInfo("reports", agent))
  const reports: Lane = { kind: "reports", agent }

  const heard: globalThis.Array<Commanded> = []
  yield* bus.subscribe({ kind: "commands", agent }).pipe(
    Stream.runForEach(({ acknowledge, bytes }) =>
      Effect.gen(function* () {
        const [answer] = yield* verifyBatch(crypto, () => gatewayKey, [bytes])
        if (answer !== undefined && !(answer instanceof EnvelopeRefused)) {
          const command = version2.commands.read(2, answer.payload)
          if (command instanceof Undecodable) return yield* command
          heard.push({ header: answer.header, command })
        }
        yield* acknowledge
      })
    ),
    Effect.orDie,
    Effect.forkScoped({ startImmediately: true })
  )

  const headerOf = (over: Partial<Header>): Header => ({
    direction: "homing/report/1",
    keyId: own.public.keyId,
    tenant: defaultTenant,
    agent,
    device: "-",
    lane: subjectOf(reports),
    subject: "-",
    commandId: "-",
    attempt: "1",
    position: "1",
    epoch: epochOf(pin),
    issuedAt: fromMillis(Date.now()),
    expiresAt: fromMillis(Date.now() + 3_600_000),
    ...over
  })

  let published = 0
  const publish = (envelopes: ReadonlyArray<Uint8Array>) => {
    const outgoing = envelopes.map((bytes): Outgoing => ({ id: `${agent} ${++published}`, bytes }))
    return Array.isReadonlyArrayNonEmpty(outgoing) ? bus.publish(reports, outgoing) : Effect.void
  }
  const sign = (...unsigned: ReadonlyArray<Unsigned>) => signBatch(crypto, own.signing, unsigned.map(encodeUnsigned))

  return {
    key: own.signing,
    /** What the gateway told it, in order. */
    heard,
    /** Waits for the first command that fits. */
    told: (fits: (one: Commanded) => boolean) =>
      Effect.map(
        eventually(
          Effect.sync(() => heard.find(fits)),
          (found) => found !== undefined
        ),
        (found) => found!
      ),
    headerOf,
    report: (over: Partial<Header>, report: AgentReport): Unsigned => ({
      header: headerOf(over),
      payload: encodePayload(report)
    }),
    /** A code to pair with, encrypted as an agent does. */
    showing: (over: Partial<Header>, code: string): Unsigned => {
      const header = headerOf(over)
      const expiresAt = fromMillis(Date.now() + 60_000)
      const sealed = box(crypto, reportKey, header, { code })
      return { header, payload: encodePayload({ kind: "pairing_code", method: "qr", expiresAt, box: sealed }) }
    },
    sign,
    publish,
    say: (...unsigned: ReadonlyArray<Unsigned>) => Effect.flatMap(sign(...unsigned), publish)
  }
})

export type BareAgent = Effect.Success<ReturnType<typeof bareAgent>>

/** A device made over HTTP, and the command that this agent got for it. */
export const deviceOf = Effect.fnUntraced(function* ({ call }: Homing, { told }: BareAgent) {
  const { body } = yield* call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
  const id = DeviceId.make(body.id)
  const { header } = yield* told(({ header }) => header.device === id)
  return { id, regarding: { device: id, commandId: header.commandId, attempt: "1" } }
})
export const changed = (change: "paired" | "connected" | "logged_out", step: number) =>
  ({ kind: "device", change, step, at: fromMillis(Date.now()) }) as const

/** A message made over HTTP, and the command that this agent got for it. */
export const queued = Effect.fnUntraced(function* (
  { call }: Homing,
  { told }: BareAgent,
  device: DeviceId,
  words: string
) {
  const asked = text(device, words, { until: "sent", timeoutMs: 0 })
  const { body } = yield* call("POST", "/v1/messages", asked, { "idempotency-key": words })
  const { header } = yield* told(({ command }) => command.kind === "send" && command.message === body.id)
  const { commandId, position, subject } = header
  return { id: MessageId.make(body.id), regarding: { device, subject, commandId, position, attempt: "1" } }
})
export const claimed = (message: MessageId, claim: "sent" | "read", n = 0) =>
  ({ kind: "message", message, claim, at: fromMillis(Date.now() + n) }) as const

/** How many reports this process refused for this reason; for any, when it is empty. */
export const refusedIn = ({ call }: Homing, reason: string) =>
  Effect.map(call("GET", "/metrics"), ({ body }) =>
    [...String(body.text).matchAll(/^homing_reports_refused_total\{(.*)\} (\d+)/gm)]
      .filter(([, labels]) => labels!.includes(reason))
      .reduce((sum, [, , n]) => sum + Number(n), 0)
  )
