import { Effect, Schema } from "effect"
import { load } from "../Config.ts"
import { example, markdown } from "./ConfigText.ts"
import { faint, say, strong } from "./Terminal.ts"

export interface ConfigOptions {
  readonly json: boolean
  readonly example: boolean
  readonly markdown: boolean
}

class OneOfThem extends Schema.TaggedError<OneOfThem>()("OneOfThem", {}) {
  override get message() {
    return "--json, --example, --markdown: one of them"
  }
}

/** Prints the configuration in force; fails, with every problem named, when it is not valid. Or all that can be set. */
export const print = Effect.fnUntraced(function* (options: ConfigOptions) {
  if (Object.values(options).filter(Boolean).length > 1) return yield* new OneOfThem()
  if (options.example) return say(example())
  if (options.markdown) return say(markdown())
  const { described, misspelt, twice } = yield* load
  if (options.json) return say(JSON.stringify({ settings: described, misspelt, twice }))
  const width = Math.max(...described.map(({ variable }) => variable.length))
  for (const { meaning, source, value, variable } of described) {
    say(`  ${strong(variable.padEnd(width))}  ${value}  ${faint(`${source}. ${meaning}`)}`)
  }
  for (const { meant, source, variable } of misspelt) {
    say(`  ${strong(variable.padEnd(width))}  ${faint(`${source}. Is no setting: was ${meant} meant?`)}`)
  }
  for (const variable of twice)
    say(`  ${strong(variable.padEnd(width))}  ${faint("stands twice in .env: its last line counts.")}`)
})
