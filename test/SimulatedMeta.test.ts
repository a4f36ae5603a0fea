import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { folder } from "./Homing.ts"
import { secret } from "./MetaFixture.ts"
import { homing } from "./Process.ts"
import { gateway } from "./RoutesFixture.ts"

it.live("who posts as Meta does by command is told by its exit code whether every answer was the right one", () =>
  Effect.gen(function* () {
    const { url } = yield* gateway(yield* folder)
    const cwd = yield* folder
    const run = Effect.fnUntraced(function* (target: string, appSecret: string) {
      const env = { NO_COLOR: "1", META_APP_SECRET: appSecret }
      const process = yield* homing(["simulator", "meta", "--target", target], { cwd, env })
      const { code } = yield* process.ended
      return { code, err: process.stderr().trimEnd(), said: process.stdout().trimEnd() }
    })
    const right = yield* run(url, secret)
    assert.deepStrictEqual([right.code, right.err], [0, ""])
    assert.match(right.said, /\n {2}(\d+) of \1 answers as expected$/)
    const wrong = yield* run(url, `${secret}x`)
    assert.deepStrictEqual([wrong.code, wrong.err], [1, ""])
    assert.include(wrong.said, "401, not 200")
    const nobody = yield* run("http://127.0.0.1:1", secret)
    assert.deepStrictEqual(
      [nobody.code, nobody.said, nobody.err],
      [1, "", "homing: nobody answers at http://127.0.0.1:1/webhooks/meta/whatsapp"]
    )
    const none = yield* run("gateway", secret)
    assert.deepStrictEqual([none.code, none.err], [1, "homing: --target is no address: http://localhost:4010 say"])
  })
)
