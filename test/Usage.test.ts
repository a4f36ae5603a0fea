import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { folder } from "./Homing.ts"
import { homing } from "./Process.ts"

const mistakes: ReadonlyArray<readonly [args: ReadonlyArray<string>, mistake: RegExp, help: string]> = [
  [["strat"], /^homing: Unknown subcommand "strat" .*start\n/, "homing"],
  [["start", "--prot", "1"], /^homing: Unrecognized flag: --prot/, "homing start"],
  [["demo", "--ack", "loud"], /^homing: Invalid value for flag --ack: .*"never"/, "homing demo"],
  [["agents", "enrol"], /^homing: Missing required argument: offer\n/, "homing agents enrol"],
  [["start", "--log-level", "debug"], /^homing: Unrecognized flag: --log-level/, "homing start"],
  [["config", "--json", "--example"], /^homing: --json, --example, --markdown: one of them\n/, ""]
]

describe("a command that is mistyped", () => {
  for (const [args, mistake, help] of mistakes) {
    it.live(`is answered in a line or two: ${args.join(" ")}`, () =>
      Effect.gen(function* () {
        const process = yield* homing(args, { cwd: yield* folder })
        assert.strictEqual((yield* process.ended).code, 1)
        assert.strictEqual(process.stdout(), "")
        assert.match(process.stderr(), mistake)
        assert.strictEqual(process.stderr().split("\n")[1], help === "" ? "" : `See ${help} --help`)
        assert.isAtMost(process.stderr().split("\n").length, 3)
      })
    )
  }

  it.live("offers no flag that does nothing", () =>
    Effect.gen(function* () {
      const process = yield* homing(["start", "--help"], { cwd: yield* folder })
      yield* process.ended
      const flags = [...process.stdout().matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag!)
      assert.sameMembers(flags, ["help", "version", "completions"])
    })
  )
})
