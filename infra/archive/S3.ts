import { createHash } from "node:crypto"
import {
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException
} from "@aws-sdk/client-s3"
import { Effect, Redacted, type Scope, Stream } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { toMillis } from "#domain/Instant.ts"
import { type ArchiveRecord, type ArchiveService, ArchiveUnavailable, ArchiveUnfit } from "#domain/ports/Archive.ts"

export interface Options {
  readonly bucket: string
  /** Before every name, with its slash, or empty. */
  readonly prefix: string
  readonly region: string
  /** Without it AWS's own. */
  readonly endpoint?: string | undefined
  /** Without it what the machine has. */
  readonly credentials?: { readonly id: string; readonly secret: Redacted.Redacted } | undefined
  readonly mode: "compliance" | "governance"
  /** For so long after it was received nobody can delete it. */
  readonly keptDays: number
}

const dayMillis = 24 * 3_600_000
const mostAtOnce = 8

const statusOf = (cause: unknown) => (cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined)
const isRefused = (cause: unknown) => Math.floor((statusOf(cause) ?? 0) / 100) === 4

/** `2026/11/30/<name>.json`: the same for the same, whenever it is archived. */
const keyOf = (prefix: string, { name, receivedAt }: ArchiveRecord) =>
  `${prefix}${receivedAt.slice(0, 10).replaceAll("-", "/")}/${name}.json`

const unlocked = (bucket: string) =>
  new ArchiveUnfit({
    problem:
      `the bucket ${bucket} of ARCHIVE_URL has no Object Lock: what is archived there could be changed or deleted. Make one ` +
      "with Object Lock, and name that (docs/operations.md, Archive)"
  })
const unasked = (bucket: string, cause: unknown) =>
  new ArchiveUnfit({
    problem:
      `the bucket ${bucket} of ARCHIVE_URL cannot be asked for its Object Lock (${cause instanceof Error ? cause.name : "unknown"}): look at its name, ` +
      "at the region, and whether the key may do s3:GetBucketObjectLockConfiguration, s3:PutObject, s3:PutObjectRetention and " +
      "s3:GetObject (docs/operations.md, Archive)"
  })

const clientOf = ({ credentials, endpoint, region }: Options) =>
  Effect.acquireRelease(
    Effect.sync(
      () =>
        new S3Client({
          region,
          ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
          ...(credentials !== undefined && {
            credentials: { accessKeyId: credentials.id, secretAccessKey: Redacted.value(credentials.secret) }
          }),
          // a checksum of our own goes with each: others than AWS do not know its newer ones
          requestChecksumCalculation: "WHEN_REQUIRED",
          responseChecksumValidation: "WHEN_REQUIRED",
          requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000 },
          maxAttempts: 3
        })
    ),
    (client) => Effect.sync(() => client.destroy())
  )

/** Each line an object of its own, under a lock until its time is over. What is there under a name is not written again. */
export const make = (options: Options): Effect.Effect<ArchiveService, never, Scope.Scope> =>
  Effect.map(clientOf(options), (client): ArchiveService => {
    const { bucket, keptDays, mode, prefix } = options

    const ready = Effect.tryPromise({
      try: () => client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket })),
      catch: (cause) => {
        if (cause instanceof S3ServiceException && cause.name === "ObjectLockConfigurationNotFoundError")
          return unlocked(bucket)
        return isRefused(cause) ? unasked(bucket, cause) : new ArchiveUnavailable({ cause })
      }
    }).pipe(
      Effect.flatMap(({ ObjectLockConfiguration: lock }) =>
        lock?.ObjectLockEnabled === "Enabled" ? Effect.void : Effect.fail(unlocked(bucket))
      )
    )

    /** Some refuse what is there already, each in its own words: it is looked for. */
    const isThere = async (key: string) => {
      try {
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        return true
      } catch {
        return false
      }
    }

    const put = (record: ArchiveRecord) =>
      Effect.tryPromise({
        try: async () => {
          const key = keyOf(prefix, record)
          const body = utf8(`${JSON.stringify(record.line)}\n`)
          const asked = new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: "application/x-ndjson",
            ContentMD5: createHash("md5").update(body).digest("base64"),
            IfNoneMatch: "*",
            ObjectLockMode: mode === "compliance" ? "COMPLIANCE" : "GOVERNANCE",
            ObjectLockRetainUntilDate: new Date(toMillis(record.receivedAt) + keptDays * dayMillis)
          })
          try {
            await client.send(asked)
          } catch (cause) {
            if (statusOf(cause) === 412 || (isRefused(cause) && (await isThere(key)))) return
            throw cause
          }
        },
        catch: (cause) => new ArchiveUnavailable({ cause })
      })

    return {
      ready,
      open: Effect.succeed({
        newest: Stream.empty,
        append: (records) => Effect.forEach(records, put, { concurrency: mostAtOnce, discard: true })
      })
    }
  })
