import { cpSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { noteIn } from "#domain/audit/Note.ts"
import { headIn } from "#domain/audit/TreeHead.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, gatewayOptions, type Homing, life, start } from "./Homing.ts"

const options = { ...gatewayOptions, witnessing: { everyMillis: 300 } }

const witnessOf = ({ call }: Homing) => Effect.map(call("GET", "/v1/audit/witnesses"), ({ body }) => body.items[0])
const sizeIn = (note: string) => headIn(noteIn(note)!.text)!.size

describe("the agent in the gateway's own process", () => {
  it.live("cosigns the log as it grows, and refuses one that was put back, naming both heads", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const [path, copy] = [join(root, "data"), join(root, "copy")]
      const begin = (lines: Array<string> = []) =>
        start(path, AcknowledgesAtOnce.layer, { options, log: (line) => void lines.push(line) })

      const one = yield* life
      const first = yield* one.during(begin())
      yield* connectedDevice(first)
      const cosigned = yield* eventually(witnessOf(first), (witness) => witness?.cosignedAt != null)
      assert.isNull(cosigned.contradiction)
      yield* one.end
      cpSync(path, copy, { recursive: true })

      const two = yield* life
      const second = yield* two.during(begin())
      // of these neither the agent's ledger nor anybody else but the witness knows
      const more = 24 // than a start records by itself
      for (let n = 1; n <= more; n++) {
        yield* second.call("POST", "/v1/clients", { name: `client ${n}`, scopes: ["messages:read"] })
      }
      const grown = yield* eventually(witnessOf(second), ({ size }) => size >= cosigned.size + more)
      const { body: head } = yield* eventually(
        second.call("GET", "/v1/audit/head"),
        ({ body }) => noteIn(body.note)!.signatures.length === 2
      )
      assert.include(noteIn(head.note)!.signatures[1]!.name, `${head.origin}/`)
      yield* two.end

      // everything is put back but what the agent remembers
      for (const name of ["log.db", "views.db"]) {
        for (const end of ["", "-wal", "-shm"]) rmSync(join(path, `${name}${end}`), { force: true })
        cpSync(join(copy, name), join(path, name))
      }
      const remembered = readFileSync(join(path, "witness.json"), "utf8")
      const lines: Array<string> = []
      const third = yield* begin(lines)
      const { contradiction } = yield* eventually(witnessOf(third), (witness) => witness?.contradiction != null)
      assert.strictEqual(sizeIn(contradiction.cosigned), grown.size)
      assert.isBelow(sizeIn(contradiction.offered), grown.size)
      assert.strictEqual(contradiction.reason, "rolled_back")
      const { body: health } = yield* third.call("GET", "/health/detailed")
      assert.include(health.warnings, "audit_witness_refused")
      assert.isTrue(
        lines.some(
          (line) => line.includes("shows another history than was cosigned") && line.includes(`${grown.size} `)
        )
      )
      assert.strictEqual(readFileSync(join(path, "witness.json"), "utf8"), remembered)
    })
  )
})
