import type { Order } from "../Transport.ts"
import type { Order as AgentOrder } from "./Commands.ts"

/** What an agent is told to do about it. */
export const agentOrder = (order: Order<"whatsapp-web">): AgentOrder => {
  const { attempt, commandId, device, expiresAt, position } = order
  const about = { commandId, attempt, position, device, expiresAt }
  if (order.kind === "link") {
    const personal = order.phone === undefined ? { method: "qr" } : { method: "code", phone: order.phone }
    return { ...about, subject: "-", command: { kind: "pair", personal } }
  }
  if (order.kind === "read") {
    const { fact, message: personal } = order
    return { ...about, subject: "-", command: { kind: "read", fact, personal } }
  }
  if (order.kind !== "send") return { ...about, subject: "-", command: { kind: order.kind } }
  const { content, message, quote, subject, to, trace, via } = order
  const personal = { to, content, ...(quote !== undefined && { quote }) }
  const command = { kind: "send", message, waMessageId: via.messageId, personal } as const
  if (trace !== undefined) return { ...about, subject, command: { ...command, trace } }
  return { ...about, subject, command }
}
