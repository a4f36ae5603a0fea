import { existsSync, readFileSync } from "node:fs"
import { parseEnv } from "node:util"

export interface EnvFile {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** What the parser would take in part, and drop the rest in silence: a key with a `#` in it say, without quotes. */
  readonly torn: ReadonlySet<string>
  /** The numbers of lines that the parser would pass over: neither a variable nor a comment. */
  readonly strange: ReadonlyArray<number>
  /** What more than one line names: the last of them counts. */
  readonly twice: ReadonlySet<string>
}

const assignment = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(.*)$/gm
const comment = /^\s*(#.*)?$/

/** Whether all that stands behind a `=` is a value: either in quotes, or without a `#` that begins no comment. */
const isWhole = (written: string): boolean => {
  const value = written.trimStart()
  const quote = /^["'`]/.exec(value)?.[0]
  if (quote === undefined) return !written.replace(/\s#.*$/, "").includes("#")
  const end = value.indexOf(quote, 1)
  return end > 0 && comment.test(value.slice(end + 1))
}

const named = /^\s*(?:export\s+)?([^\s=]+)\s*=(.*)$/
/** A value in quotes goes on over as many lines as it takes to the second one, if there is one. */
const linesOf = (text: string): Pick<EnvFile, "strange" | "twice"> => {
  const lines = text.split(/\r?\n/)
  const strange: Array<number> = []
  const once = new Set<string>()
  const twice = new Set<string>()
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (comment.test(line)) continue
    const [, name = "", written] = named.exec(line) ?? []
    const value = written?.trimStart()
    const quote = /^["'`]/.exec(value ?? "")?.[0]
    if (value === undefined) {
      strange.push(i + 1)
      continue
    }
    const seen = once.has(name) ? twice : once
    seen.add(name)
    if (quote !== undefined && !value.includes(quote, 1)) {
      const end = lines.findIndex((later, k) => k > i && later.includes(quote))
      if (end !== -1) i = end
    }
  }
  return { strange, twice }
}

/** Windows' editors begin a file with a mark, which would be a part of the first variable's name. */
const unmarked = (text: string) => text.replace(/^\uFEFF/, "")

export const parse = (written: string): EnvFile => {
  const text = unmarked(written)
  const variables = parseEnv(text)
  const torn = new Set<string>()
  for (const [, variable = "", value = ""] of text.matchAll(assignment)) {
    // a value may go on over several lines if it is in quotes: then the parser has all of it
    if (!isWhole(value) && !variables[variable]?.includes("\n")) torn.add(variable)
    else torn.delete(variable)
  }
  return { variables, torn, ...linesOf(text) }
}

/** A file `.env` in the working directory, if there is one. */
export const read = (): EnvFile => (existsSync(".env") ? parse(readFileSync(".env", "utf8")) : parse(""))
