import { SqlError } from "effect/sql"

/** What the system says of a server that is away, and the server while it starts, stops or has no connection to give. */
const passing: ReadonlySet<unknown> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"],
  ...["57P01", "57P02", "57P03", "53300"]
])

/** What the operating system or the server said. */
export const innermost = (error: unknown): Partial<NodeJS.ErrnoException> =>
  error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : (error as Error)
/** A connection that ended or stayed silent has no code; one that is refused for what it is, has another. */
export const mayPass = (error: SqlError.SqlError): boolean => {
  const { code, message = "" } = innermost(error)
  if (code !== undefined) return passing.has(code)
  return error.reason._tag === "ConnectionError" && !/\b(TLS|SSL)\b/.test(message)
}

/** Of any error: it came of a server that has gone away, and may come back. */
export const isPassing = (error: unknown): boolean => SqlError.isSqlError(error) && mayPass(error)
