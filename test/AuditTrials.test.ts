import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { verifyExport, verifyFiles } from "../verifier/verify.mjs"
import { run } from "./audit/Trials.ts"

const verifier = resolve(import.meta.dirname, "../verifier")

describe("trials of the audit", () => {
  it("whatever is done to log or tree is found and named by the verifier", async () => {
    const { missed, misnamed, wronged, ...counted } = await run({ trials: 28, seed: 130 })
    assert.deepStrictEqual({ missed, misnamed, wronged }, { missed: [], misnamed: [], wronged: [] })
    assert.deepInclude(counted, { found: 28, named: 28 })
    assert.strictEqual(Object.keys(counted.kinds).length, 14)
  })

  it("a tree that leaves one event out does not pass", async () => {
    const { wronged } = await run({ trials: 1, seed: 131, skipsLeaf: true })
    assert.strictEqual(wronged.length, 2)
  })
})

describe("the verifier", () => {
  it("is one file that imports nothing but Node's own modules, and can be packed", () => {
    const imports = [
      ...readFileSync(join(verifier, "verify.mjs"), "utf8").matchAll(/(?:from|import\()\s*["']([^"']+)/g)
    ]
    assert.isAbove(imports.length, 3)
    assert.deepStrictEqual(
      imports.map(([, name]) => name).filter((name) => !name!.startsWith("node:")),
      []
    )
    const { dependencies, files, version } = JSON.parse(readFileSync(join(verifier, "package.json"), "utf8"))
    assert.deepStrictEqual([dependencies, version], [undefined, "1.0.0"])
    assert.includeMembers(readdirSync(verifier), files)
    const help = execFileSync(process.execPath, [join(verifier, "verify.mjs"), "--help"], { encoding: "utf8" })
    assert.include(help, "Ends with 0: proven")
  })

  it("comes to the roots that Certificate Transparency has published for its own test tree", async () => {
    const hash = (...parts: ReadonlyArray<Uint8Array>) => createHash("sha256").update(Buffer.concat(parts)).digest()
    let link = Buffer.alloc(32)
    const entries = ["", "\u0000", "\u0010", " !", "01", "@ABC", "PQRSTUVW", "`abcdefghijklmno"].map((entry) => {
      const leaf = hash(Uint8Array.of(0), Buffer.from(entry))
      link = hash(Uint8Array.of(2), link, leaf)
      return `{"entry":${entry},"leaf":"${leaf.toString("hex")}","link":"${link.toString("hex")}"}`
    })
    const roots: ReadonlyArray<readonly [size: number, root: string]> = [
      [1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
      [2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
      [5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"],
      [8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"]
    ]
    const heads = roots.map(([size, root]) => `log\n${size}\n${Buffer.from(root, "hex").toString("base64")}\n\n`)
    const flawsOf = async (some: ReadonlyArray<string>) => {
      const lines = ['{"format":"homing-audit-export/1","origin":"log","size":8}', ...entries]
      const { flaws = [] } = await verifyExport({ lines: [...lines, JSON.stringify({ head: heads[3] })], heads: some })
      return flaws.map(({ reason }) => reason).filter((reason) => reason !== "it is no event")
    }
    assert.deepStrictEqual(await flawsOf(heads), [])
    assert.match(
      (await flawsOf([heads[0]!, heads[1]!.replace("\n2\n", "\n3\n")])).join(),
      /not the one of the tree head 3/
    )
  })

  it("takes nothing but a line feed for the end of a line", async () => {
    const folder = mkdtempSync(join(tmpdir(), "homing-verify-"))
    const file = join(folder, "export")
    const event = JSON.stringify({ id: "1", revision: 0, stream: "message-1", tags: "a\u2028b\u2029c\u0085d" })
    const digest = (mark: number, ...parts: ReadonlyArray<Uint8Array>) =>
      createHash("sha256")
        .update(Buffer.concat([Uint8Array.of(mark), ...parts]))
        .digest()
    const leaf = digest(0, Buffer.from(event))
    const head = JSON.stringify({ head: `log\n1\n${leaf.toString("base64")}\n\n` })
    const line = `{"entry":${event},"leaf":"${leaf.toString("hex")}","link":"${digest(2, Buffer.alloc(32), leaf).toString("hex")}"}`
    writeFileSync(file, `{"format":"homing-audit-export/1","origin":"log","size":1}\n${line}\n${head}\n`)
    const { exitCode, report } = await verifyFiles({ file })
    rmSync(folder, { recursive: true })
    assert.deepStrictEqual([exitCode, report.verdict, report.reason], [3, "consistent", undefined])
  })

  it("says of what cannot be read that it cannot", async () => {
    const refused = async (options: Parameters<typeof verifyExport>[0]) =>
      verifyExport(options).then(
        ({ verdict }) => verdict,
        (error: Error) => error.message
      )
    const lines = ['{"format":"homing-audit-export/1","origin":"log","size":0}']
    assert.match(await refused({ lines: [] }), /the export is empty/)
    assert.match(await refused({ lines: ["{}"] }), /does not begin as one/)
    assert.match(await refused({ lines, keys: ["log+00000000+AAAA"] }), /no verifier key/)
    assert.match(await refused({ lines, heads: ["nothing"] }), /not a C2SP checkpoint/)
    assert.strictEqual(await refused({ lines }), "refuted")
    assert.strictEqual(await refused({ lines: [...lines, "what is this"] }), "refuted")
  })
})
