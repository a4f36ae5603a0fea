import { Clock, Context, Effect, FiberSet, Layer } from "effect"
import { fromUtf8, utf8 } from "#domain/Bytes.ts"
import { EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerChange, type LedgerEntry, LedgerUnavailable } from "#domain/ports/Ledger.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { type SendOutcome, WhatsApp } from "#domain/ports/WhatsApp.ts"
import { newEntry } from "#infra/ledger/contract/Fixtures.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import * as LedgerPatience from "../LedgerPatience.ts"
import { Reporter } from "../link/Reporter.ts"
import * as Chats from "../sending/Chats.ts"
import * as Live from "../sending/Entry.ts"
import * as Tries from "../sending/Tries.ts"
import { device, start } from "./AgentFixture.ts"
import { ledgerOf, stateIn } from "./LedgerFixture.ts"

export const acked: SendOutcome = { _tag: "Acked", at: fromMillis(start) }

/**
 * Tries over a ledger in memory. The journal says, in order, what was written (`durable` before it went on, or `soon`),
 * tried, told, and when the chat goes on.
 */
export const scene = Effect.fnUntraced(function* (options: { readonly lastingMillis?: number } = {}) {
  const journal: Array<string> = []
  const say = (what: string) => void journal.push(what)
  const world = {
    /** What becomes of a try. */
    outcome: Effect.succeed<SendOutcome>(acked),
    ledgerIsDown: false,
    /** What happens while a change is written. */
    meanwhile: () => {}
  }
  const whatsapp = AcknowledgesAtOnce.make({
    outcome: () =>
      Effect.suspend(() => {
        say("try")
        return world.outcome
      })
  })
  const services = yield* Layer.build(
    Layer.mergeAll(
      ledgerOf(":memory:"),
      LedgerPatience.layer,
      whatsapp.layer,
      Layer.succeed(Steps, () => {}),
      Layer.succeed(Reporter, {
        compose: ({ attempt, position }, report) => {
          const words = report.kind === "message" ? [report.claim, attempt, report.code ?? ""] : []
          return { id: EventId.make(crypto.randomUUID()), position, bytes: utf8(words.join(" ").trim()) }
        },
        publish: (reports) => {
          for (const { bytes } of reports) say(`told ${fromUtf8(bytes)}`)
        },
        tell: () => {},
        publishAlong: () => {},
        showCode: () => Effect.die("not here"),
        showPresence: () => Effect.die("not here"),
        tellWitnessed: () => {},
        tellNumber: () => {},
        ask: () => {},
        acknowledged: () => Effect.die("not here")
      })
    )
  )
  const real = Context.get(services, Ledger)
  yield* Context.get(services, WhatsApp).open(device, { sent: () => Effect.succeed(undefined) })
  const states = (changes: ReadonlyArray<LedgerChange>) => changes.map(({ state }) => state).join(" ")
  const spied: Ledger["Service"] = {
    ...real,
    change: (changes) =>
      Effect.suspend(() => {
        if (world.ledgerIsDown) return Effect.fail(new LedgerUnavailable({ cause: "test" }))
        return Effect.tap(real.change(changes), () =>
          Effect.sync(() => {
            say(`durable ${states(changes)}`)
            world.meanwhile()
          })
        )
      }),
    changeSoon: (changes) => Effect.map(real.changeSoon(changes), () => say(`soon ${states(changes)}`)),
    keep: (reports) => Effect.map(real.keep(reports), () => say("kept"))
  }
  const [lives, chats] = [new Map<EventId, Live.Live>(), Chats.make(10)]
  const tries = yield* Tries.make({
    lives,
    chats,
    proceed: (entry) => {
      chats.release(entry)
      say("on")
    },
    run: yield* FiberSet.makeRuntime<never>(),
    lastingMillis: options.lastingMillis ?? 60_000,
    typing: { precedes: false, show: () => Effect.succeed(true), stop: () => {} }
  }).pipe(Effect.provideContext(Context.add(services, Ledger, spied)))

  /** One that the ledger has, and whose chat is claimed for it. */
  const taken = Effect.fnUntraced(function* (fields: Partial<LedgerEntry> = {}) {
    const now = yield* Clock.currentTimeMillis
    const entry = newEntry("store:1", {
      device,
      acceptedAt: fromMillis(now),
      expiresAt: fromMillis(now + 3_600_000),
      ...fields
    })
    yield* real.accept([entry])
    const live = Live.make(entry)
    lives.set(entry.commandId, live)
    chats.claim(entry)
    return live
  })
  return {
    ...tries,
    chats,
    ledger: real,
    lives,
    taken,
    world,
    /** What was done since, and forgets it. */
    done: () => journal.splice(0),
    stateOf: ({ entry }: Live.Live) => stateIn(real, entry.waMessageId)
  }
})
