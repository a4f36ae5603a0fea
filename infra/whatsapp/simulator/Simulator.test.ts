import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Simulator, startSimulator } from "./Simulator.ts"
import { pair, reaching, send } from "./TestClient.ts"

const account = "15550001"
const contact = "15550002"

describe("simulator", () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator({ contacts: [contact] })
  })
  afterAll(() => simulator.close())

  it("pairs an unmodified Baileys by QR code, takes a message and reports it", async () => {
    const { socket } = await pair(simulator.url, (qr) => simulator.scanQr(qr, account))
    assert.strictEqual(socket.user?.id, `${account}:1@s.whatsapp.net`)
    const read = reaching(socket, "QR1", 4)
    assert.strictEqual(await send(socket, contact, "hello", "QR1"), "acked")
    await read
    assert.deepStrictEqual(
      simulator.inbox(contact).map(({ content: _, ...entry }) => entry),
      [{ waMessageId: "QR1", from: account, text: "hello", copies: 1 }]
    )
    socket.end(undefined)
  })
})
