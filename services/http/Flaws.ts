import { type Schema, SchemaIssue } from "effect"
import type { Flaw } from "../api/Problems.ts"
import { pointed } from "./Variants.ts"

/** Members whose own members the caller names: a pointer into them would repeat the caller's words. */
const callersOwn = new Set(["tags"])
const most = 10

const noMembersBut = "no members but "

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "UnexpectedKey" && issue.ast._tag === "Objects"
      ? noMembersBut + issue.ast.propertySignatures.map(({ name }) => String(name)).join(", ")
      : SchemaIssue.defaultLeafHook(issue)
})

const escaped = (segment: PropertyKey) => String(segment).replaceAll("~", "~0").replaceAll("/", "~1")

const pointerTo = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string => {
  let pointer = ""
  for (const step of path) {
    const segment = typeof step === "object" ? step.key : step
    pointer += `/${escaped(segment)}`
    if (callersOwn.has(String(segment))) break
  }
  return pointer
}

const expectedBy = (message: string) => (message === "Missing key" ? "a value" : message.replace(/^Expected /, ""))

/** What does not fit, and what was expected there. Schemas here never report their input, so no value gets out. */
export const flawsOf = (error: Schema.SchemaError, place: Flaw["in"]): ReadonlyArray<Flaw> => {
  const flaws = new Map<string, Flaw>()
  for (const { message, path = [] } of format(pointed(error.issue)).issues) {
    // a member that is not ours is the caller's word: it is told where, and not which
    const pointer = pointerTo(message.startsWith(noMembersBut) ? path.slice(0, -1) : path)
    flaws.set(`${pointer} ${message}`, { in: place, pointer, expected: expectedBy(message) })
  }
  return [...flaws.values()].slice(0, most)
}
