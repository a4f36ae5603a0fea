import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { verifyExport } from "../../verifier/verify.mjs"
import { dice } from "../crash/Dice.ts"
import { copy, exported, grow, logKey, makeTree, sign } from "./Log.ts"
import { forging, tampering } from "./Mutations.ts"

export interface Options {
  readonly trials: number
  readonly seed: number
  /** The tree leaves one event out. A run that measures anything fails. */
  readonly skipsLeaf?: boolean
  readonly progress?: (line: string) => void
}

export interface Report {
  readonly seed: number
  readonly trials: number
  /** Refuted, given a head that was kept elsewhere. */
  readonly found: number
  /** Refuted with the first bad position, and that is the right one. */
  readonly named: number
  readonly missed: ReadonlyArray<string>
  readonly misnamed: ReadonlyArray<string>
  /** What was not touched and yet refuted, or believed without a head. */
  readonly wronged: ReadonlyArray<string>
  /** How many trials of each kind. */
  readonly kinds: Readonly<Record<string, number>>
}

/** Trials on one log, before another is made. */
const perLog = 25
const kinds = { ...tampering, ...forging }
const names = Object.keys(kinds)

/**
 * Makes logs as the gateway does, keeps a head of each, changes its files in every way at random, and has the verifier say
 * what was changed. Of what was made to fit it names a stretch by the head alone, and the place with an export of before.
 */
export const run = async ({ progress = () => {}, seed, skipsLeaf = false, trials }: Options): Promise<Report> => {
  const chance = dice(seed)
  const root = mkdtempSync(join(tmpdir(), "homing-audit-"))
  const [missed, misnamed, wronged]: [Array<string>, Array<string>, Array<string>] = [[], [], []]
  const counts: Record<string, number> = {}
  let [found, named] = [0, 0]

  const perform = <A>(work: Effect.Effect<A, unknown>) => Effect.runPromise(work)

  const oneLog = async (first: number, last: number) => {
    const whole = join(root, `log-${first}`)
    mkdirSync(whole)
    const size = chance.between(40, 700)
    await perform(grow(whole, chance, size))
    await perform(makeTree(whole, chance, skipsLeaf ? chance.below(size) : undefined))
    const kept = await perform(sign(whole, chance.between(Math.ceil(size / 4), size - 2)))
    const own = await perform(sign(whole))
    const before = await perform(exported(whole, own))

    const honest = await verifyExport({ lines: before, heads: [kept.note], keys: [logKey] })
    if (honest.verdict !== "proven") wronged.push(`log ${first}: ${honest.verdict}, ${honest.reason}`)
    const alone = await verifyExport({ lines: before, keys: [logKey] })
    const unproven = alone.unestablished.some((one) => one.startsWith("internally consistent, completeness unproven"))
    if (alone.verdict !== "consistent" || !unproven) wronged.push(`log ${first} without a head: ${alone.verdict}`)

    for (let trial = first; trial < last; trial++) {
      const name = names[trial % names.length]!
      const folder = join(root, `trial-${trial}`)
      mkdirSync(folder)
      copy(whole, folder)
      const expected = await perform(kinds[name]!({ folder, size, below: kept.size }, chance))
      counts[name] = (counts[name] ?? 0) + 1
      const isForged = name in forging
      const lines = await perform(exported(folder, isForged ? await perform(sign(folder)) : own))
      const asked = { lines, heads: [kept.note], keys: [logKey] }
      const report = await verifyExport(asked)
      const what = `trial ${trial}, ${name} at ${expected} of ${size}, head ${kept.size}`
      if (report.verdict === "refuted") found++
      else missed.push(`${what}: ${report.verdict}`)
      const [from = 0, upTo = 0] = report.between ?? []
      const isWithin = from <= expected && expected < upTo
      const precise = isForged ? await verifyExport({ ...asked, earlier: before }) : report
      if (isWithin && precise.firstBad === expected) named++
      else misnamed.push(`${what}: ${from} to ${upTo}, ${precise.firstBad}: ${precise.reason}`)
      rmSync(folder, { recursive: true })
    }
    rmSync(whole, { recursive: true })
  }

  try {
    for (let first = 0; first < trials; first += perLog) {
      await oneLog(first, Math.min(trials, first + perLog))
      progress(`${Math.min(trials, first + perLog)} of ${trials} trials: ${found} found, ${named} named`)
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
  return { seed, trials, found, named, missed, misnamed, wronged, kinds: counts }
}
