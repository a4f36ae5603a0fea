import type { Scope } from "#domain/access/Client.ts"
import type { ApiKeyId, ClientId } from "#domain/Ids.ts"

/** Whose key a request came with, and what it may do. */
export interface Principal {
  readonly client: ClientId
  readonly key: ApiKeyId
  readonly scopes: ReadonlySet<Scope>
}

/** `admin` includes the others. */
export const may = ({ scopes }: Principal, scope: Scope): boolean => scopes.has(scope) || scopes.has("admin")
