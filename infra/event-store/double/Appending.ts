import { type Context, never, pause } from "./Context.ts"
import type { ProposedEvent } from "./Log.ts"
import { writeTimeoutMillis } from "./Proposal.ts"
import type { Outcome } from "./Writer.ts"

/** Appends, and lets the faults take the answer: then it never resolves. */
export const appendAndAnswer = async (
  { dropConnections, faults, writer }: Context,
  path: "append" | "batch-append",
  stream: string,
  expected: bigint,
  events: ReadonlyArray<ProposedEvent>
): Promise<Outcome> => {
  const outcome = await writer.append(stream, expected, events)
  const lost = faults.take("lose-answer", path)
  if (lost?.how === "drop") dropConnections()
  if (lost) return never
  if (outcome._tag === "Dropped") await pause(writeTimeoutMillis)
  return outcome
}
