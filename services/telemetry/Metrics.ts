import { Context, Metric } from "effect"

/**
 * What is counted. Labels are words from fixed lists, never anything a caller sent. Series are kept by hand: finding one
 * must cost next to nothing, because every request passes here.
 */
const context = Context.empty()

const requestSeconds = new Map<string, Metric.Histogram<number>>()
const requestBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** `route` is a template; `millis` is how long the answer took. */
export const requestAnswered = (method: string, route: string, status: number, millis: number): void => {
  const key = `${method} ${route} ${status}`
  let series = requestSeconds.get(key)
  if (series === undefined) {
    series = Metric.histogram("homing_http_request_seconds", {
      description: "Time to answer a request, confirmation waits included.",
      attributes: { method, route, status: String(status) },
      boundaries: requestBoundaries
    })
    requestSeconds.set(key, series)
  }
  series.updateUnsafe(millis / 1_000, context)
}

/** Counts by one label. */
const counter = (id: string, description: string, label: string) => {
  const counts = new Map<string, Metric.Counter<number>>()
  return (value: string): void => {
    let series = counts.get(value)
    if (series === undefined) {
      series = Metric.counter(id, { description, attributes: { [label]: value }, incremental: true })
      counts.set(value, series)
    }
    series.updateUnsafe(1, context)
  }
}

/** The status a caller was told of the message it sent. */
export const sendAnswered = counter("homing_sends_total", "Sends that were answered, by the status told.", "status")

/** A request that came too soon, by the limit it met. */
export const requestLimited = counter("homing_requests_limited_total", "Requests refused by a rate limit.", "limit")

/** A connection that was ended from here although its far side would have kept it, by why. */
export const connectionClosed = counter(
  "homing_http_connections_closed_total",
  "Connections closed because of what came, or did not come, on them.",
  "reason"
)

/** Of an event that was recorded about a message, its type. */
export const messageRecorded = counter("homing_message_events_total", "Events recorded about messages.", "type")

/** A message that was accepted and is not handed to an agent, by the code it gets. */
export const messageWithheld = counter(
  "homing_messages_withheld_total",
  "Messages that were accepted and cannot be read any more.",
  "code"
)

/** An order that nobody here can hand on, by the transport that it is for. */
export const orderStranded = counter(
  "homing_orders_stranded_total",
  "Orders for devices that nobody in this process knows the way to.",
  "transport"
)

/** An attempt to deliver something to an endpoint, by what came of it. */
export const deliveryAttempted = counter(
  "homing_delivery_attempts_total",
  "Attempts to deliver to endpoints, by what came of them.",
  "outcome"
)

/** A delivery that arrived, or was given up. */
export const deliverySettled = counter("homing_deliveries_settled_total", "Deliveries that are over.", "status")

const deliveryBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600, 36_000]
const deliverySeconds = Metric.histogram("homing_delivery_seconds", {
  description: "From an event's record in the log to its endpoint's 2xx.",
  boundaries: deliveryBoundaries
})

/** `millis`: since what it tells was recorded. */
export const deliveryArrived = (millis: number): void => deliverySeconds.updateUnsafe(millis / 1_000, context)

/** An attempt to hand on to a target what Meta told, by what came of it. */
export const forwardAttempted = counter(
  "homing_forward_attempts_total",
  "Attempts to deliver to targets, by what came of them.",
  "outcome"
)

/** A delivery to a target that arrived, or was given up. */
export const forwardSettled = counter("homing_forwards_settled_total", "Deliveries to targets that are over.", "status")

/** What Meta told that goes to no target, by why. */
export const forwardUnled = counter(
  "homing_forwards_unled_total",
  "Facts of Meta's, of apps with routes, that go to no target, by why.",
  "reason"
)

const forwardSeconds = Metric.histogram("homing_forward_seconds", {
  description: "From the record of what Meta told to its target's 2xx.",
  boundaries: deliveryBoundaries
})

/** `millis`: since what Meta told was recorded. */
export const forwardArrived = (millis: number): void => forwardSeconds.updateUnsafe(millis / 1_000, context)

/** Of an event that was published on the bus, its type. */
export const eventAnnounced = counter("homing_events_published_total", "Events published on the bus.", "type")

/** Of a line that the archive took, its kind. */
export const lineArchived = counter("homing_archived_total", "Lines that the archive took.", "kind")

const brokenConnections = Metric.counter("homing_live_broken_total", {
  description: "Connections that follow what happens, cut because something is wrong here.",
  incremental: true
})

/** A connection could not be told what happened. */
export const liveBroken = (): void => brokenConnections.updateUnsafe(1, context)

/** A number that is looked up when somebody asks for it. */
export const observe = (
  name: string,
  description: string,
  value: () => number,
  attributes: Readonly<Record<string, string>> = {}
): void => {
  const gauge = Metric.gauge(name, { description, attributes })
  Metric.registerUnsafe(gauge, context, { get: () => ({ value: value() }), update: () => {}, modify: () => {} })
}

observe("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss())
observe("process_uptime_seconds", "Since the process started.", () => process.uptime())
