import { execFile } from "node:child_process"
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join, resolve } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, connectedDevice, folder, start, text } from "./Homing.ts"

/** An export into what takes it, what does not, and from a gateway that goes away in its midst. */

const command = resolve(import.meta.dirname, "../services/cli/homing.ts")

/** As a shell runs it, which says how it ended. */
const shell = (cwd: string, line: string) =>
  Effect.promise(
    () =>
      new Promise<string>((done) => {
        const env = { PATH: process.env.PATH, NO_COLOR: "1", API_KEY: apiKey, NODE: process.execPath, HOMING: command }
        execFile("bash", ["-c", `cd "${cwd}"; ${line}`], { env, encoding: "utf8" }, (_, out) => done(out.trim()))
      })
  )

/** All that the gateway answers, but its entries. */
const withoutEntries = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(async ({ headers, url: path = "/" }, response) => {
        if (path.startsWith("/v1/audit/entries")) {
          response.destroy()
          return
        }
        const { "x-api-key": key = "", authorization = "" } = headers as Record<string, string>
        const answer = await fetch(new URL(path, url), { headers: { "x-api-key": key, authorization } })
        response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" })
        response.end(await answer.text())
      })
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
      return server
    }),
    (server) => Effect.promise(() => new Promise<void>((closed) => void server.close(() => closed())))
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

it.live("an export is written whole, or what stood there before stays", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const gateway = yield* start(join(root, "data"), AcknowledgesAtOnce.layer)
    yield* gateway.call("POST", "/v1/messages", text(yield* connectedDevice(gateway)))
    const exporting = `"$NODE" "$HOMING" audit export --url ${gateway.url}`

    assert.match(yield* shell(root, `${exporting} - 2>/dev/null | head -c 1; echo " \${PIPESTATUS[0]}"`), /^\{ 0$/)
    const printed = yield* shell(root, `${exporting} - 2>&1 >/dev/full; echo "ended with $?"`)
    assert.match(printed, /cut off: ENOSPC[^\n]*\nended with 1$/)
    const device = yield* shell(root, `${exporting} /dev/full 2>&1; echo "ended with $?"`)
    assert.match(device, /^homing: ENOSPC[^\n]*\nended with 1$/)
    const nowhere = yield* shell(root, `${exporting} nowhere/log.ndjson 2>&1; echo "ended with $?"`)
    assert.match(nowhere, /^homing: ENOENT[^\n]*\nended with 1$/)

    const file = join(root, "log.ndjson")
    writeFileSync(file, "of before")
    symlinkSync(file, join(root, "link"))
    const url = yield* withoutEntries(gateway.url)
    const before = readdirSync(root)
    for (const name of ["log.ndjson", "link", "new.ndjson"]) {
      const cut = yield* shell(root, `"$NODE" "$HOMING" audit export --url ${url} ${name} 2>&1; echo "ended with $?"`)
      assert.match(cut, /ended with 1$/)
    }
    assert.strictEqual(readFileSync(file, "utf8"), "of before")
    assert.deepStrictEqual(readdirSync(root), before)

    assert.match(yield* shell(root, `${exporting} link 2>&1; echo "ended with $?"`), /ended with 0$/)
    assert.match(readFileSync(file, "utf8"), /^\{"format":"homing-audit-export\/1".*\n\{"head":"[^\n]*\n$/s)
    assert.deepStrictEqual(readdirSync(root), before)
  })
)
