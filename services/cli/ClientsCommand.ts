import { Effect } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { NotAsked } from "./AgentsCommand.ts"
import type * as Client from "./Client.ts"
import { say, sayEach } from "./Terminal.ts"

export const list = (ask: Client.Ask) =>
  Effect.map(
    ask(({ clients }) => clients.list({})),
    sayEach
  )

/** None at all is for the API to say: here it would be what somebody forgot. */
export const limit = Effect.fnUntraced(function* (
  ask: Client.Ask,
  client: string,
  { all, devices }: { readonly all: boolean; readonly devices: ReadonlyArray<DeviceId> }
) {
  if (all === devices.length > 0) return yield* new NotAsked({ message: "name the devices, or say --all" })
  const payload = { devices: all ? null : devices }
  say(JSON.stringify(yield* ask(({ clients }) => clients.limit({ params: { id: client }, payload }))))
})
