import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs"
import { Schema } from "effect"
import { Observation } from "./Observation.ts"

const decode = Schema.decodeUnknownSync(Observation)
const linesPerMark = 1_000
const chunkBytes = 256 * 1024
const newline = 10

/** Observations as JSON lines, in a file that only grows. A line that was torn by a crash of the machine is cut off. */
export class RecordFile {
  readonly #file: number
  /** Where every thousandth line begins. */
  readonly #marks: Array<number> = []
  #bytes = 0
  #lines = 0

  /** Continues a file that exists. Throws when it cannot be written. */
  constructor(path: string) {
    this.#file = openSync(path, "a+", 0o600)
    for (const line of linesIn(this.#file, 0)) this.#count(line.byteLength + 1)
    ftruncateSync(this.#file, this.#bytes)
  }

  add(observation: Observation) {
    const line = Buffer.from(`${JSON.stringify(observation)}\n`)
    writeSync(this.#file, line)
    this.#count(line.byteLength)
  }

  /** Those from the nth on, a chunk in memory at a time. Throws on a line that is no observation. */
  *from(nth: number): Generator<Observation> {
    const mark = Math.min(Math.floor(nth / linesPerMark), this.#marks.length - 1)
    if (mark < 0) return
    let at = mark * linesPerMark
    for (const line of linesIn(this.#file, this.#marks[mark]!))
      if (at++ >= nth) yield decode(JSON.parse(line.toString()))
  }

  close() {
    closeSync(this.#file)
  }

  #count(bytes: number) {
    if (this.#lines % linesPerMark === 0) this.#marks.push(this.#bytes)
    this.#lines += 1
    this.#bytes += bytes
  }
}

/** Reads a record file. A last line that was torn is left out; any other bad line throws. */
export const readRecord = (path: string): ReadonlyArray<Observation> => {
  const file = openSync(path, "r")
  try {
    return [...linesIn(file, 0)].map((line) => decode(JSON.parse(line.toString())))
  } finally {
    closeSync(file)
  }
}

/** Whole lines, from a position on. */
function* linesIn(file: number, position: number): Generator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for (let at = position; ; ) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const length = readSync(file, chunk, 0, chunkBytes, at)
    if (length === 0) return
    at += length
    let bytes = Buffer.concat([rest, chunk.subarray(0, length)])
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline)) {
      yield bytes.subarray(0, end)
      bytes = bytes.subarray(end + 1)
    }
    rest = bytes
  }
}
