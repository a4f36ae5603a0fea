import { Schema } from "effect"
import { matching, optional, parsed, setting, whole } from "../Setting.ts"

/** Where an archive is: files of this machine, or a bucket. */
export type ArchiveUrl =
  | { readonly kind: "files"; readonly folder: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string }

const bucketed = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]{1,512}?)\/*)?$/

export const archiveUrlOf = (text: string): ArchiveUrl | undefined => {
  const files = /^file:\/\/(\/[^?#\0]{1,1024})$/.exec(text)
  if (files !== null) return { kind: "files", folder: files[1]! }
  const found = bucketed.exec(text)
  if (found === null) return undefined
  return { kind: "s3", bucket: found[1]!, prefix: found[2] === undefined ? "" : `${found[2]}/` }
}

/** What keeps for the law what came from outside, and how. */
export const archive = {
  archiveUrl: optional(
    "ARCHIVE_URL",
    parsed(archiveUrlOf),
    "file:///a/folder or s3://bucket/prefix",
    "Where every request that is kept is archived as it came: files that are never written again, or a bucket with Object Lock."
  ),
  archiveDays: setting(
    "ARCHIVE_RETENTION_DAYS",
    "365",
    whole(1, 36_500),
    "a number from 1 to 36500",
    "For how many days nobody can delete it from the bucket; how long files are kept with ARCHIVE_REMOVE."
  ),
  archiveRemove: setting(
    "ARCHIVE_REMOVE",
    "no",
    Schema.Literals(["no", "yes"]),
    "yes or no",
    "Whether files of days that are longer ago are removed. A bucket has its own rules for that."
  ),
  archiveLock: setting(
    "ARCHIVE_S3_LOCK",
    "compliance",
    Schema.Literals(["compliance", "governance"]),
    "compliance or governance",
    "What Object Lock it is: with compliance nobody at all can end it early, with governance those who may."
  ),
  archiveRegion: setting(
    "ARCHIVE_S3_REGION",
    "us-east-1",
    matching(/^[a-z0-9-]{1,32}$/),
    "a region such as eu-central-1, or auto",
    "Where the bucket is."
  ),
  archiveEndpoint: optional(
    "ARCHIVE_S3_ENDPOINT",
    matching(/^https?:\/\/[^\s/@]{1,253}\/?$/),
    "an address beginning with https://, without a path",
    "Another server than AWS's that speaks S3, such as https://storage.googleapis.com."
  ),
  archiveKeyId: optional(
    "ARCHIVE_S3_ACCESS_KEY_ID",
    Schema.String.check(Schema.isMaxLength(256)),
    "at most 256 characters",
    "Who writes there. Without it what AWS's libraries find on the machine."
  ),
  archiveKeySecret: optional(
    "ARCHIVE_S3_SECRET_ACCESS_KEY",
    Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(256))),
    "at most 256 characters",
    "What belongs to it."
  )
}

/** None. */
export const unarchived = {
  archiveUrl: undefined,
  archiveDays: 365,
  archiveRemove: "no",
  archiveLock: "compliance",
  archiveRegion: "us-east-1",
  archiveEndpoint: undefined,
  archiveKeyId: undefined,
  archiveKeySecret: undefined
} as const
