import { type Schema, SchemaIssue } from "effect"
import type { Flaw } from "../api/Problems.ts"

/** Members whose own members the caller names: a pointer into them would repeat the caller's words. */
const callersOwn = new Set(["tags"])
const most = 10

const format = SchemaIssue.makeFormatterStandardSchemaV1()

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
export const flawsOf = (error: Schema.SchemaError, place: Flaw["in"]): ReadonlyArray<Flaw> =>
  format(error.issue)
    .issues.slice(0, most)
    .map(({ message, path = [] }) => ({ in: place, pointer: pointerTo(path), expected: expectedBy(message) }))
