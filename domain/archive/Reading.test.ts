import { assert, describe, it } from "@effect/vitest"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { beginning, linked } from "./Chain.ts"
import { nothingBefore, reading } from "./Reading.ts"

const id = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, "0")}`
const request = (n: number) => ({
  v: 1,
  kind: "request",
  id: id(n),
  app: "default",
  source: "meta",
  position: String(n),
  event: id(n),
  receivedAt: "2026-11-30T12:00:00.000Z",
  headers: {},
  bytes: 2,
  encoding: "utf8",
  body: "{}"
})

/** A file, as it is written. */
const fileOf = (segment: number, previous: string, many: number, lines = many) => {
  const said: ReadonlyArray<object> = [
    { v: 1, kind: "opened", segment, day: "2026-11-30", previous },
    ...Array.from({ length: many }, (_, n) => request(n)),
    { v: 1, kind: "closed", segment, lines }
  ]
  let link = previous
  return said.map((one) => {
    const made = linked(crypto, link, one)
    link = made.link
    return made.line
  })
}

const read = (lines: ReadonlyArray<string>, before?: { segment: number; link: string }) => {
  const reader = reading(crypto, before)
  for (const [i, line] of lines.entries()) {
    const found = reader.take(line)
    if (typeof found === "string") return `${i + 1} ${found}`
  }
  return reader.soFar()
}

describe("a file of an archive", () => {
  const whole = fileOf(1, beginning, 3)

  it("is read as what it says, and is gone on from", () => {
    const first = read(whole, nothingBefore)
    assert(typeof first === "object")
    assert.deepInclude(first, { segment: 1, day: "2026-11-30", lines: 3, requests: 3, routed: 0, isClosed: true })
    assert.strictEqual(typeof read(fileOf(2, first.link, 1), first), "object")
    assert.strictEqual(read(fileOf(3, first.link, 1), first), "1 other_segment")
    assert.strictEqual(read(fileOf(2, beginning, 1), first), "1 other_segment")
  })

  it("is broken where something was changed, left out, added, moved or cut off before its end", () => {
    const [opened, one, two, three, closed] = whole as [string, string, string, string, string]
    const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
      ["1 misplaced", [one, two]],
      ["2 misplaced", [opened, opened, one]],
      ["2 unreadable", [opened, one.slice(1)]],
      ["2 broken_link", [opened, one.replace('"bytes":2', '"bytes":3'), two]],
      ["2 broken_link", [opened, two, three]],
      ["3 broken_link", [opened, one, three, two]],
      ["3 broken_link", [opened, one, one, two]],
      ["2 broken_link", [opened, one.replace(/,"link":"[0-9a-f]{64}"\}$/, "}"), two]],
      ["2 miscounted", [opened, closed]],
      ["6 after_the_end", [...whole, one]],
      ["5 miscounted", fileOf(1, beginning, 3, 4)]
    ]
    for (const [expected, lines] of cases) assert.strictEqual(read(lines), expected, lines.join("\n").slice(0, 200))
  })
})
