import type { Schema } from "effect"
import { type AnyProblem, problem } from "../api/Problems.ts"

/** The members that an endpoint declares for its headers or its query. */
export const membersOf = (declared: Schema.Top | undefined): ReadonlyArray<string> =>
  declared?.ast._tag === "Objects" ? declared.ast.propertySignatures.map(({ name }) => String(name)) : []

type Refusal = AnyProblem<"invalid_request">

/**
 * Refuses what is asked with a parameter that the endpoint does not have: a misspelt `status` would otherwise be a list of
 * everything. The parameter is the caller's word, and is not repeated. So is one that is given twice: which one is meant?
 */
export const knownQuery = (declared: Schema.Top | undefined) => {
  const names = membersOf(declared)
  const expected = names.length === 0 ? "no parameters" : `no parameters but ${names.join(", ")}`
  const refusal: Refusal = problem("invalid_request", { errors: [{ in: "query", pointer: "", expected }] })
  return (url: string): Refusal | undefined => {
    const query = url.indexOf("?")
    if (query < 0) return undefined
    const asked = [...new URLSearchParams(url.slice(query)).keys()]
    if (!asked.every((name) => names.includes(name))) return refusal
    const twice = new Set(asked.filter((name, i) => asked.indexOf(name) < i))
    return twice.size === 0 ? undefined : problem("invalid_request", { errors: [...twice].map(given) })
  }
}

const given = (twice: string) =>
  ({ in: "query", pointer: `/${twice}`, expected: "one value; it is given twice" }) as const
