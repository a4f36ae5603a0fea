import type { ApiKeyId, ClientId } from "#domain/Ids.ts"

/** Whose request it is. A client owns several keys: rotating one changes no message's id. */
export interface Caller {
  readonly client: ClientId
  readonly key: ApiKeyId
}
