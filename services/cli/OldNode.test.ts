import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { Script } from "node:vm"
import { assert, describe, it } from "@effect/vitest"

const entry = join(import.meta.dirname, "homing.ts")
const line = /^homing: this is Node [\d.]+, and Node 26 or newer is needed\. .+\n$/

interface Ended {
  readonly code: number
  readonly stderr: string
}
const run = (node: string, ...args: ReadonlyArray<string>): Promise<Ended> =>
  promisify(execFile)(node, args).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }) => ({ code, stderr })
  )

/** Those on this machine's PATH that are too old. */
const olderNodes = async () => {
  const places = new Set(
    (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
      try {
        return [realpathSync(join(folder, "node"))]
      } catch {
        return []
      }
    })
  )
  const isOlder = await Promise.all(
    [...places].map(
      async (node) =>
        (await run(node, "-e", "process.exit(Number.parseInt(process.versions.node) < 26 ? 3 : 0)")).code === 3
    )
  )
  return [...places].filter((_, i) => isOlder[i])
}
const older = await olderNodes()

describe("the command on a Node that is too old", () => {
  it("ends with one line", async () => {
    const pretend = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.20.2' })"
    const { code, stderr } = await run(process.execPath, "--import", pretend, entry, "start")
    assert.strictEqual(code, 1)
    assert.match(stderr, line)
    assert.include(stderr, "this is Node 20.20.2")
  })

  it.skipIf(older.length === 0)(`so does each that is here: ${older.join(", ")}`, async () => {
    for (const node of older) {
      const { code, stderr } = await run(node, entry, "start")
      assert.strictEqual(code, 1)
      assert.match(stderr, line)
    }
  })

  it("is read by all of them: it is JavaScript, and no module", () => {
    new Script(readFileSync(entry, "utf8"))
    assert.match(realpathSync(entry), /\.cjs$/)
  })

  it("loads no parser of TypeScript once all was compiled", async () => {
    const folder = mkdtempSync(join(tmpdir(), "homing-entry-"))
    for (const name of ["domain", "infra", "mac-agent", "services", "node_modules", "package.json"]) {
      symlinkSync(join(import.meta.dirname, "../..", name), join(folder, name)) // all but the bundle
    }
    const tell =
      "data:text/javascript,process.on('exit', () => process.stderr.write(process.moduleLoadList.filter((name) => name.includes('amaro')).join()))"
    const asTheyLie = ["--preserve-symlinks", "--preserve-symlinks-main"]
    const again = async () => {
      const { NODE_COMPILE_CACHE: _, ...rest } = process.env
      const surroundings = { env: { ...rest, TMPDIR: folder } }
      const args = [...asTheyLie, "--import", tell, join(folder, "services/cli/homing.cjs"), "--version"]
      return (await promisify(execFile)(process.execPath, args, surroundings)).stderr
    }
    try {
      assert.include(await again(), "amaro")
      assert.strictEqual(await again(), "")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
