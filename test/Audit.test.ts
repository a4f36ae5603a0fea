import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { noteKeyIn } from "#domain/audit/Note.ts"
import { isConsistent, isIncluded } from "#domain/audit/Tree.ts"
import { openHead } from "#domain/audit/TreeHead.ts"
import { utf8 } from "#domain/Bytes.ts"
import { leafHash } from "#domain/MerkleTree.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, connectedDevice, eventually, folder, start, text } from "./Homing.ts"
import { homing } from "./Process.ts"

const hashes = (path: ReadonlyArray<string>) => path.map((one) => Uint8Array.fromBase64(one))
const bytes = (base64: string) => Uint8Array.fromBase64(base64)

/** A command that ends by itself: its exit code, and what it prints. */
const run = Effect.fnUntraced(function* (cwd: string, args: ReadonlyArray<string>) {
  const process = yield* homing(["audit", ...args], { cwd, env: { NO_COLOR: "1", API_KEY: apiKey } })
  const { code } = yield* process.ended
  return { code, out: process.stdout(), err: process.stderr() }
})

it.live("every event is proven to be in the log, and the log only to have grown, by a head alone", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const { call, url } = yield* start(join(root, "data"), AcknowledgesAtOnce.layer)
    const device = yield* connectedDevice({ call, url })
    const head = Effect.map(call("GET", "/v1/audit/head"), ({ body }) => body)
    const sent = Effect.map(call("POST", "/v1/messages", text(device)), ({ body }) => body.id as string)
    const firstId = yield* sent
    const proofs = eventually(
      call("GET", `/v1/audit/proofs/inclusion?message=${firstId}`),
      ({ body, status }) => status === 200 && body.items.length >= 2
    )
    const { body: proven } = yield* proofs
    const [key] = proven.head.keys
    const believed = yield* openHead(crypto, proven.head.note, proven.head.origin, [noteKeyIn(crypto, key)!])
    const { root: top, size } = believed!.head
    for (const { entry, index, path } of proven.items) {
      const leaf = leafHash(crypto.sha256, utf8(entry))
      assert.isTrue(isIncluded(crypto.sha256, { index, size, leaf, path: hashes(path), root: top }))
      assert.strictEqual(JSON.parse(entry).stream, `message-${firstId}`)
      assert.notInclude(entry, "hello")
    }
    yield* sent
    const later = yield* eventually(head, (one) => one.size > size)
    const { body: grown } = yield* call("GET", `/v1/audit/proofs/consistency?from=${size}&to=${later.size}`)
    const to = { size: later.size, root: bytes(later.root) }
    assert.isTrue(isConsistent(crypto.sha256, { size, root: top }, to, hashes(grown.path)))

    const { body: checkpoint } = yield* call("GET", "/v1/audit/checkpoint")
    assert.match(checkpoint.text, /^homing\/[0-9a-f-]{36}\n\d+\n[A-Za-z0-9+/]{43}=\n\n— homing\//)
    const tile = yield* Effect.promise(() =>
      fetch(`${url}/v1/audit/tile/0/000.p/${size}`, { headers: { "x-api-key": apiKey } })
    )
    assert.deepStrictEqual(
      [tile.headers.get("content-type"), (yield* Effect.promise(() => tile.bytes())).length],
      ["application/octet-stream", size * 32]
    )
    const refused = ["/tile/0/000", "/tile/0/0", "/proofs/inclusion?index=99999", "/proofs/consistency?from=9&to=8"]
    for (const path of refused) {
      assert.strictEqual((yield* call("GET", `/v1/audit${path}`)).body.code, "audit_entry_not_found", path)
    }
    assert.strictEqual((yield* call("GET", "/v1/audit/proofs/inclusion")).body.code, "invalid_request")
    const { body: client } = yield* call("POST", "/v1/clients", { name: "shop", scopes: ["messages:read"] })
    const own = { authorization: `Bearer ${client.key.secret}` }
    assert.strictEqual((yield* call("GET", "/v1/audit/head", undefined, own)).body.code, "forbidden")

    const [file, kept] = [join(root, "log.ndjson"), join(root, "head")]
    writeFileSync(kept, proven.head.note)
    const told = yield* run(root, ["export", "--url", url, file])
    assert.strictEqual(told.code, 0, told.err)
    const verified = yield* run(root, ["verify", "--key", key, "--head", kept, file])
    assert.strictEqual(verified.code, 0, verified.out + verified.err)
    assert.match(verified.out, /^proven: homing\//)
    const unproven = yield* run(root, ["verify", "--key", key, file])
    assert.strictEqual(unproven.code, 3)
    assert.include(unproven.out, "internally consistent, completeness unproven")
    writeFileSync(file, readFileSync(file, "utf8").replace('"type":"message.queued', '"type":"message.cueued'))
    const refuted = yield* run(root, ["verify", "--json", "--key", key, "--head", kept, file])
    assert.strictEqual(refuted.code, 2)
    assert.strictEqual(JSON.parse(refuted.out).firstBad, proven.items[0].index)
    writeFileSync(kept, "no head\n")
    const unread = yield* run(root, ["verify", "--key", key, "--head", kept, file])
    assert.deepStrictEqual([unread.code, unread.out], [1, ""])
    assert.include(unread.err, "not a C2SP checkpoint")
  })
)
