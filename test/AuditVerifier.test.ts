import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { toldOf, verifyExport, verifyFiles } from "../verifier/verify.mjs"

/** What an operator who wants to be believed may give to the verifier. Everything here fits: only the form is odd. */

const digest = (mark: number, ...parts: ReadonlyArray<Uint8Array>) =>
  createHash("sha256")
    .update(Buffer.concat([Uint8Array.of(mark), ...parts]))
    .digest()
const leafOf = (entry: Uint8Array) => digest(0, entry)
const emptyRoot = createHash("sha256").digest()

const noted = (size: number | string, root: Uint8Array, origin = "log") =>
  `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n\n`

const event = (revision: number, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ id: `id-${revision}`, revision, stream: "message-1", type: "Sent", ...more })

const rootOf = (leaves: ReadonlyArray<Buffer>): Buffer => {
  if (leaves.length < 2) return leaves[0] ?? emptyRoot
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return digest(1, rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** An export that fits together, whatever its entries are. */
const exportOf = (entries: ReadonlyArray<string>, origin = "log") => {
  const leaves = entries.map((entry) => leafOf(Buffer.from(entry)))
  let link: Buffer = Buffer.alloc(32)
  const lines = entries.map((entry, index) => {
    link = digest(2, link, leaves[index]!)
    return `{"entry":${entry},"leaf":"${leaves[index]!.toString("hex")}","link":"${link.toString("hex")}"}`
  })
  const head = noted(entries.length, rootOf(leaves), origin)
  const first = JSON.stringify({ format: "homing-audit-export/1", origin, size: entries.length })
  return { lines: [first, ...lines, JSON.stringify({ head })], head, leaves }
}

const reasonOf = async (entries: ReadonlyArray<string>) => {
  const { reason, verdict } = await verifyExport({ lines: exportOf(entries).lines })
  return `${verdict}: ${reason}`
}

describe("the verifier, of what is odd", () => {
  it("takes nothing for an event that two readers may read as two", async () => {
    assert.strictEqual(await reasonOf([event(0), event(1)]), "consistent: undefined")
    const twice = '{"id":"a","id":"b","revision":0,"stream":"message-1"}'
    const odd = [
      twice,
      twice.replace('"id":"b"', '"i\\u0064":"b"'),
      '{"id":"a","revision":-0,"stream":"message-1"}',
      '{"id":"a","revision":0.0,"stream":"message-1"}',
      '{"id":"a","n":1e400,"revision":0,"stream":"message-1"}',
      '{"id":"a","n":9007199254740993,"revision":0,"stream":"message-1"}',
      '{ "id":"a","revision":0,"stream":"message-1"}',
      '{"stream":"message-1","id":"a","revision":0}',
      '{"id":"\\u0061","revision":0,"stream":"message-1"}',
      '{"id":"a","revision":0,"stream":"message-1"}\r',
      `{"id":"a","n":${"[".repeat(100_000)}${"]".repeat(100_000)},"revision":0,"stream":"message-1"}`,
      '{"id":{},"revision":0,"stream":"message-1"}',
      '{"id":"a","revision":"0","stream":"message-1"}',
      '{"revision":0,"stream":"message-1"}',
      " null",
      "[]",
      "1",
      '"text"',
      ""
    ]
    for (const entry of odd) assert.strictEqual(await reasonOf([entry]), "refuted: it is no event", entry.slice(0, 80))
  })

  it("reads a head of nothing as one, and what is behind it as well", async () => {
    const { lines, head, leaves } = exportOf([event(0), event(1), event(2)])
    const none = noted(0, emptyRoot)
    const { verdict, reason } = await verifyExport({ lines, heads: [none, head] })
    assert.deepStrictEqual([verdict, reason], ["consistent", undefined])
    const wrong = noted(2, leaves[0]!)
    assert.match(`${(await verifyExport({ lines, heads: [none, wrong] })).reason}`, /not the one of the tree head 2 /)
  })

  it("refutes a head of nothing that comes to something", async () => {
    const { lines, leaves } = exportOf([event(0)])
    const { verdict, reason } = await verifyExport({ lines, heads: [noted(0, leaves[0]!)] })
    assert.strictEqual(verdict, "refuted")
    assert.match(`${reason}`, /not the one of the tree head 0 /)
    const empty = exportOf([]).lines
    const spoilt = [empty[0]!, JSON.stringify({ head: noted(0, leaves[0]!) })]
    const report = await verifyExport({ lines: spoilt })
    assert.deepStrictEqual([report.verdict, report.firstBad], ["refuted", 0])
  })

  it("does not say of heads that they were signed when it did not look", async () => {
    const { lines, head, leaves } = exportOf([event(0), event(1)])
    const { flaws, verdict } = await verifyExport({ lines, heads: [head, noted(2, leaves[0]!)] })
    assert.strictEqual(verdict, "refuted")
    assert.match(JSON.stringify(flaws), /two tree heads of one size/)
    assert.notMatch(JSON.stringify(flaws), /signed/)
  })

  it("takes a size that no number can hold for none", async () => {
    const { lines, leaves } = exportOf([event(0)])
    for (const size of ["9007199254740993", "1".repeat(400)]) {
      const judged = verifyExport({ lines, heads: [noted(size, leaves[0]!)] })
      assert.match(
        await judged.then(
          ({ verdict }) => verdict,
          ({ message }) => message
        ),
        /not a C2SP checkpoint/
      )
    }
  })

  it("hears nothing behind the head that ends an export", async () => {
    const { lines, head } = exportOf([event(0), event(1)])
    for (const more of [JSON.stringify({ head }), lines[2]!, "", "{}", lines[0]!]) {
      const { verdict } = await verifyExport({ lines: [...lines, more] })
      assert.strictEqual(verdict, "refuted", more)
    }
    const [first, one, two, last] = lines as [string, string, string, string]
    assert.strictEqual((await verifyExport({ lines: [first, one, last, two, last] })).verdict, "refuted")
  })

  it("lets no file speak to the terminal, or in its name", async () => {
    const told = async (options: Parameters<typeof verifyExport>[0]) =>
      verifyExport(options).then(toldOf, ({ message }: Error) => `refused: ${message}`)
    const { lines, head } = exportOf([event(0)])
    const origins = ["\u001b[2K\rproven:log", "log\u009b1A", "log\u202e", "log\nproven: log", "log\u2028proven", "a b"]
    for (const origin of origins) {
      const spoken = [
        await told({ lines: exportOf([event(0)], origin).lines }),
        await told({ lines: [lines[0]!.replace('"log"', JSON.stringify(origin)), ...lines.slice(1)] }),
        await told({ lines, heads: [head.replace("log", origin)] }),
        await told({ lines, keys: [`${origin}+00000000+AAAA`] })
      ]
      for (const one of spoken) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        assert.notMatch(one, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2028]/)
        assert.match(one, /^refused: /)
      }
    }
  })

  it("says of a first line without an origin that it is no beginning", async () => {
    for (const origin of ["", ',"origin":null', ',"origin":{}', ',"origin":""']) {
      const lines = [`{"format":"homing-audit-export/1"${origin},"size":1}`, ...exportOf([event(0)]).lines.slice(1)]
      const told = await verifyExport({ lines }).then(
        ({ verdict }) => verdict,
        ({ message }) => message
      )
      assert.match(told, /does not begin as one/, origin)
    }
  })
})

const verifier = resolve(import.meta.dirname, "../verifier/verify.mjs")

describe("the verifier, of files", () => {
  const inFolder = async (work: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), "homing-verify-"))
    try {
      await work(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it("hashes the bytes that stand there, and not what they are read as", () =>
    inFolder(async (folder) => {
      const { lines } = exportOf([event(0, { words: "a\ufffdb" })])
      const whole = Buffer.from(`${lines.join("\n")}\n`)
      const at = whole.indexOf(Buffer.from("\ufffd"))
      const file = join(folder, "export")
      writeFileSync(file, whole)
      assert.strictEqual((await verifyFiles({ file })).exitCode, 3)
      writeFileSync(file, Buffer.concat([whole.subarray(0, at), Uint8Array.of(0xff), whole.subarray(at + 3)]))
      assert.strictEqual((await verifyFiles({ file })).exitCode, 2)
    }))

  it("ends with a word and no trace, whatever it is given, and whoever stops listening", () =>
    inFolder(async (folder) => {
      const put = (name: string, content: string | Uint8Array) => {
        writeFileSync(join(folder, name), content)
        return join(folder, name)
      }
      const good = put("good", `${exportOf([event(0)]).lines.join("\n")}\n`)
      const long = put("long", `${exportOf([event(0)]).lines[0]}\n${"x".repeat(70 * 1024 * 1024)}`)
      const crlf = put("crlf", `${exportOf([event(0)]).lines.join("\r\n")}\r\n`)
      const nul = put("nul", Buffer.alloc(1_000_000))
      const none = put("none", "")
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, code: number]> = [
        [[good], 3],
        [[long], 1],
        [[crlf], 2],
        [[nul], 1],
        [[none], 1],
        [[folder], 1],
        [[join(folder, "nowhere")], 1],
        [["--what"], 1],
        [[good, good], 1],
        [[good, "--head", nul], 1],
        [[good, "--head", long], 1],
        [[good, "--key", "log+00000000+\u001b[2J"], 1],
        [[good, "--earlier", none], 3]
      ]
      for (const [args, code] of cases) {
        const ended = await new Promise<{ readonly code: number | null; readonly told: string }>((resolved) => {
          const child = spawn(process.execPath, [verifier, ...args])
          let told = ""
          for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (told += data))
          child.on("close", (ended) => resolved({ code: ended, told }))
        })
        assert.strictEqual(ended.code, code, `${args}: ${ended.told.slice(0, 300)}`)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        assert.notMatch(ended.told, /^ {4}at |\u001b/m)
        assert.isBelow(ended.told.length, 2_000)
      }
      const unheard = await new Promise<{ readonly code: number | null; readonly told: string }>((resolved) => {
        const child = spawn(process.execPath, [verifier, good])
        let told = ""
        child.stdout.destroy()
        child.stderr.on("data", (data) => (told += data))
        child.on("close", (ended) => resolved({ code: ended, told }))
      })
      assert.deepStrictEqual(unheard, { code: 3, told: "" })
    }))
})
