import { cpSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { noteIn } from "#domain/audit/Note.ts"
import { headIn } from "#domain/audit/TreeHead.ts"
import { AgentId } from "#domain/Ids.ts"
import * as AgentProcess from "#mac-agent/Layers.ts"
import * as Standing from "#mac-agent/witnessing/Standing.ts"
import { entryLine, firstLine, lastLine } from "#services/cli/AuditExport.ts"
import { verifyExport } from "../verifier/verify.mjs"
import { bus, enrolled, home, startAgent, startGateway } from "./Apart.ts"
import { eventually, folder, gatewayOptions, type Homing, life } from "./Homing.ts"

const abroad = AgentId.make("abroad")
const options = { options: { ...gatewayOptions, witnessing: { everyMillis: 300 } } }

const rootOf = (note: string) => headIn(noteIn(note)!.text)!
const records = ({ call }: Homing, prefix: string, many: number) =>
  Effect.forEach(
    Array.from({ length: many }, (_, n) => `${prefix} ${n}`),
    (name) => call("POST", "/v1/clients", { name, scopes: ["messages:read"] })
  )
/** The newest head once so many have signed it: the log, and witnesses. */
const headWith = ({ call }: Homing, signatures: number) =>
  Effect.map(
    eventually(call("GET", "/v1/audit/head"), ({ body }) => noteIn(body.note)?.signatures.length === signatures),
    ({ body }) => body as { note: string; size: number; origin: string; keys: ReadonlyArray<string> }
  )
const stateOf = ({ call }: Homing, agent: AgentId) =>
  Effect.map(call("GET", "/v1/audit/witnesses"), ({ body }) =>
    body.items.find((one: { readonly agent: string }) => one.agent === agent)
  )

const verified = Effect.fnUntraced(function* (
  { call }: Homing,
  heads: ReadonlyArray<string>,
  witnesses: ReadonlyArray<string>
) {
  const { body: head } = yield* call("GET", "/v1/audit/head")
  const { body } = yield* call("GET", `/v1/audit/entries?limit=${head.size}`)
  const lines = [firstLine(head.origin, head.size), ...body.items.map(entryLine), lastLine(head.note)]
  return yield* Effect.promise(() =>
    verifyExport({ lines: lines.map((line) => line.trimEnd()), heads, keys: head.keys, witnesses, quorum: 2 }).then(
      ({ verdict }) => verdict,
      ({ message }: Error) => message
    )
  )
})

describe("a log with two witnesses", () => {
  it.live(
    "cannot show each of them a history of its own: neither is cosigned by both, and who meets the other's refuses",
    () =>
      Effect.gen(function* () {
        const root = yield* folder
        const [path, copy] = [join(root, "gateway"), join(root, "copy")]
        const folderOf = (agent: AgentId) => join(root, agent)
        const witnessOf = (agent: AgentId) =>
          Effect.provide(Standing.standing, AgentProcess.witness(agent, folderOf(agent), { isChanged: false }))

        const [first, lane] = [yield* life, yield* bus]
        const gateway = yield* first.during(startGateway(path, lane, options))
        for (const agent of [home, abroad]) {
          yield* enrolled(gateway, folderOf(agent), agent)
          yield* first.during(startAgent(folderOf(agent), lane, agent))
        }
        yield* headWith(gateway, 3)
        // whoever is shown a head beside the other's word knows the other from then on
        yield* records(gateway, "common", 3)
        const { others } = yield* eventually(witnessOf(home), ({ others }) => others.length > 0)
        yield* eventually(witnessOf(abroad), ({ others }) => others.length > 0)
        const keys = [(yield* witnessOf(home)).key, (yield* witnessOf(abroad)).key]
        assert.deepStrictEqual(
          others.map(({ key }) => key),
          [keys[1]]
        )
        const common = yield* headWith(gateway, 3)
        assert.strictEqual(yield* verified(gateway, [common.note], keys), "proven")
        yield* first.end
        cpSync(path, copy, { recursive: true })

        /** One witness alone sees how the log goes on. */
        const branch = Effect.fnUntraced(function* (at: string, agent: AgentId, prefix: string, many: number) {
          const [during, own] = [yield* life, yield* bus]
          const shown = yield* during.during(startGateway(at, own, options))
          yield* during.during(startAgent(folderOf(agent), own, agent))
          yield* records(shown, prefix, many)
          const { size } = yield* eventually(stateOf(shown, agent), (state) => state?.size >= common.size + many)
          const { body: head } = yield* eventually(shown.call("GET", "/v1/audit/head"), ({ body }) => body.size >= size)
          const verdict = yield* verified(shown, [head.note], keys)
          yield* during.end
          return verdict
        })
        assert.match(yield* branch(path, home, "here", 24), /1 of the witnesses cosigned .+, and 2 have to/)
        assert.match(yield* branch(copy, abroad, "there", 24), /1 of the witnesses cosigned .+, and 2 have to/)

        const [last, met] = [yield* life, yield* bus]
        const again = yield* last.during(startGateway(path, met, options))
        yield* last.during(startAgent(folderOf(abroad), met, abroad))
        const refused = yield* eventually(stateOf(again, abroad), (state) => state?.contradiction != null)
        assert.include(["forked", "rolled_back"], refused.contradiction.reason)
        assert.notDeepEqual(rootOf(refused.contradiction.offered).root, rootOf(refused.contradiction.cosigned).root)
        assert.strictEqual(rootOf((yield* witnessOf(abroad)).note!).size, rootOf(refused.contradiction.cosigned).size)
        yield* last.end
      })
  )
})
