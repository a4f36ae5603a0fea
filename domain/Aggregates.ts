import { AccessRecord } from "./access/AccessRecord.ts"
import { Client } from "./access/Client.ts"
import { Login } from "./access/Login.ts"
import { Request } from "./access/Request.ts"
import { Endpoint } from "./delivery/Endpoint.ts"
import { Device } from "./device/Device.ts"
import { LogIdentity } from "./identity/LogIdentity.ts"
import { Inbound } from "./inbound/Inbound.ts"
import { Message } from "./message/Message.ts"
import { AppRoutes } from "./meta/AppRoutes.ts"
import { Batch } from "./meta/Batch.ts"
import { MetaFact } from "./meta/MetaFact.ts"
import { Erasure } from "./privacy/Erasure.ts"
import { Report } from "./region/Report.ts"
import { SessionFact } from "./session/SessionFact.ts"

/** Every aggregate there is. What reads the whole log, or checks it, follows from this list. */
export const aggregates = [
  Message,
  Inbound,
  Batch,
  MetaFact,
  AppRoutes,
  SessionFact,
  Report,
  Device,
  Client,
  Login,
  AccessRecord,
  Endpoint,
  Request,
  Erasure,
  LogIdentity
] as const

export const categories: ReadonlyArray<string> = aggregates.map(({ category }) => category)

/** Where events of this name, `client.created`, stand. */
export const categoryOfEvent = (name: string): string | undefined =>
  aggregates.find(({ read }) => read.types.has(`${name}.v1`))?.category

const released = new Set(aggregates.flatMap(({ read }) => [...read.types]))

/** False for what a newer release has stored: other gateways on the same log may be ahead. */
export const isReleased = ({ type }: { readonly type: string }): boolean => released.has(type)
