import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { noFaults } from "./Faults.ts"
import { summarise } from "./Observation.ts"
import { readRecord } from "./RecordFile.ts"
import { closing, connect, hearing, next, opening, pair, send } from "./testing/TestClient.ts"

const account = "15550001"
const contact = "15550002"

interface Told {
  readonly observations: ReadonlyArray<{ readonly kind: string }>
  readonly next: number
}

describe("control server, in a process of its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "homing-simulator-"))
  const recordFile = join(folder, "record.jsonl")
  let child: ChildProcess
  let url = ""
  let controlUrl = ""
  let printed = ""

  const request = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${controlUrl}${path}`, init)
    const body = await response.json()
    return { status: response.status, body: body as unknown }
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body)
    })

  beforeAll(async () => {
    const main = fileURLToPath(new URL("./main.ts", import.meta.url))
    child = spawn(process.execPath, [main, "--port", "0", "--record", recordFile, "--absent", "+15550009"], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes) => (printed += bytes))
    const [line] = await once(createInterface({ input: child.stdout! }), "line")
    ;({ url, controlUrl } = JSON.parse(line))
  })
  afterAll(async () => {
    child.kill("SIGKILL")
    rmSync(folder, { recursive: true })
  })

  it("refuses what is not asked for as it should be, and repeats none of it", async () => {
    const invalid = { error: "the input is not what this path takes" }
    assert.deepStrictEqual(await post("/faults", { ack: "sometimes" }), { status: 400, body: invalid })
    assert.deepStrictEqual(await post("/faults", { akc: "never" }), { status: 400, body: invalid })
    assert.deepStrictEqual(await request("/inbox"), { status: 400, body: invalid })
    assert.strictEqual((await request("/nothing")).status, 404)
    assert.strictEqual((await request("/scan")).status, 404)
    assert.strictEqual((await post("/drop", {}, { origin: "https://example.com" })).status, 403)
    assert.strictEqual((await post("/drop", {}, { "content-type": "text/plain" })).status, 415)
    assert.strictEqual((await post("/scan", { qr: "x".repeat(1_100_000), phone: account })).status, 413)
    const unread = { method: "POST", headers: { "content-type": "application/json" }, body: "{" }
    assert.deepStrictEqual(await request("/drop", unread), { status: 400, body: { error: "the body is not JSON" } })
  })

  it("closes no connection on which a busy client may be just asking", async () => {
    const { headers } = await fetch(`${controlUrl}/counts`)
    assert.strictEqual(headers.get("keep-alive"), "timeout=150")
  })

  it("lets contacts say whatever there is, in groups too, now and long ago", async () => {
    const phone = "15550005"
    const parties = { from: contact, to: phone }
    const { body: made } = await post("/group", { by: contact, subject: "the house", add: [phone] })
    const { group } = made as { readonly group: string }
    const past = await post("/history", {
      of: phone,
      messages: [{ ...parties, text: "long ago", waMessageId: "PAST" }]
    })
    assert.deepStrictEqual(past.body, { waMessageIds: ["PAST"] })
    const { socket } = await pair(url, (qr) => post("/scan", { qr, phone }))

    const image = hearing(socket, "IMAGE")
    const body = { ...parties, kind: "image", caption: "the boiler", group, quotes: "PAST", waMessageId: "IMAGE" }
    assert.deepStrictEqual(await post("/incoming", body), { status: 200, body: { waMessageId: "IMAGE" } })
    const heard = await image
    assert.strictEqual(heard.key.remoteJid, group)
    assert.deepInclude(heard.message?.imageMessage?.contextInfo, { stanzaId: "PAST" })

    const call = next(socket, "call", ([one]) => one?.id)
    const called = await post("/incoming", { ...parties, kind: "call", state: "offer" })
    assert.deepStrictEqual(called.body, { waMessageId: await call })

    const again = hearing(socket, "IMAGE")
    assert.strictEqual((await post("/again", { to: phone, waMessageId: "IMAGE", how: "anew" })).status, 200)
    await again

    const { body: counts } = await request("/counts")
    assert.deepInclude(counts, { incoming: 2, group: 1, history: 1 })
    for (const wrong of [{ kind: "imagine" }, { kind: "image", text: "x" }, { kind: "call" }, { text: "x", of: "A" }]) {
      const { status } = await post("/incoming", { ...parties, ...wrong })
      assert.strictEqual(status, 400, JSON.stringify(wrong))
    }
    socket.end(undefined)
  })

  it("pairs, steers and tells all; its record outlives a kill; it prints no number and no text", async () => {
    const { socket, auth } = await pair(url, (qr) => post("/scan", { qr, phone: `+${account}` }))
    const switched = await post("/faults", { dropsAfterDelivery: 1 })
    assert.deepStrictEqual(switched.body, { ...noFaults(), dropsAfterDelivery: 1 })
    const dropped = closing(socket)
    void send(socket, contact, "a secret", "CONTROL1")
    await dropped
    const back = await opening(connect(url, auth))
    assert.strictEqual(await send(back, contact, "a secret", "CONTROL1"), "acked")
    assert.deepStrictEqual((await request(`/inbox?phone=%2B${contact}`)).body, [
      { waMessageId: "CONTROL1", from: account, text: "a secret", copies: 2 }
    ])

    const received = next(back, "messages.upsert", ({ messages }) => messages[0]?.message?.conversation ?? undefined)
    const incoming = await post("/incoming", { from: contact, to: account, text: "an answer" })
    assert.strictEqual(incoming.status, 200)
    assert.strictEqual(await received, "an answer")

    const cut = closing(back)
    await post("/drop", { phone: account })
    assert.strictEqual(await cut, 428)
    const third = await opening(connect(url, auth))
    const ended = closing(third)
    await post("/stream-error", { code: 503 })
    assert.strictEqual(await ended, 503)

    const record = async () => (await request("/record")).body as Told
    let told = await record()
    while (told.observations.at(-1)?.kind !== "closed") told = await record() // the last that happens
    const latest = (await request(`/record?after=${told.next - 1}`)).body
    assert.strictEqual(told.next, told.observations.length)
    assert.deepStrictEqual(latest, {
      first: told.next - 1,
      observations: told.observations.slice(-1),
      next: told.next
    })
    const messages = (await request("/messages")).body as ReadonlyArray<unknown>
    child.kill("SIGKILL")
    await once(child, "exit")
    const kept = readRecord(recordFile)
    assert.deepStrictEqual(kept.slice(0, told.next), told.observations)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(summarise(kept))), messages)
    assert.deepInclude(messages[0], { waMessageId: "CONTROL1", stanzas: 2, copies: 2, acked: true, idsWithSameText: 1 })
    for (const word of [account, contact, "a secret", "an answer"]) assert.notInclude(printed, word)
  })
})
