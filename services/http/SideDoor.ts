import type { IncomingMessage, ServerResponse } from "node:http"
import { Context } from "effect"

/**
 * What answers some requests by its own hand, before the router and what every other request passes. Says whether it took
 * this one; then it alone answers.
 */
export const SideDoor = Context.Reference<(request: IncomingMessage, response: ServerResponse) => boolean>(
  "homing/services/http/SideDoor",
  { defaultValue: () => () => false }
)
