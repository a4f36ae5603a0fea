import type { DatabaseSync } from "node:sqlite"
import { Effect, Exit, Result } from "effect"
import { after, type Timer } from "#domain/Timer.ts"
import { CommitFailed, commitTogether } from "./Transaction.ts"
import { usability } from "./Usable.ts"

/**
 * Writes that arrive together share one transaction, hence one sync to disk; each has its own answer. A write is
 * synchronous and may touch nothing but the database.
 */
export interface GroupCommit<in Result> {
  /** Durable when it returns. */
  readonly write: <A extends Result>(write: () => A) => Effect.Effect<A, CommitFailed>
  /** The same, but rides on the next commit, 50 milliseconds later at most. */
  readonly along: <A extends Result>(write: () => A) => Effect.Effect<A, CommitFailed>
  /**
   * Rides on the next commit, one second later at most. While nothing can be stored it is kept, before all that comes
   * later, and offered again with every commit and every second. One that is itself at fault is logged and lost.
   */
  readonly soon: (write: () => Result) => Effect.Effect<void>
  /** Commits what is queued now: a read after it shows what was deferred. */
  readonly flush: Effect.Effect<void>
  /** Fails when a commit would, as far as that can be told without one: a full disk is still read from. */
  readonly usable: Effect.Effect<void, CommitFailed>
}

const alongMillis = 50
const soonMillis = 1_000
const mostTurns = 4
/** Bounds how long one commit holds the event loop. */
const batchLimit = 512

interface Queued<Result> {
  readonly write: () => Result
  /** Nobody waits to hear of a deferred one. */
  readonly settle: ((exit: Exit.Exit<Result, CommitFailed>) => void) | undefined
}

/**
 * `afterCommit` hears the results of a batch when they are durable, before any of its writers does.
 * What is there when the scope closes is offered once more.
 */
export const make = Effect.fnUntraced(function* <Result = unknown>(
  db: DatabaseSync,
  afterCommit: (results: ReadonlyArray<Result>) => void = () => {}
) {
  const log = Effect.runForkWith(yield* Effect.context())
  const commit = commitTogether(db)
  const usable = usability(db)
  let queue: Array<Queued<Result>> = []
  /** The deferred ones that could not be stored, all older than what is queued. */
  let kept: ReadonlyArray<Queued<Result>> = []
  let armed: NodeJS.Immediate | undefined
  let deadline: Timer | undefined
  let departure: Timer | undefined
  /** How many writers wait for the next commit, did at the last turn of the event loop, and did for the last commit. */
  let waiting = 0
  let gathered = 0
  let latest = 1
  let turns = 0
  let open = true

  const flush = () => {
    clearImmediate(armed)
    deadline?.stop()
    departure?.stop()
    armed = deadline = departure = undefined
    latest = waiting
    waiting = gathered = turns = 0
    const batch = [...kept, ...queue.slice(0, batchLimit)]
    queue = queue.slice(batchLimit)
    if (queue.length > 0) arm()
    const outcome = commit(batch.map(({ write }) => write))
    if (Result.isFailure(outcome)) return refuse(batch, outcome.failure)
    usable.stored()
    if (kept.length > 0) log(Effect.logInfo("what was kept is stored"))
    kept = []
    const exits = outcome.success
    afterCommit(exits.filter(Exit.isSuccess).map(({ value }) => value))
    for (const [i, { settle = logLost }] of batch.entries()) settle(exits[i]!) // what a writer then adds arms for itself
  }
  const refuse = (batch: ReadonlyArray<Queued<Result>>, failure: CommitFailed) => {
    usable.failed(failure.cause)
    const deferred = batch.filter(({ settle }) => settle === undefined)
    if (kept.length === 0 && deferred.length > 0)
      log(Effect.logWarning("nothing can be stored; what nobody waits for is kept, and offered again", failure))
    kept = deferred
    if (kept.length > 0) armLater()
    const exit = Exit.fail(failure)
    for (const { settle } of batch) settle?.(exit)
  }
  /**
   * While every turn of the event loop brings further writers, they are on their way together and leave together; but
   * one that is alone, as the last was, waits for nobody.
   */
  const gather = () => {
    armed = undefined
    const isAlone = waiting <= 1 && latest <= 1
    if (isAlone || waiting === gathered || ++turns > mostTurns) return flush()
    gathered = waiting
    arm()
  }
  const arm = () => {
    armed ??= setImmediate(gather)
  }
  /** All that is there now, and not what its writers then add. */
  const flushAll = () => {
    for (let left = kept.length + queue.length; left > 0 && kept.length + queue.length > 0; left -= batchLimit) flush()
  }
  const armLater = () => {
    if (queue.length >= batchLimit) arm()
    else deadline ??= after(soonMillis, flush).unref()
  }
  const armShortly = () => {
    if (queue.length >= batchLimit) arm()
    else departure ??= after(alongMillis, flush)
  }
  const enqueue = (queued: Queued<Result>, wake: () => void) => {
    if (!open)
      return queued.settle?.(Exit.fail(new CommitFailed({ written: "no", cause: new Error("database closed") })))
    queue.push(queued)
    wake()
  }
  const logLost = (exit: Exit.Exit<unknown, CommitFailed>) => {
    if (Exit.isFailure(exit)) log(Effect.logError("a write that nobody waits for is at fault, and lost", exit.cause))
  }

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      open = false
      flushAll()
      deadline?.stop()
      departure?.stop()
      return kept.length === 0
        ? Effect.void
        : Effect.logWarning("what nobody waits for is lost", { writes: kept.length })
    })
  )

  const told = <A extends Result>(write: () => A, wake: () => void) =>
    Effect.callback<A, CommitFailed>((resume) =>
      enqueue({ write, settle: (exit) => resume(exit as Exit.Exit<A, CommitFailed>) }, wake)
    )

  const group: GroupCommit<Result> = {
    write: (write) =>
      told(write, () => {
        waiting++
        arm()
      }),
    along: (write) => told(write, armShortly),
    soon: (write) => Effect.sync(() => enqueue({ write, settle: undefined }, armLater)),
    flush: Effect.sync(flushAll),
    usable: Effect.try({ try: usable.refuse, catch: (cause) => new CommitFailed({ written: "no", cause }) })
  }
  return group
})
