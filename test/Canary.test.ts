import { hash } from "node:crypto"
import { connect } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { digests, scanner } from "./Canaries.ts"
import { callerOf, eventually, folder } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

const own = "4915123987604"
const friend = "60123987651"
const stranger = "60198761234"
const said = "the zanzibar quokka sings at noon"
const heard = "a mauve walrus answered from afar"
const groupName = "Ocelots of Lower Saxony"
const deviceName = "Quetzalcoatl's handset"
const clientName = "Bilberry Umbrella Works"

/** The other ways to write a number: a hash of each is another one. */
const writtenOut = (whose: string, number: string) => ({
  [`${whose} number`]: number,
  [`${whose} number with a plus`]: `+${number}`,
  [`${whose} JID`]: `${number}@s.whatsapp.net`
})

/** What must be nowhere but in the answers to those who may read messages. */
const { inFolder, inText } = scanner({
  ...writtenOut("own", own),
  ...writtenOut("recipient's", friend),
  "recipient's national number": `0${friend.slice(2)}`,
  ...writtenOut("stranger's", stranger),
  "sent text": said,
  "received text": heard,
  "group name": groupName,
  "device name": deviceName,
  "client name": clientName
})

const message = (device: string, more: object = {}) => ({
  device,
  to: `+${friend}`,
  content: { type: "text", text: said },
  confirm: { until: "sent", timeoutMs: 30_000 },
  ...more
})

/** Bytes that are not quite HTTP; what the server says to them. */
const raw = (url: string, bytes: string) =>
  Effect.callback<string>((resume) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.end(bytes))
    let answer = ""
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text
    })
    socket.on("error", () => resume(Effect.succeed(answer)))
    socket.on("close", () => resume(Effect.succeed(answer)))
  })

type Request = readonly [method: string, path: string, body?: unknown, headers?: Record<string, string>]

/** Everything a caller may do wrong with a person's data in hand. */
const badRequests = (device: string): ReadonlyArray<Request> => [
  ["POST", "/v1/messages", message(device, { to: `+${friend}00000000` })],
  ["POST", "/v1/messages", message(device, { to: { number: friend } })],
  ["POST", "/v1/messages", message(device, { content: { type: said, text: said } })],
  ["POST", "/v1/messages", message(device, { tags: { [`${said}!`]: friend } })],
  ["POST", "/v1/messages", message(device, { confirm: { until: said } })],
  ["POST", "/v1/messages", message(friend)],
  ["POST", "/v1/messages", message(`00000000-0000-7000-8000-000${own.slice(0, 9)}`)],
  ["POST", "/v1/messages", message(device), { "content-type": "text/plain" }],
  ["POST", "/v1/messages", message(device), { "content-type": `application/${friend}` }],
  ["POST", "/v1/messages", `{"to":"+${friend}","content":{"text":"${said}"`],
  ["POST", "/v1/messages", `${friend} ${said}`],
  ["POST", "/v1/messages", message(device), { "idempotency-key": `${friend} ${"x".repeat(300)}` }],
  ["POST", "/v1/messages", message(device), { authorization: `Bearer ${said} ${friend}` }],
  ["POST", "/v1/messages", message(device), { authorization: `Basic ${btoa(`${friend}:${said}`)}` }],
  ["GET", `/v1/messages/${friend}`],
  ["GET", `/v1/messages/+${friend}/events`],
  ["GET", `/v1/messages?status=${friend}&device=${friend}&limit=${friend}`],
  ["GET", `/v1/messages?device=${friend}`],
  ["GET", `/v1/messages?after=${btoa(friend)}&q=${encodeURIComponent(said)}`],
  ["GET", `/v1/devices/${own}`],
  ["GET", `/v1/contacts/${friend}?name=${encodeURIComponent(said)}`],
  ["GET", `/${friend}`],
  ["PUT", `/v1/messages/${friend}`, { said }],
  ["DELETE", `/v1/clients/${friend}/keys/${own}`],
  ["POST", "/v1/devices", { name: deviceName, pairing: "code", phone: `${own}00000` }],
  ["POST", "/v1/devices", { name: deviceName, pairing: deviceName, phone: own }],
  ["POST", "/v1/clients", { name: clientName, scopes: [clientName] }]
]

describe("personal data", () => {
  it.live("is in no log, metric, error and file, whatever happens; only in the answers to those who may read it", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const data = join(cwd, "data")
      const findings: Array<string> = []
      const whatsapp = yield* simulator(cwd, "--record", join(cwd, "record.jsonl"), "--absent", stranger)
      const options = {
        cwd,
        env: { DATA_DIR: "data", LOG_LEVEL: "debug", PRESENCE: "on", WHATSAPP_URL: whatsapp.url }
      }

      // a first life: everything goes well
      const first = yield* started(options)
      const { body: named } = yield* first.call("POST", "/v1/devices", { name: deviceName, pairing: "qr" })
      const device: string = named.id
      yield* scan(first, whatsapp, device, own)
      const byCode = { name: `${deviceName} 2`, pairing: "code", phone: `+${own}` }
      assert.strictEqual((yield* first.call("POST", "/v1/devices", byCode)).status, 201)
      const scopes = ["messages:send", "devices:manage", "events:read"]
      const { body: made } = yield* first.call("POST", "/v1/clients", { name: clientName, scopes })
      const sender = callerOf(first.url, made.key.secret)
      const sent = yield* sender("POST", "/v1/messages", message(device), { "idempotency-key": `+${friend}` })
      assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
      findings.push(...inText("the answer to one who may not read", JSON.stringify(sent.body)))
      yield* whatsapp.control("incoming", { from: friend, to: own, text: heard })
      const inbound = yield* eventually(first.call("GET", "/v1/inbound"), ({ body }) => body.items?.length === 1)
      assert.include(inText("an answer", JSON.stringify(inbound.body)), "received text as text in an answer")
      const { group } = yield* whatsapp.control("group", { by: friend, subject: groupName, add: [own] })
      yield* whatsapp.control("incoming", { from: friend, to: own, group, text: heard })
      const seen = whatsapp.control("presence", { from: friend, to: own, state: "typing" })
      yield* eventually(seen, ({ told }) => told === 1)
      const chats = yield* eventually(first.call("GET", "/v1/chats"), ({ body }) =>
        body.items?.some(({ name }: { readonly name?: string }) => name === groupName)
      )
      assert.include(inText("an answer", JSON.stringify(chats.body)), "group name as text in an answer")
      const told = yield* sender("GET", "/v1/events?limit=500")
      assert.include(JSON.stringify(told.body), inbound.body.items[0].id)
      findings.push(...inText("what is told to one who may not read", JSON.stringify(told.body)))

      // things go wrong
      yield* whatsapp.control("faults", { ack: { error: 463 } })
      const failed = yield* sender("POST", "/v1/messages", message(device))
      assert.strictEqual(failed.body.status, "failed")
      const absent = yield* sender("POST", "/v1/messages", message(device, { to: `+${stranger}` }))
      assert.strictEqual(absent.body.status, "failed")
      yield* whatsapp.control("faults", { ack: "normal", retryReceipts: 1, dropsAfterDelivery: 1 })
      const dropped = yield* sender("POST", "/v1/messages", message(device))
      for (const answer of [failed, absent, dropped]) findings.push(...inText("an answer", JSON.stringify(answer.body)))
      for (const [i, request] of badRequests(device).entries()) {
        const answer = yield* first.call(...request)
        const where = `the answer to bad request ${i}, ${answer.status}`
        assert.isTrue(answer.status >= 400 || request[1].startsWith("/v1/messages?"), where)
        const { authorization: _, ...headers } = Object.fromEntries(answer.headers)
        findings.push(...inText(where, JSON.stringify([answer.body, headers])))
      }
      for (const bytes of [
        `GET /${friend} HTTP/9.9\r\n\r\n`,
        `${said}\r\n\r\n`,
        `POST /${friend} HTTP/1.1\r\n${said}`
      ]) {
        findings.push(...inText("the answer to what is not HTTP", yield* raw(first.url, bytes)))
      }
      yield* eventually(
        first.call("GET", `/v1/messages/${dropped.body.id}`),
        ({ body }) => body.status === "delivered" || body.status === "read"
      )

      // those who may read it, can: the words are really there to be found
      const linked = yield* eventually(first.call("GET", `/v1/devices/${device}`), ({ body }) => body.number !== null)
      assert.strictEqual(linked.body.number, `+${own}`)
      const keyed = yield* first.call("POST", "/v1/clients", { name: "a look", scopes: ["devices:read"] })
      const look = callerOf(first.url, keyed.body.key.secret)
      for (const path of [`/v1/devices/${device}`, "/v1/devices"]) {
        const shown = JSON.stringify((yield* look("GET", path)).body).replaceAll(deviceName, "")
        findings.push(...inText(path, shown))
      }
      const readable = yield* first.call("GET", `/v1/messages/${sent.body.id}`)
      assert.includeMembers(
        [...inText("an answer", JSON.stringify(readable.body))],
        ["recipient's number as text in an answer", "sent text as text in an answer"]
      )
      const shown = ["/metrics", "/health", "/health/ready", "/health/detailed", "/openapi.json"]
      for (const path of [...shown, `/v1/messages/${sent.body.id}/events`]) {
        const answer = yield* first.call("GET", path)
        assert.strictEqual(answer.status, 200)
        findings.push(...inText(path, JSON.stringify(answer.body)))
      }
      const open = inFolder(data)
      assert.includeMembers(open.files, ["log.db", "log.db-wal", "ledger.db", "views.db", "whatsapp.db"])
      findings.push(...open.findings)
      assert.strictEqual((yield* first.process.end("SIGTERM")).code, 0)

      // a second life: the phone unlinks the device, and the process is killed
      const second = yield* started(options, first.key)
      const resumed = yield* second.call("POST", "/v1/messages", message(device))
      assert.strictEqual(resumed.body.status, "sent")
      yield* whatsapp.control("stream-error", { code: 401, phone: own })
      const { body: out } = yield* eventually(
        second.call("GET", `/v1/devices/${device}`),
        ({ body }) => body.state === "logged_out"
      )
      assert.strictEqual(out.name, deviceName)
      const refused = yield* second.call("POST", "/v1/messages", message(device))
      assert.strictEqual(refused.body.code, "device_not_paired")
      findings.push(...inText("/metrics", JSON.stringify((yield* second.call("GET", "/metrics")).body)))
      yield* second.process.end("SIGKILL")

      findings.push(...inFolder(data).findings)
      for (const { process } of [first, second]) {
        assert.include(process.stderr(), '"level":"debug"')
        findings.push(...inText("standard output", process.stdout()), ...inText("standard error", process.stderr()))
      }
      assert.deepStrictEqual(findings, [])

      // the key is shown once to the person at the terminal, and kept as a digest, where keys are looked up
      const key = scanner({ key: first.key, "client's key": made.key.secret })
      assert.deepStrictEqual(key.inText("standard output", first.process.stdout()), ["key as text in standard output"])
      const logs = [first, second].map(({ process }) => process.stderr()).join("")
      const byDigest = / as sha256 in base64(url)? in (log|views)\.db(-wal)?$/
      assert.isEmpty(key.inFolder(data).findings.filter((finding) => !byDigest.test(finding)))
      assert.isEmpty(key.inText("standard error", logs))

      // the same scanner sees what the other side saw
      assert.includeMembers(inFolder(cwd).findings as Array<string>, [
        "recipient's number as text in record.jsonl",
        "sent text as text in record.jsonl",
        "received text as text in record.jsonl",
        "own number as text in record.jsonl"
      ])
    })
  )

  it("is seen by the scanner in every form", () => {
    const encodings = ["utf8", "utf16le", "hex", "base64", "base64url"] as const
    for (const word of [friend, said, clientName]) {
      for (const before of ["", "x", "xx", "xxx"]) {
        const planted = Buffer.from(`${before}${word}?~`)
        for (const encoding of encodings) {
          const bytes = encoding === "utf16le" ? planted.toString() : planted.toString(encoding)
          const where = Buffer.from(`{"a":"${bytes}"}`, encoding === "utf16le" ? encoding : "utf8")
          assert.isNotEmpty(scanner({ word }).inBytes("a place", where), `${before}${word} in ${encoding}`)
        }
      }
      for (const digest of digests) {
        for (const encoding of ["latin1", "hex", "base64", "base64url"] as const) {
          const planted = hash(digest, word, "buffer").toString(encoding)
          const found = scanner({ word }).inBytes("a place", Buffer.from(`{"a":"${planted}"}`, "latin1"))
          assert.isNotEmpty(found, `${digest} of ${word} in ${encoding}`)
        }
      }
      assert.deepStrictEqual(scanner({ word }).inText("a place", word.slice(1)), [])
    }
  })
})
