import "./QuietLibsignal.ts"
import { BufferJSON, proto, type SignalDataSet, type SignalDataTypeMap } from "@whiskeysockets/baileys"
import type { Row } from "./RecalledRows.ts"

/** What Baileys keeps, as text and back. */
export const freeze = (value: unknown): string => JSON.stringify(value, BufferJSON.replacer)
export const revive = (value: string) => JSON.parse(value, BufferJSON.reviver)

/** Baileys calls protobuf methods on this one type. */
export const rehydrate = <T extends keyof SignalDataTypeMap>(type: T, value: SignalDataTypeMap[T]) =>
  type === "app-state-sync-key"
    ? (proto.Message.AppStateSyncKeyData.fromObject(value as object) as unknown as SignalDataTypeMap[T])
    : value

export const rowOf = (type: string, id: string, value: unknown): Row => ({
  type,
  id,
  value: value == null ? undefined : freeze(value)
})

export const rowsOf = (data: Omit<SignalDataSet, "session">): ReadonlyArray<Row> =>
  Object.entries(data).flatMap(([type, values]) =>
    Object.entries(values ?? {}).map(([id, value]) => rowOf(type, id, value))
  )
