import { Effect } from "effect"
import { load } from "../Config.ts"
import { faint, say, strong } from "./Terminal.ts"

/** Prints the configuration in force; fails, with every problem named, when it is not valid. */
export const print = Effect.fnUntraced(function* ({ json }: { readonly json: boolean }) {
  const { described } = yield* load
  if (json) return say(JSON.stringify({ settings: described }))
  const width = Math.max(...described.map(({ variable }) => variable.length))
  for (const { meaning, source, value, variable } of described) {
    say(`  ${strong(variable.padEnd(width))}  ${value}  ${faint(`${source}. ${meaning}`)}`)
  }
})
