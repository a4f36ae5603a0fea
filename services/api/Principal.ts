import { includes, type Scope } from "#domain/access/Scopes.ts"
import type { ApiKeyId, ClientId } from "#domain/Ids.ts"

/** Whose key a request came with, and what it may do. */
export interface Principal {
  readonly client: ClientId
  readonly key: ApiKeyId
  readonly scopes: ReadonlySet<Scope>
}

export const may = ({ scopes }: Principal, scope: Scope): boolean => includes(scopes, scope)
