import { Schema, SchemaAST } from "effect"
import { SubjectId } from "./Ids.ts"

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

const annotation = "homing/sealedAs"

/** A sealed member of an event, under the name that its place is bound to: by it, whoever needs all of them finds it. */
export const sealedAs = (field: string) => Sealed.annotate({ [annotation]: field })

const isSealed = Schema.is(Sealed)

/** Every box in data of this shape, with the name that its place is bound to. */
export const boxesIn = (
  shape: SchemaAST.AST,
  data: unknown
): ReadonlyArray<readonly [field: string, sealed: Sealed]> => {
  const field = shape.annotations?.[annotation]
  if (typeof field === "string") return isSealed(data) ? [[field, data]] : []
  if (SchemaAST.isUnion(shape)) return shape.types.flatMap((type) => boxesIn(type, data))
  if (!SchemaAST.isObjects(shape) || typeof data !== "object" || data === null) return []
  return shape.propertySignatures.flatMap(({ name, type }) => boxesIn(type, data[name as keyof typeof data]))
}
