import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned } from "#domain/wire/Envelope.ts"
import { connect, device, headerOf, makeGateway, pairOf, sendOf, startAgent } from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const order = (kind: "unlink" | "reconnect", n: number) =>
  encodeUnsigned({
    header: headerOf(n, { direction: "homing/command/3", subject: "-" }),
    payload: encodePayload({ kind })
  })
const reasons = (gateway: { readonly told: ReadonlyArray<{ readonly report: object }> }) =>
  gateway.told.flatMap(({ report }) => ("reason" in report ? [report.reason] : []))

it.effect("is unlinked once, and stays so over a restart", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { ledger } = yield* startAgent(gateway)
        yield* connect(gateway, device)
        yield* Fiber.join(yield* gateway.issue(order("unlink", 900_010)))
        yield* until("it is unlinked", () => gateway.changes(device).at(-1) === "logged_out")
        yield* Fiber.join(yield* gateway.issue(order("unlink", 900_010), pairOf(900_001), order("reconnect", 900_011)))
        yield* pass(2)
        assert.deepStrictEqual(gateway.changes(device), ["paired", "connected", "logged_out"])
        assert.include(reasons(gateway), "unlinked")
        assert.deepInclude((yield* ledger.devices)[0], { pairing: undefined, standing: "closed", reported: 900_011 })
      })
    )
    yield* startAgent(gateway)
    yield* pass(2)
    assert.deepStrictEqual(gateway.changes(device), ["paired", "connected", "logged_out"])
    yield* gateway.issue(pairOf(900_020))
    yield* until("it is linked again", () => gateway.changes(device).length === 5)
    assert.deepStrictEqual(gateway.changes(device).slice(3), ["paired", "connected"])
  })
)

it.effect("is unlinked though what its session told just before is still being written", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const written = yield* Deferred.make<void>()
    let isSlow = false
    const { tell } = yield* startAgent(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        saveDevice: (held, reports) =>
          Effect.andThen(isSlow ? Deferred.await(written) : Effect.void, ledger.saveDevice(held, reports))
      })
    })
    yield* connect(gateway, device)
    isSlow = true
    yield* tell({ _tag: "Disconnected", device, reason: "connection_lost", final: false })
    yield* gateway.issue(order("unlink", 900_010))
    yield* pass(1)
    yield* Deferred.succeed(written, undefined)
    yield* until("it is unlinked", () => gateway.changes(device).at(-1) === "logged_out")
    assert.deepStrictEqual(gateway.changes(device).slice(2), ["disconnected", "logged_out"])
  })
)

it.effect("is unlinked by the next start when the agent ended before", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { ledger } = yield* startAgent(gateway)
        yield* connect(gateway, device)
        const [held] = yield* ledger.devices
        yield* ledger.saveDevice({ ...held!, standing: "leaving" }, [])
      })
    )
    yield* startAgent(gateway)
    yield* until("it is unlinked", () => gateway.changes(device).at(-1) === "logged_out")
  })
)

it.effect("says so when WhatsApp could not be told", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { tell } = yield* startAgent(gateway, { outOfReach: true })
    yield* connect(gateway, device)
    yield* Fiber.join(yield* gateway.issue(order("unlink", 900_010)))
    yield* tell({ _tag: "Disconnected", device, reason: "banned", final: true })
    yield* until("it is forgotten", () => gateway.changes(device).at(-1) === "logged_out")
    assert.include(reasons(gateway), "forgotten")
  })
)

it.effect("is done and told by an agent that has lost its ledger, above all that was told before", () =>
  Effect.gen(function* () {
    const steps = (gateway: { readonly told: ReadonlyArray<{ readonly report: object }> }) =>
      gateway.told.flatMap(({ report }) => ("step" in report ? [report.step as number] : []))
    // its credentials are there, and tell WhatsApp
    const known = yield* makeGateway
    yield* startAgent(known)
    yield* Fiber.join(yield* known.issue(order("unlink", 900_010)))
    yield* until("it is unlinked", () => known.changes(device).at(-1) === "logged_out")
    assert.include(reasons(known), "unlinked")
    assert.isAtLeast(Math.min(...steps(known)), 900_010)
    // nothing is
    const lost = yield* makeGateway
    const { tell } = yield* startAgent(lost, { opening: () => Effect.never })
    yield* Fiber.join(yield* lost.issue(order("unlink", 900_010)))
    yield* tell({ _tag: "Disconnected", device, reason: "logged_out", final: true })
    yield* until("it is forgotten", () => lost.changes(device).at(-1) === "logged_out")
    assert.include(reasons(lost), "forgotten")
    assert.isAtLeast(Math.min(...steps(lost)), 900_010)
  })
)

it.effect("fails what waits for it, and what comes after", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* startAgent(gateway, {
      outcome: () => Effect.succeed({ _tag: "NotSent", reason: "not_connected", final: false })
    })
    yield* connect(gateway, device)
    yield* gateway.issue(sendOf(1), sendOf(2))
    yield* pass(1)
    yield* Fiber.join(yield* gateway.issue(order("unlink", 900_010)))
    yield* gateway.issue(sendOf(3))
    yield* pass(4)
    yield* until("all of them have failed", () => [1, 2, 3].every((n) => gateway.claims(n).at(-1) === "failed"))
    const codes = [1, 2, 3].flatMap((n) =>
      gateway.messageReports(n).map(({ report }) => "code" in report && report.code)
    )
    assert.deepStrictEqual([...new Set(codes)], ["device_unlinked"])
  })
)

it.effect("asks nobody to pair it at the next start when its codes were given up", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let opened = 0
    const opening = () => Effect.sync(() => void opened++)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { tell } = yield* startAgent(gateway, { opening })
        yield* connect(gateway, device)
        yield* tell({ _tag: "Disconnected", device, reason: "pairing_timeout", final: true })
        yield* until("it is given up", () => gateway.changes(device).at(-1) === "disconnected")
      })
    )
    yield* startAgent(gateway, { opening })
    yield* pass(2)
    assert.deepStrictEqual([opened, gateway.changes(device).length], [1, 3])
    yield* gateway.issue(pairOf(900_020))
    yield* until("it is asked for again", () => opened === 2)
  })
)
