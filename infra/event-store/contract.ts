import { it } from "@effect/vitest"
import type { Layer } from "effect"
import type { EventStore } from "#domain/ports/EventStore.ts"
import { appends } from "./contract/Appends.ts"
import { canonicalJson } from "./contract/CanonicalJson.ts"
import { repetitions } from "./contract/Repetitions.ts"
import { subscriptions } from "./contract/Subscriptions.ts"

/** The behaviour every EventStore adapter owes its callers. Run it against each layer; add no adapter options. */
export const eventStoreContract = <E>(adapter: string, layer: Layer.Layer<EventStore, E>) =>
  it.layer(layer, { excludeTestServices: true })(`EventStore contract: ${adapter}`, (it) => {
    appends(it)
    repetitions(it)
    canonicalJson(it)
    subscriptions(it)
  })
