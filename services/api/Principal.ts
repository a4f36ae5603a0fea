import { includes, type Scope } from "#domain/access/Scopes.ts"
import type { ApiKeyId, ClientId, DeviceId, LoginId } from "#domain/Ids.ts"

/** Which devices a client may use. No list is no word for all of them. */
export type DevicesAllowed = ReadonlySet<DeviceId> | "all"

/** Whose key a request came with, and what it may do. */
export interface Principal {
  readonly client: ClientId
  readonly key: ApiKeyId
  readonly scopes: ReadonlySet<Scope>
  readonly devices: DevicesAllowed
  /** Of a request that came with a cookie instead. */
  readonly login?: LoginId
}

export const may = ({ scopes }: Principal, scope: Scope): boolean => includes(scopes, scope)

/** Whether a device is there for it: to send with, and to manage. By its id alone: whether there is one is not told. */
export const mayUse = ({ devices }: Pick<Principal, "devices">, device: DeviceId): boolean =>
  devices === "all" || devices.has(device)

/** To look at, and to read what it sent. Who reads everybody's messages sees every device. */
export const maySee = (principal: Principal, device: DeviceId): boolean =>
  mayUse(principal, device) || may(principal, "messages:read:all")

/** The devices of which it reads what they heard; `undefined`: all. A client without a list was given none. */
export const hears = (principal: Principal): ReadonlySet<DeviceId> | undefined => {
  if (may(principal, "messages:read:all")) return undefined
  return principal.devices === "all" ? new Set() : principal.devices
}
