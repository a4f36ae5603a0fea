import { masksIn } from "#domain/archive/Masking.ts"
import { optional, parsed, type Values } from "../Setting.ts"

/** What of a request is archived. */
export const settings = {
  masks: optional(
    "ARCHIVE_MASK",
    parsed(masksIn),
    "names of members such as text.body, profile.name, wa_id",
    "Which members of a body are masked in the archive, wherever they stand. Without it bodies are archived byte for byte."
  )
}
export type ArchiveSettings = Values<typeof settings>
