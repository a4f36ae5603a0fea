/** What an export shows. */
export interface Report {
  readonly verdict: "proven" | "refuted" | "consistent"
  readonly origin: string
  readonly entries: number
  /** Of what is refuted: the first bad position, counted from 0; `null` where only `between` is known. */
  readonly firstBad?: number | null
  /** From, and up to without. */
  readonly between?: readonly [number, number]
  readonly reason?: string
  /** All that is wrong, up to a hundred: where it may be, and what it is. */
  readonly flaws?: ReadonlyArray<{ readonly index: number; readonly upTo: number; readonly reason: string }>
  readonly established: ReadonlyArray<string>
  readonly unestablished: ReadonlyArray<string>
}

export function verifyExport(options: {
  readonly lines: AsyncIterable<string> | Iterable<string>
  readonly heads?: ReadonlyArray<string>
  readonly keys?: ReadonlyArray<string>
  readonly witnesses?: ReadonlyArray<string>
  readonly quorum?: number
  readonly earlier?: AsyncIterable<string> | Iterable<string> | undefined
}): Promise<Report>

export function verifyFiles(options: {
  readonly file: string
  readonly heads?: ReadonlyArray<string>
  readonly keys?: ReadonlyArray<string>
  readonly witnesses?: ReadonlyArray<string>
  readonly quorum?: number
  readonly earlier?: string | undefined
}): Promise<{ readonly report: Report; readonly exitCode: number }>

export function toldOf(report: Report): string
