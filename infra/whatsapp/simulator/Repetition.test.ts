import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { type AuthenticationState, proto, type WAMessage, type WASocket } from "@whiskeysockets/baileys"
import { noFaults } from "./Faults.ts"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { connect, hearing, opening, pair } from "./testing/TestClient.ts"

const account = "15550001"
const contact = "15550002"

describe("what comes late, twice or unreadable", () => {
  let simulator: Simulator
  let auth: AuthenticationState
  let socket: WASocket

  /** Everything that the client hears, in its order. */
  const listen = (client: WASocket) => {
    const heard: Array<WAMessage & { readonly type: string }> = []
    client.ev.on("messages.upsert", ({ messages, type }) => {
      for (const message of messages) heard.push({ ...message, type })
    })
    return heard
  }
  const send = (waMessageId: string, more: object = {}) =>
    simulator.sendIncoming({ from: contact, to: account, text: waMessageId, waMessageId, ...more })
  const until = (kind: string, id: string, detail?: string) =>
    simulator.record.until(
      (seen) => seen.kind === kind && seen.waMessageId === id && (detail === undefined || seen.detail === detail)
    )
  const times = (kind: string, id: string) =>
    simulator.record.observations.filter((seen) => seen.kind === kind && seen.waMessageId === id).length
  const soon = async (holds: () => boolean) => {
    while (!holds()) await setTimeout(5)
  }
  const away = async () => {
    const ended = simulator.record.observations.length
    socket.end(undefined)
    await soon(() => simulator.record.observations.slice(ended).some(({ kind }) => kind === "closed"))
  }
  const back = async () => {
    socket = connect(simulator.url, auth)
    const heard = listen(socket)
    await opening(socket)
    return heard
  }

  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [contact] })
    ;({ auth, socket } = await pair(simulator.url, (qr) => simulator.scanQr(qr, account)))
    await send("FIRST")
    await until("client-receipt", "FIRST")
  })
  afterEach(() => Object.assign(simulator.faults, noFaults()))
  afterAll(async () => {
    socket.end(undefined)
    await simulator.close()
  })

  for (const offlineOrder of ["kept", "reversed"] as const) {
    it(`waits for a client that is away, and comes as it was ${offlineOrder}`, async () => {
      await away()
      const ids = [1, 2, 3].map((n) => `${offlineOrder}${n}`)
      for (const id of ids) await send(id)
      simulator.faults.offlineOrder = offlineOrder
      const heard = await back()
      const expected = offlineOrder === "kept" ? ids : ids.toReversed()
      await soon(() => heard.length === 3)
      assert.deepStrictEqual(
        heard.map(({ key, type }) => [key.id, type]),
        expected.map((id) => [id, "append"])
      )
      const handed = simulator.record.observations.filter(({ kind }) => kind === "handed")
      assert.deepStrictEqual(
        handed.filter(({ waMessageId }) => ids.includes(waMessageId!)).map(({ detail }) => detail),
        ids.map(() => "message offline")
      )
    })
  }

  for (const how of ["same", "anew"] as const) {
    it(`comes twice, ${how}: ${how === "anew" ? "the client hears both" : "the client refuses the second"}`, async () => {
      const heard = listen(socket)
      const id = `twice ${how}`
      await send(id)
      await until("client-receipt", id)
      await simulator.sendAgain({ to: account, waMessageId: id, how })
      if (how === "same") await until("client-ack", id, "message 487")
      else await soon(() => times("client-receipt", id) === 2)
      const copies = heard.filter(({ key }) => key.id === id)
      assert.lengthOf(copies, how === "same" ? 1 : 2)
    })

    it(`comes twice to a client that was away, ${how}`, async () => {
      await away()
      const id = `away twice ${how}`
      await send(id)
      await simulator.sendAgain({ to: account, waMessageId: id, how })
      const heard = await back()
      await soon(() => simulator.kept(account).length === 0)
      assert.strictEqual(times("client-receipt", id), how === "same" ? 1 : 2)
      await soon(() => heard.length > 0)
      assert.deepStrictEqual([heard.length, heard[0]?.message?.conversation], [1, id], "Baileys makes one of both")
    })
  }

  for (const unreadable of [1, 2]) {
    it(`cannot be opened ${unreadable} times, and can when it comes again under its id`, async () => {
      const heard = listen(socket)
      const id = `unreadable ${unreadable}`
      const opened = hearing(socket, id, ({ message }) => message?.conversation === id)
      await send(id, { unreadable })
      await opened
      const copies = heard.filter(({ key }) => key.id === id)
      assert.deepStrictEqual(
        copies.map(({ messageStubType }) => messageStubType === proto.WebMessageInfo.StubType.CIPHERTEXT),
        [...Array.from({ length: unreadable }, () => true), false]
      )
    })
  }

  it("waits again when the client goes after it asked for a message once more", async () => {
    await away()
    await send("gone", { unreadable: 1 })
    socket = connect(simulator.url, auth)
    const earlier = listen(socket)
    // The first word after the question is its refusal of the copy that it could not open.
    await until("client-ack", "gone", "message 500")
    simulator.drop()
    assert.isTrue(simulator.kept(account).some(({ attrs }) => attrs.id === "gone"))
    const heard = await back()
    // What was on its way when the line was cut may still be heard there, and is refused when it comes again.
    await soon(() => [...earlier, ...heard].some(({ message }) => message?.conversation === "gone"))
    await soon(() => simulator.kept(account).length === 0)
  })
})
