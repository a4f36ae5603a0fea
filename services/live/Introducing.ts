import { Option, Result, Schema } from "effect"
import { isTwofold } from "../http/JsonMembers.ts"

interface Options {
  readonly onExcessProperty?: "error"
}

/** Reads a first message as JSON of this shape; `undefined` for another, and for one in which a member is given twice. */
export const introducing = <A>(schema: Schema.ConstraintDecoder<A>, options: Options = {}) => {
  const decode = Schema.decodeUnknownOption(schema, options)
  return (text: string): A | undefined => {
    const value: unknown = Result.getOrElse(
      Result.try(() => JSON.parse(text)),
      () => undefined
    )
    return isTwofold(text, value) ? undefined : Option.getOrUndefined(decode(value))
  }
}
