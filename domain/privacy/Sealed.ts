import { Schema } from "effect"
import { SubjectId } from "../Ids.ts"

const base64url = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]*$/))

/**
 * Personal data as it stands in an event: AES-256-GCM under the subject's data key, of which `key` names the version.
 * Bound to its place by the associated data (see `associated`), so a box cannot be moved to another event or field.
 */
export const Sealed = Schema.Struct({
  subject: SubjectId,
  key: Schema.String,
  iv: base64url,
  box: base64url
})
export type Sealed = typeof Sealed.Type
