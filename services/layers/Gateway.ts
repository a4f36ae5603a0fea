import { Layer, type Redacted } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import * as Access from "../access/Feature.ts"
import type { Options as AnnouncementsOptions } from "../announcements/Announcements.ts"
import * as Announcements from "../announcements/Feature.ts"
import * as Archive from "../archive/Feature.ts"
import type { ArchiveSettings } from "../archive/Settings.ts"
import * as Audit from "../audit/Feature.ts"
import * as Chats from "../chats/Feature.ts"
import * as Dashboard from "../dashboard/Feature.ts"
import * as Devices from "../devices/Feature.ts"
import * as Dispatch from "../dispatch/Feature.ts"
import type { ReconcilerOptions } from "../dispatch/Reconciler.ts"
import * as Erasures from "../erasure/Feature.ts"
import * as Events from "../events/Feature.ts"
import * as Forwarding from "../forwarding/Feature.ts"
import type { Options as ForwardingOptions } from "../forwarding/TargetLane.ts"
import * as Server from "../gateway/Server.ts"
import * as HealthHttp from "../health/HealthHttp.ts"
import * as Judgement from "../health/Judgement.ts"
import * as Admission from "../http/Admission.ts"
import { phoneNumbers } from "../http/PhoneNumbers.ts"
import * as Identity from "../identity/Feature.ts"
import * as OlderLog from "../identity/OlderLog.ts"
import * as Inbound from "../inbound/Feature.ts"
import type { Options as InboundOptions } from "../inbound/Inbound.ts"
import * as Live from "../live/Feature.ts"
import * as Messages from "../messages/Feature.ts"
import type { QueueLimits } from "../messages/MessagesLive.ts"
import * as Meta from "../meta/Feature.ts"
import { Holds } from "../meta/Holds.ts"
import type { Options as MetaOptions } from "../meta/Receiving.ts"
import * as Moments from "../moments/Moments.ts"
import { Personal } from "../privacy/Personal.ts"
import * as Regions from "../regions/Feature.ts"
import * as Routes from "../routes/Feature.ts"
import { Freshness } from "../runtime/Freshness.ts"
import * as Needs from "../runtime/Needs.ts"
import * as SameLog from "../runtime/SameLog.ts"
import { SharedClock } from "../runtime/SharedClock.ts"
import { Stop } from "../runtime/Stop.ts"
import * as StatisticsHttp from "../statistics/StatisticsHttp.ts"
import * as AgentLink from "../transports/agent-link/Feature.ts"
import type { Options as WitnessingOptions } from "../transports/agent-link/Witnessing.ts"
import * as Outcomes from "../transports/Outcomes.ts"
import * as Transports from "../transports/Transport.ts"
import * as Behind from "../views/Behind.ts"
import * as Projections from "../views/Projections.ts"
import { Readiness } from "../views/Readiness.ts"
import * as Webhooks from "../webhooks/Feature.ts"

export interface GatewayOptions {
  readonly agent: AgentId
  readonly region: string
  readonly apiKey: Redacted.Redacted | undefined
  readonly access?: Partial<Access.Options>
  readonly http: Server.Options
  readonly queueLimits: QueueLimits
  readonly reconciler: ReconcilerOptions
  readonly inbound?: InboundOptions
  readonly announcements?: AnnouncementsOptions
  readonly webhooks?: Webhooks.Options
  readonly live?: Partial<Live.Options>
  readonly meta?: MetaOptions
  readonly forwarding?: ForwardingOptions
  readonly archive?: ArchiveSettings
  readonly dashboard?: Dashboard.Options
  readonly erasure?: Erasures.Options
  readonly witnessing?: WitnessingOptions
}

/** Whether this process can do its part, and how much of the log it has heard. */
const vitals = Judgement.layer.pipe(Layer.provideMerge([Freshness.layer, SharedClock.layer, Needs.layer]))

/** Every way by which messages go. */
const transports = (witnessing?: WitnessingOptions) =>
  Layer.mergeAll(AgentLink.layer(witnessing)).pipe(Layer.provideMerge([Transports.layer, Outcomes.layer]))

/** Every view, as it registers itself. */
export const registering = Layer.mergeAll(
  Messages.projections,
  Inbound.projections,
  Chats.projections,
  Devices.projections,
  Access.projections,
  Webhooks.projections,
  Routes.projections,
  Regions.projections,
  Audit.projections,
  Moments.projections,
  Erasures.projections
)

const projections = Projections.layer(registering)

/**
 * The gateway: its features, each with its handlers, and the door on top, which opens last and closes first. `behind` the
 * door stands what else this process is. Leaves the ports open.
 */
export const gateway = <A = never, E = never, R = never>(
  options: GatewayOptions,
  behind: Layer.Layer<A, E, R> = Layer.empty as unknown as Layer.Layer<A, E, R>
) => {
  const phoneNumber = phoneNumbers(options.http.phoneCountryCode)
  const dashboard = options.dashboard ?? { isOn: true }
  return Server.layer({ ...options.http, pages: Dashboard.pages(dashboard) }, Dashboard.layer(dashboard)).pipe(
    Layer.provideMerge(behind),
    Layer.provideMerge(Meta.layer(options.meta, options.http.trustProxy)),
    Layer.provideMerge(Forwarding.layer(options.meta, options.forwarding)),
    Layer.provideMerge([
      Dispatch.layer(options.reconciler),
      HealthHttp.layer,
      StatisticsHttp.layer,
      Behind.layer,
      Live.layer({ ...options.live, trustProxy: options.http.trustProxy })
    ]),
    Layer.provideMerge([Webhooks.layer(options.webhooks), Archive.layer(options.archive), Regions.layer]),
    Layer.provideMerge([Holds.layer, Erasures.layer(phoneNumber, options.erasure)]),
    Layer.provideMerge(Layer.provide(Routes.layer, Meta.known(options.meta))),
    Layer.provideMerge(Announcements.layer(options.announcements)),
    Layer.provideMerge([transports(options.witnessing), Events.layer]),
    Layer.provideMerge([Inbound.layer(options.inbound), Chats.layer, Audit.layer]),
    Layer.provideMerge(Messages.layer(options.queueLimits, phoneNumber)),
    Layer.provideMerge(Devices.layer(options.agent, phoneNumber)),
    Layer.provideMerge(Access.layer(options.apiKey, { ...options.access, trustProxy: options.http.trustProxy })),
    Layer.provide([Admission.layer(options.http), Personal.layer]),
    Layer.provideMerge(Layer.provideMerge(Moments.Moments.layer, Readiness.layer)),
    Layer.provideMerge(projections),
    Layer.provide(OlderLog.views),
    Layer.provideMerge([vitals, Stop.layer(options.http.drainTimeoutMs)]),
    Layer.provideMerge(Identity.layer(options.region)),
    Layer.provide(SameLog.layer)
  )
}
