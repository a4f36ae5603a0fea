import { Context } from "effect"
import type { Lane } from "../ports/CommandBus.ts"
import { type Change, Payloads, type Shape } from "./Payloads.ts"
import {
  AgentCommand,
  AgentCommandV1,
  AgentCommandV2,
  AgentCommandV3,
  AgentCommandV4,
  AgentReport,
  AgentReportV1,
  AgentReportV2,
  AgentReportV3,
  AgentReportV4
} from "./Protocol.ts"

/**
 * Which way the bytes go, and in which version of the protocol. Part of what is signed: a report can never pass for a
 * command, nor one version for another.
 */
export type Direction = `homing/${"command" | "report"}/${number}`

const prefixes = { commands: "homing/command/", reports: "homing/report/" } as const

export const directionOf = (kind: Lane["kind"], version: number): Direction => `${prefixes[kind]}${version}`

/** The version an envelope on such a lane was written in; `undefined` for one of the other direction. */
export const versionOf = (kind: Lane["kind"], direction: string): number | undefined => {
  const version = direction.slice(prefixes[kind].length)
  return direction.startsWith(prefixes[kind]) && /^[1-9]\d{0,2}$/.test(version) ? Number(version) : undefined
}

/** Versions of the protocol, all of which one program speaks. */
export class Versions<Command, Report> {
  readonly commands: Payloads<Command>
  readonly reports: Payloads<Report>
  readonly newest: number

  constructor(commands: Payloads<Command>, reports: Payloads<Report>) {
    this.commands = commands
    this.reports = reports
    this.newest = commands.versions.length
  }

  /** With what changes in it, unless it only adds. */
  next<NewerCommand, NewerReport>(
    shapes: { readonly commands: Shape<NewerCommand>; readonly reports: Shape<NewerReport> },
    changes: {
      readonly commands?: Change<Command, NewerCommand>
      readonly reports?: Change<Report, NewerReport>
    } = {}
  ): Versions<NewerCommand, NewerReport> {
    return new Versions(
      this.commands.next(shapes.commands, changes.commands),
      this.reports.next(shapes.reports, changes.reports)
    )
  }
}

/** Commands, reports, acknowledgements. */
export const version1 = new Versions(Payloads.released(AgentCommandV1), Payloads.released(AgentReportV1))

/** Adds the heartbeat, and the announcement of what the agent shall trust. */
export const version2 = version1.next({ commands: AgentCommandV2, reports: AgentReportV2 })

/** From this version on there are heartbeats. */
export const heartbeatsSince = version2.newest

/**
 * Adds what is asked of devices that are there, to be unlinked, to connect again and to mark what they heard as read, whose
 * number they are linked to, what they hear and how they see people, and what a message replies to.
 */
export const version3 = version2.next({ commands: AgentCommandV3, reports: AgentReportV3 })

/** Adds what makes of an agent a witness of the audit tree. */
export const version4 = version3.next({ commands: AgentCommandV4, reports: AgentReportV4 })

/** An older side has no word for it. */
const untraced = <Said extends { readonly kind: string }>(said: Said): Said => {
  if (!("trace" in said)) return said
  const { trace: _, ...rest } = said
  return rest as unknown as Said
}

/** Adds where in which trace a message is sent, and what became of it is told. */
export const version5 = version4.next<AgentCommand, AgentReport>(
  { commands: AgentCommand, reports: AgentReport },
  {
    commands: { upcast: (command) => command, downcast: untraced },
    reports: { upcast: (report) => report, downcast: untraced }
  }
)

/** From this version on an agent cosigns heads of the audit tree. */
export const witnessingSince = version4.newest

/** From this version on an agent tells the number of an account. */
export const numbersSince = version3.newest

/** From this version on an agent unlinks and reconnects devices, pairs those again that it has, and marks as read. */
const managedSince = version3.newest
const managing: ReadonlyArray<AgentCommand["kind"]> = ["unlink", "reconnect", "read"]

/** From this version on a gateway takes what devices hear. */
export const hearingSince = version3.newest

/** From this version on a gateway shows how people are seen. */
export const presencesSince = version3.newest

/** From this version on an agent quotes what a message replies to; an older one would send it without. */
const quotingSince = version3.newest

/** Whether a side that speaks this version has words for such a command. */
export const isSaid = (
  { kind, personal = {} }: { readonly kind: AgentCommand["kind"]; readonly personal?: object },
  version: number
): boolean => {
  const isQuoting = "quote" in personal
  return (
    (version >= managedSince || !managing.includes(kind)) &&
    (version >= quotingSince || !isQuoting) &&
    (version >= witnessingSince || kind !== "witness")
  )
}

type Spoken = Versions<AgentCommand, AgentReport>

/** The versions that this program speaks. */
export const SpokenVersions = Context.Reference<Spoken>("homing/domain/wire/SpokenVersions", {
  defaultValue: () => version5
})

/** Which version is spoken with one other side. */
export interface Agreement {
  /** The highest that both know, as far as the other side has shown. */
  readonly version: () => number
  /** It wrote in this one, verified. */
  readonly heard: (version: number) => void
  /** It said that it knows this one, and no higher. */
  readonly knows: (version: number) => void
}

/**
 * `theirs`: what the other side knew when it was pinned. What it writes in shows what it is now, also an older program. But
 * one that writes in a lower version than it said may go by what it heard before: for `holdsMillis` after its own word it is
 * taken to. Else each would go on speaking as the other does.
 */
export const agreement = (options: {
  readonly newest: number
  readonly theirs: number
  readonly holdsMillis?: number
  readonly nowMillis?: () => number
}): Agreement => {
  const { holdsMillis = 0, newest, nowMillis = () => 0 } = options
  let { theirs } = options
  let said = Number.NEGATIVE_INFINITY
  return {
    version: () => Math.min(newest, theirs),
    heard: (version) => {
      if (version > theirs || nowMillis() - said >= holdsMillis) theirs = version
    },
    knows: (version) => {
      theirs = version
      said = nowMillis()
    }
  }
}
