import { Effect, Layer, Redacted } from "effect"
import { eventStoreContract } from "../contract.ts"
import { eventStoreDouble } from "../double/testing/DoubleFixture.ts"
import * as EventStoreDb from "./EventStoreDb.ts"

const at = (url: string) => EventStoreDb.layer({ url: Redacted.make(url) })

eventStoreContract("EventStoreDB, its stand-in", Layer.unwrap(Effect.map(eventStoreDouble, ({ url }) => at(url))))

/** A real one, which these tests fill and leave so. Without it, the summary says that it was not run. */
const real = process.env.EVENTSTORE_URL
if (real !== undefined) eventStoreContract("EventStoreDB real", at(real))
