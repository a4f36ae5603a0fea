import { Schema, type SchemaAST } from "effect"
import { beside } from "./Beside.ts"
import type { EventId } from "./Ids.ts"
import type { JsonObject } from "./Json.ts"
import { inOrder } from "./OrderedJson.ts"
import type { NewEvent, RecordedEvent } from "./Recorded.ts"
import { boxesIn } from "./Sealed.ts"

type Shape<Data extends object> = Schema.Codec<Data, object>
type Upcast = (before: never) => object
type Downcast<Data extends object> = (newest: Data) => object | undefined

/** The shapes that one event was ever stored in, oldest first: version 1, version 2, …; whoever reads sees the newest. */
export class Versions<Data extends object> {
  readonly shapes: ReadonlyArray<Shape<never>>
  readonly upcasts: ReadonlyArray<Upcast>
  /** The newest in the shape before it, which is written as long as it can say it. */
  readonly downcast: Downcast<Data> | undefined

  constructor(shapes: ReadonlyArray<Shape<never>>, upcasts: ReadonlyArray<Upcast>, downcast?: Downcast<Data>) {
    this.shapes = shapes
    this.upcasts = upcasts
    this.downcast = downcast
  }
}

/**
 * Versions that are written. They are the storage format for ever. A change is another version, and a way to read the one
 * before as the new one.
 */
export class Released<Data extends object> extends Versions<Data> {
  /** Written from the first start on: nobody who may still share the log reads only what came before. */
  next<Newer extends object>(shape: Shape<Newer>, upcast: (before: Data) => Newer): Released<Newer> {
    return new Released<Newer>([...this.shapes, shape as unknown as Shape<never>], [...this.upcasts, upcast])
  }

  /**
   * Read from this release on, and written by the next, when this becomes `next`. Until then only what the version before
   * cannot say is written in it: for that `downcast` answers nothing. What it does answer is read as what it was made from.
   */
  upcoming<Newer extends object>(
    shape: Shape<Newer>,
    upcast: (before: Data) => Newer,
    downcast: (newest: Newer) => Data | undefined
  ): Versions<Newer> {
    const { shapes, upcasts } = this.next(shape, upcast)
    return new Versions<Newer>(shapes, upcasts, downcast)
  }
}

/** An event as it was first released. */
export const released = <Data extends object>(shape: Shape<Data>): Released<Data> =>
  new Released<Data>([shape as unknown as Shape<never>], [])

/** The events of one aggregate by name, `message.queued`; stored is `message.queued.v1`. */
// biome-ignore lint/suspicious/noExplicitAny: each event has data of its own
export type Events = { readonly [name: string]: Versions<any> }

type DataOf<V> = V extends Versions<infer Data> ? Data : never

/** An event of the aggregate: its name, its data, which is plain JSON as it stands, and once it is offered its id. */
export type EventOf<E extends Events> = {
  [K in keyof E & string]: { readonly type: K; readonly data: DataOf<E[K]>; readonly id?: EventId }
}[keyof E & string]

export class UnreadableEvent extends Schema.TaggedError<UnreadableEvent>()("UnreadableEvent", {
  type: Schema.String,
  problem: Schema.Literals(["unknown type", "malformed data"]),
  /** Where it stands, of one that was stored. */
  stream: Schema.optional(Schema.String),
  position: Schema.optional(Schema.BigInt)
}) {
  override get message() {
    const place = this.stream === undefined ? "" : ` at position ${this.position} of the log, in ${this.stream},`
    return this.problem === "unknown type"
      ? `the event ${this.type}${place} is of a newer release`
      : `the event ${this.type}${place} is not what was written: ${this.problem}. Restore the log, and all that belongs ` +
          "to it, from the newest backup (docs/operations.md, Backup)"
  }
}

/** A version as it is read. */
interface Version {
  readonly name: string
  readonly shape: SchemaAST.AST
  readonly decode: (data: unknown) => object
}

/** A version as it is written. */
interface Form {
  readonly type: string
  readonly layOut: <A>(data: A) => A
}

/** An event as it is written: under its newest version, or in the words of the one before. */
interface Writing {
  readonly newest: Form
  readonly before: Form | undefined
  readonly downcast: Downcast<object> | undefined
}

type Stored = Pick<NewEvent, "eventId" | "type" | "data">
type Placed = Stored & Partial<Pick<RecordedEvent, "stream" | "position">>

export interface Reader<Event> {
  /** A type or shape that was never released throws `UnreadableEvent`: a bug, a damaged log, or a newer release's. */
  (event: Placed): Event
  /**
   * A decider's own event as it is stored now, in the order of canonical JSON. It counts as read: its shape was checked by
   * the compiler.
   */
  readonly stored: (event: Event, eventId: EventId) => Stored
  /** Every type that was ever stored. */
  readonly types: ReadonlySet<string>
  /** The personal data in it, each box with the name that its place is bound to. */
  readonly boxes: (event: Stored) => ReturnType<typeof boxesIn>
}

/** Reads stored events back. The live tail hands one object to all who follow it: each is decoded once at most. */
export const reader = <const E extends Events>(events: E): Reader<EventOf<E>> => {
  type Event = EventOf<E>
  const released = new Map<string, Version>()
  const writings = new Map<string, Writing>()
  for (const [name, { downcast, shapes, upcasts }] of Object.entries(events)) {
    for (const [i, shape] of shapes.entries()) {
      const decode = Schema.decodeUnknownSync(shape)
      const later = upcasts.slice(i)
      const read = (data: unknown) => later.reduce<object>((before, upcast) => upcast(before as never), decode(data))
      released.set(`${name}.v${i + 1}`, { name, shape: shape.ast, decode: later.length === 0 ? decode : read })
    }
    const forms = shapes.map((shape, i): Form => ({ type: `${name}.v${i + 1}`, layOut: inOrder(shape) }))
    writings.set(name, { newest: forms.at(-1)!, before: forms.at(-2), downcast })
  }
  const seen = beside<object, Event>()

  const read = (event: Placed): Event => {
    const version = released.get(event.type)
    const known = seen.get(event.data)
    if (known !== undefined && known.type === version?.name) return known
    const { position, stream, type } = event
    if (version === undefined) throw new UnreadableEvent({ type, problem: "unknown type", stream, position })
    try {
      const decoded = { type: version.name, data: version.decode(event.data), id: event.eventId } as Event
      seen.set(event.data, decoded)
      return decoded
    } catch {
      throw new UnreadableEvent({ type, problem: "malformed data", stream, position }) // the decoder's own words may quote it
    }
  }
  const stored = (event: Event, eventId: EventId): Stored => {
    const { before, downcast, newest } = writings.get(event.type)!
    const older = downcast?.(event.data)
    const { layOut, type } = older === undefined ? newest : before!
    const data = layOut(older ?? event.data)
    seen.set(data, { ...event, id: eventId })
    return { eventId, type, data: data as JsonObject }
  }
  return Object.assign(read, {
    stored,
    types: new Set(released.keys()),
    boxes: ({ data, type }: Stored) => boxesIn(released.get(type)!.shape, data)
  })
}
