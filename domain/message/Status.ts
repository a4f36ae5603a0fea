import { Schema } from "effect"
import type { SubjectId } from "../Ids.ts"

/** Every status, in the order of progress: the status of many recipients is the lowest of theirs. */
export const statuses = [
  "queued",
  "attempting",
  "unknown",
  "expired",
  "failed",
  "sent",
  "delivered",
  "read",
  "played"
] as const
export const Status = Schema.Literals(statuses)
export type Status = typeof Status.Type

const rank = Object.fromEntries(statuses.map((status, i) => [status, i])) as Record<Status, number>

/** What a report claims; each is also a status. */
export const reportKinds = statuses.slice(1) as ReadonlyArray<Exclude<Status, "queued">>
export type ReportKind = (typeof reportKinds)[number]

/** Claims of a device that has the message: each is one recipient's. */
export const receipts: ReadonlyArray<ReportKind> = ["delivered", "read", "played"]

/** One claim about a message. Without `recipient` it is about all of them. */
export interface Report {
  readonly kind: ReportKind
  readonly attempt: number
  readonly recipient?: SubjectId
  /** Why, for `failed` and `unknown`. */
  readonly code?: string
}

/** Two reports with the same key say the same. */
export const reportKey = (report: Report): string =>
  `${report.kind} ${report.attempt} ${report.recipient ?? ""} ${report.code ?? ""}`

/** Within one attempt the strongest claim counts: Meta reports `failed` after `sent`. */
const strength: Partial<Record<ReportKind, number>> = { unknown: 1, expired: 2, sent: 3, failed: 4 }

const concerns = (report: Report, recipient: SubjectId) =>
  report.recipient === undefined || report.recipient === recipient

/**
 * The status of one recipient is a function of the set of reports, whatever their order: the highest receipt if there is
 * any; else the strongest verdict of the highest attempt that has one; else `attempting`, else `queued`.
 */
const recipientStatus = (reports: ReadonlyArray<Report>, recipient: SubjectId): Status => {
  let receipt: Status | undefined
  let verdict: Report | undefined
  let attempting = false
  for (const report of reports) {
    if (!concerns(report, recipient)) continue
    const weight = strength[report.kind]
    if (report.kind === "attempting") attempting = true
    else if (weight === undefined) {
      if (receipt === undefined || rank[report.kind] > rank[receipt]) receipt = report.kind
    } else if (
      verdict === undefined ||
      report.attempt > verdict.attempt ||
      (report.attempt === verdict.attempt && weight > strength[verdict.kind]!)
    ) {
      verdict = report
    }
  }
  return receipt ?? verdict?.kind ?? (attempting ? "attempting" : "queued")
}

export const statusOf = (reports: ReadonlyArray<Report>, recipients: ReadonlyArray<SubjectId>): Status => {
  let lowest: Status | undefined
  for (const recipient of recipients) {
    const status = recipientStatus(reports, recipient)
    if (lowest === undefined || rank[status] < rank[lowest]) lowest = status
  }
  return lowest ?? "queued"
}

/** No later report is waited for. `unknown` is open: a late acknowledgement or receipt may still settle it. */
export const isSettled = (status: Status): boolean => rank[status] >= rank.expired

/** Has the message come at least as far as was asked for, or to an end from which it will not get there? */
export const answers = (status: Status, until: "sent" | "delivered" | "read"): boolean =>
  rank[status] >= rank[until] || status === "failed" || status === "expired"

/** Of several failure codes in the highest failed attempt, the smallest. */
export const failureCode = (reports: ReadonlyArray<Report>): string | undefined => {
  let found: Report | undefined
  for (const report of reports) {
    if (report.kind !== "failed") continue
    const better =
      found === undefined ||
      report.attempt > found.attempt ||
      (report.attempt === found.attempt && (report.code ?? "") < (found.code ?? ""))
    if (better) found = report
  }
  return found?.code
}

/** Failures that another report of the same attempt, or a receipt, denies: counted, never hidden. */
export const contradictions = (reports: ReadonlyArray<Report>): number => {
  const failed = reports.filter((report) => report.kind === "failed")
  return failed.filter((no) =>
    reports.some(
      (yes) =>
        rank[yes.kind] >= rank.sent &&
        (yes.kind !== "sent" || yes.attempt === no.attempt) &&
        (yes.recipient === undefined || no.recipient === undefined || yes.recipient === no.recipient)
    )
  ).length
}
