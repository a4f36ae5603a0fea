import { assert, describe, it } from "@effect/vitest"
import { EventId } from "#domain/Ids.ts"
import { ArchiveUnavailable, ArchiveUnfit } from "#domain/ports/Archive.ts"
import { PinStoreUnavailable } from "#domain/ports/PinStore.ts"
import { SecretVaultUnavailable } from "#domain/ports/SecretVault.ts"
import { WitnessMemoryUnavailable } from "#domain/ports/WitnessMemory.ts"
import { BlobsUnfit } from "#infra/blobs/SealedChunks.ts"
import { EventStoreDbUnfit } from "#infra/event-store/eventstoredb/EventStoreDbUnfit.ts"
import { LogLeft } from "#infra/event-store/sqlite/LeftLog.ts"
import { PostgresUrlInvalid } from "#infra/postgres/PostgresUrl.ts"
import { PostgresAbsent } from "#infra/postgres/Presence.ts"
import { DatabaseNotOpened } from "#infra/sqlite/Database.ts"
import { DirectoryInUse, DirectoryUnusable } from "#infra/sqlite/DirectoryLock.ts"
import { LogElsewhere, StoreMissing } from "#infra/sqlite/FolderContents.ts"
import { SubjectKeysUnfit } from "#infra/subject-keys/WrappedKeys.ts"
import { OwnKeyMissing } from "#mac-agent/link/OwnKeys.ts"
import { ArchiveOfOtherLog } from "#services/archive/Archiver.ts"
import { NoBus, UnknownWitness } from "#services/cli/AgentCommand.ts"
import { Unreachable } from "#services/cli/Client.ts"
import { LogDamaged, NothingChecked } from "#services/cli/StoreCommand.ts"
import { NotThisLogs } from "#services/identity/Installation.ts"
import { LogIsOlder, LogIsOther } from "#services/identity/OlderLog.ts"
import { NoProxyTrusted } from "#services/meta/Receiving.ts"
import { RegionIsHome } from "#services/regions/Feature.ts"
import { TableUnfit } from "#services/tables/Home.ts"
import { TableOfNewerRelease } from "#services/tables/Tables.ts"
import { production, textOf } from "./Sources.ts"

/** Whoever is refused is told where it is, what is wrong with it, and what to do: of every refusal of a start or a check. */

const system = (message: string, code: object) => Object.assign(new Error(message), code)
const eventId = EventId.make("00000000-0000-4000-8000-000000000007")
const reasons = NotThisLogs.fields.reason.literals
const sqlite = (errcode: number) =>
  new DatabaseNotOpened({ file: "/data/log.db", cause: system("something is wrong", { errcode }) })

const refusals: ReadonlyArray<Error> = [
  new ArchiveOfOtherLog(),
  new ArchiveUnavailable({ cause: system("no space left", { code: "ENOSPC" }) }),
  new ArchiveUnfit({ problem: "a line of /data/archive is not what was written. Put the file back" }),
  new BlobsUnfit({ place: "/data/blobs.db", problem: "the secret is another. Put back the one that goes with them" }),
  new SubjectKeysUnfit({ place: "/data/subject-keys.db", problem: "the secret is another. Put it back from a backup" }),
  new EventStoreDbUnfit({ reason: "no useful answer at 127.0.0.1:2113: silence; see whether it runs there" }),
  new LogLeft({ file: "/data/log.db", variable: "EVENTSTORE_URL" }),
  new PostgresUrlInvalid({ expected: "expected a user" }),
  new PostgresAbsent({ host: "127.0.0.1", port: 5432, last: "silence" }),
  ...[5, 8, 10, 11, 13, 14, 26].map(sqlite),
  new DirectoryInUse({ folder: "/data", pid: 7, host: undefined }),
  new DirectoryUnusable({ folder: "/data", cause: system("permission denied", { code: "EACCES" }) }),
  new LogElsewhere({ secret: "/data/secrets/pepper", file: "/data/log.db", variable: "EVENTSTORE_URL" }),
  new StoreMissing({ missing: "/data/log.db", beside: "/data/ledger.db", lost: "If it is lost: begin anew" }),
  new NoBus(),
  new UnknownWitness({ witness: "homing/a-log/home" }),
  new Unreachable({ url: "http://127.0.0.1:9" }),
  new LogDamaged({ file: "/data/log.db", count: 1 }),
  new NothingChecked({ folder: "/data" }),
  ...reasons.map((reason) => new NotThisLogs({ reason })),
  new LogIsOlder({ what: "its views", position: 7n, head: undefined }),
  new LogIsOther({ what: "its views", position: 7n, expected: eventId, found: undefined }),
  new NoProxyTrusted(),
  new RegionIsHome({ region: "eu" }),
  new PinStoreUnavailable({ cause: system("permission denied, open '/data/trust.json'", { code: "EACCES" }) }),
  new WitnessMemoryUnavailable({ cause: system("permission denied, open '/data/witness.json'", { code: "EACCES" }) }),
  new SecretVaultUnavailable({ name: "pepper", cause: system("no space left", { code: "ENOSPC" }) }),
  new OwnKeyMissing({ secret: "agent-signing" }),
  new TableUnfit({
    table: "dispatcher",
    place: "/data/views.db",
    problem: "it lacks a column",
    remedy: "Stop, delete it"
  }),
  new TableOfNewerRelease({ table: "dispatcher", version: 9, known: 2 })
]

/** A path, an address, a file, a secret or a table by its name, or the setting that names one. */
const place =
  /\/data|\d+\.\d+\.\d+\.\d+:\d+|\b[A-Z]+_[A-Z_]+\b|\bREGIONS\b|\w+\.db\b|the (secret|table|log|subject key)\b|secrets/
const remedy =
  /\b(put|set|unset|stop|see|restore|delete|use|end|make room|start|drop|run|begin|move)\b|needs [A-Z_]+|homing store/i

/** Said while something runs, to a program, or about one word of a command: not of a place. */
const elsewhere = [
  "AuditContradicted", // told as a line of the log, which operations.md explains, and in an answer
  "CallFailed", // the gateway's own words
  "ConfigInvalid", // names each variable, where it is set, and what is expected
  "NoKeyFile", // says itself which file, why, and what else
  "NotArrived",
  "NotConfirmed",
  "NotRead", // names the file that a command was given
  "NotOurs",
  "Untakable", // what was typed
  "OneOfThem",
  "Silence",
  "NotAll",
  "UnreadableEvent"
]

describe("a refusal", () => {
  for (const [i, refusal] of refusals.entries()) {
    it(`says where, why and what to do: ${refusal.name} ${i}`, () => {
      assert.match(refusal.message, place)
      assert.match(refusal.message, remedy)
      assert.isAbove(refusal.message.split(/[:,;.] /).length, 1, refusal.message)
    })
  }

  it("of the whole source is in the list, or is said to be none of a start", () => {
    const written = production.flatMap((file) =>
      textOf(file)
        .split(/(?=class \w+ extends Schema\.TaggedError)/)
        .flatMap((piece) => {
          const [body = ""] = piece.split("\n}\n")
          return body.includes("override get message()") ? (/^class (\w+)/.exec(body)?.[1] ?? []) : []
        })
    )
    const listed = new Set([...refusals.map(({ constructor }) => constructor.name), ...elsewhere])
    assert.deepStrictEqual([...new Set(written)].toSorted(), [...listed].toSorted())
  })
})
