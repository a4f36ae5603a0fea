import type { AgentId } from "#domain/Ids.ts"
import type { OpenSpan, Tracing } from "#domain/ports/Tracing.ts"
import type { Unboxed } from "#domain/wire/Posting.ts"
import type { AgentCommand } from "#domain/wire/Protocol.ts"

interface Ordered {
  readonly device: string
  readonly command: Unboxed<AgentCommand>
}

const nothing = () => {}

/** Orders under spans of their own, which end together. What stands in no trace stays as it is. */
export const dispatched = <Order extends Ordered>(
  traces: Tracing | undefined,
  agent: AgentId,
  orders: ReadonlyArray<Order>
): { readonly orders: ReadonlyArray<Order>; readonly end: (isFailed: boolean) => void } => {
  if (traces === undefined) return { orders, end: nothing }
  const open: Array<readonly [OpenSpan, Order]> = []
  const under = orders.map((order): Order => {
    const { command } = order
    const span = command.kind === "send" ? traces.begin("dispatch", command.trace) : undefined
    if (span === undefined) return order
    open.push([span, order])
    return { ...order, command: { ...command, trace: span.traceparent } as Order["command"] }
  })
  return {
    orders: under,
    end: (isFailed) => {
      for (const [span, { command, device }] of open) {
        const message = command.kind === "send" ? { "homing.message.id": command.message } : {}
        span.end({ ...message, "homing.agent.id": agent, "homing.device.id": device }, isFailed)
      }
    }
  }
}
