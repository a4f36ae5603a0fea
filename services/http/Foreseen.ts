import { Cause, Effect, Predicate } from "effect"
import { HttpServerRequest } from "effect/http"
import type { ErrorCode } from "../api/ErrorCodes.ts"
import { type AnyProblem, type Problem, problem } from "../api/Problems.ts"
import { contextOf, type Limit } from "./RequestContext.ts"

type DeviceRefusal = "device_not_found" | "device_not_paired" | "device_paired" | "device_pairing" | "device_unlinking"

/** With who may allow what is not reached. */
const refused = (reason: string) =>
  `What is wrong with it: ${reason}. What is reached besides public addresses by https an operator says: OUTBOUND_ALLOW.`

/** A port does not answer: the caller is told to repeat. */
const unavailable = () => problem("store_unavailable")

/**
 * Every error that a request may end with, by its tag, and the problem that it is answered with. An error that is not here
 * does not compile where it would reach the door, nor does a problem there that the endpoint does not declare.
 */
const problems = {
  BlobsUnavailable: unavailable,
  EventStoreUnavailable: unavailable,
  SecretVaultUnavailable: unavailable,
  SubjectKeysUnavailable: unavailable,
  ViewsUnavailable: unavailable,

  Behind: ({ lag }: { readonly lag: "starting" | "out_of_date" }) => problem(lag),
  MomentsUnwritten: () => problem("starting"),
  RateLimited: ({ limit: { name, policy } }: { readonly limit: Limit }) =>
    problem("rate_limited", {
      detail: `The limit "${name}" is ${policy.quota} requests in ${policy.windowMillis / 1_000} seconds.`
    }),

  DeviceRefused: ({ code }: { readonly code: DeviceRefusal }) => problem(code),
  DeviceUnknown: () => problem("device_not_found"),
  DeviceUnpaired: () => problem("device_not_paired"),
  OtherContent: () => problem("idempotency_conflict"),
  QueueFull: () => problem("queue_full"),
  ConnectionsFull: () => problem("too_many_connections"),
  WaitsFull: () => problem("too_many_waits"),

  ReplyTargetUnknown: () => problem("reply_target_not_found"),
  ReplyInAnotherChat: () => problem("reply_in_another_chat"),

  NotForReading: () => problem("not_for_reading"),
  ReaderUnlinked: () => problem("device_not_paired"),

  EndpointsFull: () => problem("too_many_endpoints"),
  EndpointUnknown: () => problem("endpoint_not_found"),
  DeliveryUnknown: () => problem("delivery_not_found"),
  AddressRefused: ({ reason }: { readonly reason: string }) => problem("address_refused", { detail: refused(reason) }),

  ErasureUnknown: () => problem("erasure_not_found"),
  HomeUnreachable: ({ detail }: { readonly detail?: string }) =>
    problem("home_unreachable", detail === undefined ? {} : { detail }),
  HomeRefused: () => problem("home_refused"),
  ContactUnknown: () => problem("contact_not_found"),

  AppUnknown: () => problem("app_not_found"),
  TargetUnknown: () => problem("target_not_found"),
  TargetNameTaken: () => problem("target_name_taken"),
  TargetsFull: () => problem("too_many_targets"),
  TargetSignsNothing: () => problem("target_signs_nothing"),
  TargetInUse: ({ place }: { readonly place: string }) =>
    problem("target_in_use", { detail: `It stands in the routes at ${place}.` }),
  TargetRefused: ({ reason }: { readonly reason: string }) => problem("address_refused", { detail: refused(reason) }),
  RoutesChanged: () => problem("routes_changed"),
  RoutesFlawed: (flaw: { readonly pointer: string; readonly expected: string }) =>
    problem("invalid_request", { errors: [{ in: "body", pointer: flaw.pointer, expected: flaw.expected }] }),

  AuditContradicted: ({ message }: { readonly message: string }) =>
    problem("audit_contradiction", { detail: `${message}.` }),
  HeadUnsigned: () => problem("starting"),
  TreeIncomplete: () => problem("starting"),

  ClientUnknown: () => problem("client_not_found"),
  LoginRefused: () => problem("unauthorized"),
  LoginUnknown: () => problem("session_not_found"),
  KeyUnknown: () => problem("key_not_found"),
  KeyNotActive: () => problem("key_not_active"),
  LastAdministrator: () => problem("last_administrator"),
  KeyInUse: () => problem("key_in_use"),
  KeyRevoked: () => problem("key_revoked")
}
type Problems = typeof problems
type Tag = keyof Problems

type Tagged<T extends Tag> = { readonly _tag: T } & (Parameters<Problems[T]> extends [infer Members]
  ? Members
  : unknown)
export type Foreseen = { [T in Tag]: Tagged<T> }[Tag]

/** The problem of each of these errors; what is a problem already stays it. */
type ProblemOf<E> = E extends { readonly _tag: infer T extends Tag } ? ReturnType<Problems[T]> : E

const isForeseen = (error: unknown): error is Foreseen =>
  Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag) && Object.hasOwn(problems, error._tag)

/** The problem of an error, and when the request is worth repeating, if the error knows. */
export const problemFor = <E extends Foreseen>(error: E, request: object): ProblemOf<E> => {
  if ("retryAfterSeconds" in error && typeof error.retryAfterSeconds === "number") {
    contextOf(request).retryAfterSeconds = error.retryAfterSeconds
  }
  const found: (error: never) => Problem = problems[error._tag]
  return found(error as never) as ProblemOf<E>
}

interface Unavailable {
  readonly _tag: Tag
  readonly cause: unknown
}

export const isUnavailable = (error: unknown): error is Unavailable =>
  isForeseen(error) && problems[error._tag] === unavailable

/** The log is told why a port does not answer. */
export const tellUnavailable = ({ _tag: port, cause }: Unavailable): Effect.Effect<Problem<"store_unavailable">> =>
  Effect.as(Effect.logWarning("a port is unavailable", { port }, Cause.fail(cause)), unavailable())

/** What ended in an error ends in the problem that it is answered with. */
export const orProblem = <A, E extends Foreseen | AnyProblem<ErrorCode>, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, ProblemOf<E>, R | HttpServerRequest.HttpServerRequest> =>
  Effect.catch(effect, (error) => {
    if (!isForeseen(error)) return Effect.fail(error as ProblemOf<E>)
    if (isUnavailable(error)) return Effect.flip(tellUnavailable(error)) as Effect.Effect<never, ProblemOf<E>>
    return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      Effect.fail(problemFor(error, request) as ProblemOf<E>)
    )
  })
