import { chmod, mkdir, open, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { Clock, Effect, Schedule, Semaphore, Stream } from "effect"
import { linked } from "#domain/archive/Chain.ts"
import { type End, nothingBefore } from "#domain/archive/Reading.ts"
import {
  type ArchiveRecord,
  type ArchiveService,
  ArchiveUnavailable,
  ArchiveUnfit,
  type OpenArchive,
  type Place
} from "#domain/ports/Archive.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { lockFolder } from "./FolderLock.ts"
import { examine, placesIn, type Segment, SegmentDamaged, segmentIn, segmentsIn } from "./Segments.ts"

export interface Options {
  readonly folder: string
  /** Files of days that are longer ago are removed; without it none ever is. */
  readonly removedAfterDays?: number | undefined
  /** A file is closed before its day is over when it is longer than that. */
  readonly longestBytes?: number | undefined
}

const longestBytes = 256 * 1024 * 1024
const dayMillis = 24 * 3_600_000
/** For its owner, and a group that ships it elsewhere. */
const growing = 0o640
const closed = 0o440
/** How often it is looked whether a day is over. */
const look = Schedule.spaced("1 minute")

const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10)

/** The file that grows. */
interface Current {
  readonly segment: Segment
  lines: number
  bytes: number
  link: string
}

const syncFolder = async (folder: string) => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Behind all that is there, on disk when it returns. */
const add = async ({ file }: Segment, text: string, flags: "a" | "ax") => {
  const handle = await open(file, flags, growing)
  try {
    await handle.writeFile(text)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

const finish = async (crypto: Crypto["Service"], { lines, link, segment }: Current): Promise<End> => {
  const end = linked(crypto, link, { v: 1, kind: "closed", segment: segment.number, lines })
  await add(segment, `${end.line}\n`, "a")
  await chmod(segment.file, closed)
  return { segment: segment.number, link: end.link }
}

const begin = async (crypto: Crypto["Service"], folder: string, before: End, day: string): Promise<Current> => {
  const segment = segmentIn(folder, before.segment + 1, day)
  const first = { v: 1, kind: "opened", segment: segment.number, day, previous: before.link }
  const { line, link } = linked(crypto, before.link, first)
  await add(segment, `${line}\n`, "ax")
  await syncFolder(folder)
  return { segment, lines: 0, bytes: Buffer.byteLength(line) + 1, link }
}

/** Cut off behind its last whole line: what follows was never said to be there. */
const cut = async ({ file }: Segment, bytes: number) => {
  const handle = await open(file, "r+")
  try {
    await handle.truncate(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface Found {
  readonly current: Current | undefined
  readonly end: End
  /** Of the last file: the clock may have been set back since. */
  readonly day: string
  readonly newest: Place | undefined
  readonly older: ReadonlyArray<Segment>
}

const nothing: Found = { current: undefined, end: nothingBefore, day: "", newest: undefined, older: [] }

/** What a process before this one left behind. Only the last file is read. */
const resume = async (crypto: Crypto["Service"], folder: string): Promise<Found> => {
  const segments = await segmentsIn(folder)
  const last = segments.at(-1)
  if (last === undefined) return nothing
  const { bytes, isTorn, newest, read } = await examine(crypto, last, undefined)
  if (read === undefined) {
    await rm(last.file) // its process ended before a word was in it
    await syncFolder(folder)
    return resume(crypto, folder)
  }
  if (isTorn) await cut(last, bytes)
  const { isClosed, lines, link } = read
  if (isClosed) await chmod(last.file, closed)
  return {
    current: isClosed ? undefined : { segment: last, lines, bytes, link },
    end: { segment: last.number, link },
    day: last.day,
    newest,
    older: segments.toReversed()
  }
}

const opening = Effect.fnUntraced(function* (crypto: Crypto["Service"], options: Options) {
  const { folder, removedAfterDays } = options
  const most = options.longestBytes ?? longestBytes
  const trying = <A>(act: () => Promise<A>) =>
    Effect.tryPromise({
      try: act,
      catch: (cause) =>
        cause instanceof SegmentDamaged
          ? new ArchiveUnfit({ problem: cause.message })
          : new ArchiveUnavailable({ cause })
    })
  yield* trying(() => mkdir(folder, { recursive: true, mode: 0o750 }))
  yield* lockFolder(folder)
  const found = yield* trying(() => resume(crypto, folder))
  const turn = yield* Semaphore.make(1)
  let { current, day, end } = found
  let isBroken = false

  const removeOld = async (today: string) => {
    if (removedAfterDays === undefined) return
    const first = dayOf(Date.parse(today) - removedAfterDays * dayMillis)
    for (const { day, file, number } of await segmentsIn(folder))
      if (day < first && number < end.segment) await rm(file)
  }
  const turnOver = async (today: string) => {
    if (current !== undefined && (current.segment.day < today || current.bytes >= most)) {
      end = await finish(crypto, current)
      current = undefined
      await removeOld(today)
    }
  }
  const write = async (records: ReadonlyArray<ArchiveRecord>, today: string) => {
    await turnOver(today)
    day = today < day ? day : today
    current ??= await begin(crypto, folder, end, day)
    let { link } = current
    const text = records.map(({ line }) => {
      const one = linked(crypto, link, line)
      link = one.link
      return `${one.line}\n`
    })
    const all = text.join("")
    await add(current.segment, all, "a")
    current.link = link
    current.lines += records.length
    current.bytes += Buffer.byteLength(all)
  }
  /**
   * After a write that failed nobody knows what of it is there: it is opened anew, and read. One that was begun is waited for:
   * the lock is given back behind it.
   */
  const alone = (act: (today: string) => Promise<void>) =>
    Effect.uninterruptible(
      turn.withPermits(1)(
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.tryPromise({
            try: async () => {
              if (isBroken) throw new Error("what was being written is to be read first")
              isBroken = true
              await act(dayOf(now))
              isBroken = false
            },
            catch: (cause) => new ArchiveUnavailable({ cause })
          })
        )
      )
    )
  yield* alone(turnOver)
  yield* Effect.forkScoped(Effect.repeat(Effect.ignore(alone(turnOver)), look))

  const newest = Stream.fromIterable(found.newest === undefined ? [] : [found.newest]).pipe(
    Stream.concat(
      Stream.fromIterable(found.older).pipe(
        Stream.rechunk(1),
        Stream.flatMap((segment) =>
          Stream.fromIterableEffect(
            Effect.tryPromise({ try: () => placesIn(segment), catch: (cause) => new ArchiveUnavailable({ cause }) })
          )
        )
      )
    )
  )
  return {
    newest,
    append: (records) => (records.length === 0 ? Effect.void : alone((today) => write(records, today)))
  } satisfies OpenArchive
})

/**
 * Files that grow by lines, one for each day; each line is on disk before it counts, none is ever written again. What is over
 * is closed and can only be read. Programs that ship lines elsewhere can follow them.
 */
export const make = (options: Options): Effect.Effect<ArchiveService, never, Crypto> =>
  Effect.map(Crypto, (crypto) => ({
    ready: Effect.tryPromise({
      try: async () => {
        await mkdir(options.folder, { recursive: true, mode: 0o750 })
        await syncFolder(dirname(options.folder))
      },
      catch: (cause) => new ArchiveUnavailable({ cause })
    }),
    open: opening(crypto, options)
  }))
