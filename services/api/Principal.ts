import { includes, type Scope } from "#domain/access/Scopes.ts"
import type { ApiKeyId, ClientId, DeviceId } from "#domain/Ids.ts"

/** Whose key a request came with, and what it may do. */
export interface Principal {
  readonly client: ClientId
  readonly key: ApiKeyId
  readonly scopes: ReadonlySet<Scope>
  /** Those that its client may use, if these are not all. */
  readonly devices: ReadonlySet<DeviceId> | undefined
}

export const may = ({ scopes }: Principal, scope: Scope): boolean => includes(scopes, scope)

/** Whether a device is there for it: to send with, and to manage. By its id alone: whether there is one is not told. */
export const mayUse = ({ devices }: Principal, device: DeviceId): boolean => devices?.has(device) ?? true

/** To look at, and to read what it sent. Who reads everybody's messages sees every device. */
export const maySee = (principal: Principal, device: DeviceId): boolean =>
  mayUse(principal, device) || may(principal, "messages:read:all")
