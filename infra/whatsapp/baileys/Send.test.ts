import { assert, describe, it } from "@effect/vitest"
import { type BinaryNode, proto, type WASocket } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { WaMessageId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { startSimulator } from "../simulator/Simulator.ts"
import { connect, opening, pair } from "../simulator/testing/TestClient.ts"
import * as Pace from "./Pace.ts"
import * as BaileysSend from "./Send.ts"

const message: BaileysSend.Outgoing = {
  waMessageId: WaMessageId.make("3EB0000000000000000001"),
  to: { kind: "phone", address: PhoneNumber.make("+5511987654321") },
  bytes: proto.Message.encode({ conversation: "hello" }).finish()
}
const pace = Pace.make({ burst: 10, everyMs: 1 })
const asked = "5511987654321@s.whatsapp.net"
const self = "15550001@s.whatsapp.net"

type Relay = (address: string, message: proto.IMessage) => Promise<unknown>
type Directory = {
  readonly devicesOf?: ReadonlyArray<string>
  readonly account?: string | "none" | "silent"
}

/** The directory's answer about one number. */
const directory = (account: string): BinaryNode => {
  const contact = { tag: "contact", attrs: { type: account === "none" ? "out" : "in" } }
  const user = { tag: "user", attrs: { jid: account === "none" ? asked : account }, content: [contact] }
  const list = { tag: "list", attrs: {}, content: [user] }
  return { tag: "iq", attrs: { type: "result" }, content: [{ tag: "usync", attrs: {}, content: [list] }] }
}

/** As much of a Baileys socket as sending touches. By default everybody has one device and a relay never ends. */
const sender = (relay: Relay = () => new Promise(() => {}), { devicesOf, account = "none" }: Directory = {}) => {
  const socket = {
    user: { id: "15550001:3@s.whatsapp.net" },
    authState: { keys: { get: async () => ({}) } },
    getUSyncDevices: async (jids: Array<string>) =>
      jids
        .filter((jid) => !devicesOf || devicesOf.includes(jid))
        .map((jid) => ({ user: jid.split("@")[0], device: 0, jid })),
    assertSessions: async () => true,
    generateMessageTag: () => "1",
    query: async () => (account === "silent" ? undefined : directory(account)),
    relayMessage: relay
  }
  return BaileysSend.make(socket as unknown as WASocket, { lookupTimeoutMs: 50, ackTimeoutMs: 50, pace })
}

/** A relay whose turn to write comes when the test says so. */
const queued = () => {
  const turn = Promise.withResolvers<void>()
  const asking = Promise.withResolvers<void>()
  const written: Array<string> = []
  const relay: Relay = async (address, relayed) => {
    asking.resolve()
    await turn.promise
    await BaileysSend.beforeWrite(relayed)
    written.push(address)
  }
  return { relay, asked: asking.promise, turn, written }
}
const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe("a try that ends while it queues", () => {
  for (const [end, reason] of [
    ["by the clock", undefined],
    ["with the connection", "lost"]
  ] as const) {
    it(`${end} is not sent, and never will be`, async () => {
      const { relay, turn, written, asked } = queued()
      const { send, lost } = sender(relay)
      const outcome = send(message)
      await asked
      if (reason === "lost") lost()
      assert.deepStrictEqual(await outcome, { _tag: "NotSent", reason: "not_connected", final: false })
      turn.resolve()
      await settled()
      assert.deepStrictEqual(written, [])
    })
  }
})

describe("a try whose message has arrived by an earlier one", () => {
  it("is not written, and ends with the server's word", async () => {
    const { relay, turn, written, asked } = queued()
    const { send, arrived, settle } = sender(relay)
    const outcome = send(message)
    await asked
    arrived(message.waMessageId)
    turn.resolve()
    await settled()
    assert.deepStrictEqual(written, [])
    assert.isTrue(settle(message.waMessageId))
    assert.deepInclude(await outcome, { _tag: "Acked" })
  })

  it("is never called not sent", async () => {
    const { relay, asked } = queued()
    const { send, arrived, lost } = sender(relay)
    const outcome = send(message)
    await asked
    arrived(message.waMessageId)
    lost()
    assert.deepStrictEqual(await outcome, { _tag: "Unknown", reason: "connection_lost" })
  })
})

describe("a try that may have left", () => {
  const relayed = async (after: (relayed: proto.IMessage) => Promise<unknown>) => {
    const written = Promise.withResolvers<void>()
    const made = sender(async (_, given) => {
      await BaileysSend.beforeWrite(given)
      written.resolve()
      return after(given)
    })
    const outcome = made.send(message)
    await written.promise
    return { ...made, outcome }
  }

  it("is unknown when Baileys fails, when the connection ends, and when nobody answers in time", async () => {
    const failing = await relayed(() => Promise.reject(1006))
    assert.deepStrictEqual(await failing.outcome, { _tag: "Unknown", reason: "send_failed" })
    const cut = await relayed(() => new Promise(() => {}))
    cut.lost()
    assert.deepStrictEqual(await cut.outcome, { _tag: "Unknown", reason: "connection_lost" })
    const unanswered = await relayed(() => Promise.resolve()) // that it resolves proves nothing
    assert.deepStrictEqual(await unanswered.outcome, { _tag: "Unknown", reason: "ack_timeout" })
  })

  it("ends with the server's word, once", async () => {
    const made = await relayed(() => Promise.resolve())
    assert.isTrue(made.settle(message.waMessageId, "463"))
    assert.isFalse(made.settle(message.waMessageId))
    assert.deepInclude(await made.outcome, { _tag: "Rejected", code: "463" })
  })

  it("may be written again for a phone that could not read it", async () => {
    let given: proto.IMessage | undefined
    const made = await relayed(async (first) => {
      given = first
    })
    await made.outcome
    assert.strictEqual(await BaileysSend.beforeWrite(given!), given)
  })
})

describe("many tries that queue for the lock", () => {
  it("let what the server says have its turn after some milliseconds each", async () => {
    let lock: Promise<unknown> = Promise.resolve()
    const perTurn: Array<number> = [0]
    const { send } = sender((_, relayed) => {
      lock = lock.then(async () => {
        await BaileysSend.beforeWrite(relayed).catch(() => {}) // on a slow machine its time is over
        const until = performance.now() + 1
        while (performance.now() < until);
        perTurn.push(perTurn.pop()! + 1)
      })
      return lock
    })
    const many = Array.from({ length: 40 }, (_, n) =>
      send({ ...message, waMessageId: WaMessageId.make(`3EB0${String(n).padStart(18, "0")}`) })
    )
    while (perTurn.reduce((sum, some) => sum + some) < many.length) {
      await new Promise(setImmediate)
      perTurn.push(0)
    }
    assert.isAtMost(Math.max(...perTurn), 8)
    await Promise.all(many)
  })
})

describe("whom it goes to", () => {
  const relayedTo = async (directory: Directory) => {
    const { relay, turn, written } = queued()
    turn.resolve()
    const outcome = await sender(relay, directory).send(message)
    return { outcome, written }
  }

  it("the number's own address, or the one at which the server has it", async () => {
    assert.deepStrictEqual((await relayedTo({})).written, [asked])
    const older = "551187654321@s.whatsapp.net"
    assert.deepStrictEqual((await relayedTo({ devicesOf: [self, older], account: older })).written, [older])
  })

  it("nobody, for good only when the server says that there is nobody", async () => {
    const nobody = await relayedTo({ devicesOf: [self], account: "none" })
    assert.deepInclude(nobody.outcome, { reason: "recipient_not_on_whatsapp", final: true })
    for (const directory of [
      { devicesOf: [self], account: "silent" },
      { devicesOf: [self], account: asked },
      { devicesOf: [asked], account: "silent" } // we do not know our own devices
    ] as const) {
      const { outcome, written } = await relayedTo(directory)
      assert.deepStrictEqual(outcome, { _tag: "NotSent", reason: "lookup_failed", final: false })
      assert.deepStrictEqual(written, [])
    }
  })
})

describe("an error that Baileys throws before it writes", () => {
  const paired = Effect.gen(function* () {
    const simulator = yield* Effect.acquireRelease(
      Effect.promise(() => startSimulator({ contacts: ["5511987654321"] })),
      ({ close }) => Effect.promise(close)
    )
    const { auth, socket } = yield* Effect.promise(() => pair(simulator.url, (qr) => simulator.scanQr(qr, "15550001")))
    socket.end(undefined)
    return { simulator, auth }
  })

  for (const [what, reason, breakIt] of [
    [
      "nothing can be encrypted",
      "encryption_failed",
      ({ signalRepository }: WASocket) => {
        signalRepository.encryptMessage = () => Promise.reject(new Error("no session"))
      }
    ],
    ["the socket is closing", "not_connected", ({ ws }: WASocket) => void ws.close()]
  ] as const) {
    it.live(`${what}: not sent`, () =>
      Effect.gen(function* () {
        const { simulator, auth } = yield* paired
        const socket = connect(simulator.url, auth, {
          patchMessageBeforeSending: async (given) => {
            const going = await BaileysSend.beforeWrite(given)
            breakIt(socket) // from here on the frame may be written at any moment
            return going
          }
        })
        yield* Effect.promise(() => opening(socket))
        const made = BaileysSend.make(socket, { lookupTimeoutMs: 60_000, ackTimeoutMs: 60_000, pace })
        const outcome = yield* Effect.promise(() => made.send(message))
        assert.deepStrictEqual(outcome, { _tag: "NotSent", reason, final: false })
        assert.isFalse(simulator.record.observations.some(({ kind }) => kind === "message"))
        socket.end(undefined)
      })
    )
  }
})
