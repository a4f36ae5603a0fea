import { Effect } from "effect"
import { load } from "../Config.ts"
import { example, markdown } from "./ConfigText.ts"
import { faint, say, strong } from "./Terminal.ts"

export interface ConfigOptions {
  readonly json: boolean
  readonly example: boolean
  readonly markdown: boolean
}

/** Prints the configuration in force; fails, with every problem named, when it is not valid. Or all that can be set. */
export const print = Effect.fnUntraced(function* (options: ConfigOptions) {
  if (options.example) return say(example())
  if (options.markdown) return say(markdown())
  const { described } = yield* load
  if (options.json) return say(JSON.stringify({ settings: described }))
  const width = Math.max(...described.map(({ variable }) => variable.length))
  for (const { meaning, source, value, variable } of described) {
    say(`  ${strong(variable.padEnd(width))}  ${value}  ${faint(`${source}. ${meaning}`)}`)
  }
})
