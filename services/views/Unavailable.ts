import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { ViewsUnavailable } from "./Views.ts"

/** What a feature cannot do without: its caller is told to repeat. */
export type Unavailable = EventStoreUnavailable | SubjectKeysUnavailable | ViewsUnavailable
