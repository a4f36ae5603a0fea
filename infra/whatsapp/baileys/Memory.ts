import {
  type CacheStore,
  DEFAULT_CACHE_TTLS,
  DEFAULT_CONNECTION_CONFIG,
  type SignalKeyStore,
  type SocketConfig,
  type WASocket
} from "@whiskeysockets/baileys"
import { BoundedMap } from "./BoundedMap.ts"

const most = 2_048
/** After so many sessions moved from a number to its LID, what is remembered of them is forgotten. */
const mostMigrations = 512
const tokenIndex = "__index"

/**
 * What Baileys remembers while it is connected, each part with a bound. Left to itself it keeps some of it for days and as
 * much as comes, under timers that hold the keys of the send during which they were set.
 */
export const bounded = (): Pick<
  SocketConfig,
  "callOfferCache" | "makeSignalRepository" | "msgRetryCounterCache" | "placeholderResendCache" | "userDevicesCache"
> => ({
  callOfferCache: cache(DEFAULT_CACHE_TTLS.CALL_OFFER),
  msgRetryCounterCache: cache(DEFAULT_CACHE_TTLS.MSG_RETRY),
  placeholderResendCache: cache(DEFAULT_CACHE_TTLS.MSG_RETRY),
  userDevicesCache: cache(DEFAULT_CACHE_TTLS.USER_DEVICES),
  makeSignalRepository
})

const cache = (ttlSeconds: number): CacheStore => {
  const entries = new BoundedMap<unknown>(most, ttlSeconds * 1_000)
  return {
    get: <A>(key: string) => entries.get(key) as A | undefined,
    set: (key, value) => void entries.set(key, value),
    del: (key) => void entries.delete(key),
    flushAll: () => entries.clear()
  }
}

/** Every pair of number and LID is in the credentials file as well: what falls out is read again. */
const makeSignalRepository: SocketConfig["makeSignalRepository"] = (...parts) => {
  const make = () => {
    const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(...parts)
    replace(repository.lidMapping, "mappingCache", new BoundedMap(most))
    return repository
  }
  const repository = make()
  const migrating = make()
  let migrations = 0
  return {
    ...repository,
    migrateSession: (...addresses) => {
      migrations += 1
      if (migrations % mostMigrations === 0) migrating.close?.()
      return migrating.migrateSession(...addresses)
    }
  }
}

/** The same for what can be reached only when the socket is made. */
export const bind = ({ messageRetryManager: manager }: WASocket): void => {
  if (manager === null) return
  replace(manager, "addRecentMessage", () => {}) // `getMessage` knows them all, whatever became of the process meanwhile
  replace(manager, "baseKeys", new BoundedMap(most))
  replace(manager, "retryCounters", new BoundedMap(most))
  replace(manager, "sessionRecreateHistory", new BoundedMap(most))
}

/**
 * A list of everybody who was ever sent a token is read and written whole at each send to somebody new. Nothing reads it
 * but a clean-up that comes when a device is shown as online, which none of ours is.
 */
export const withoutTokenIndex = (keys: SignalKeyStore): SignalKeyStore => ({
  ...keys,
  get: (type, ids) => keys.get(type, type === "tctoken" ? ids.filter((id) => id !== tokenIndex) : ids),
  set: (data) => {
    if (data.tctoken === undefined || !(tokenIndex in data.tctoken)) return keys.set(data)
    const { [tokenIndex]: _, ...tokens } = data.tctoken
    const { tctoken: __, ...rest } = data
    const left = Object.keys(tokens).length === 0 ? rest : { ...rest, tctoken: tokens }
    return Object.keys(left).length === 0 ? undefined : keys.set(left)
  }
})

/** Names in Baileys' own objects: an upgrade that renames one must not pass for a bound that holds. */
const replace = (target: object, name: string, value: unknown): void => {
  if (!(name in target)) throw new Error(`Baileys has no ${name} any more`)
  Object.defineProperty(target, name, { value })
}
