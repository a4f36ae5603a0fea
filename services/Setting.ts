import { Schema, SchemaGetter } from "effect"

/** Something that can be set: declared once, beside whoever reads it. `services/Config.ts` collects all of them. */
export interface Setting<A, Fallback extends string | undefined = string | undefined> {
  readonly variable: string
  readonly schema: Schema.Decoder<A>
  /** Without one it may be absent. */
  readonly fallback: Fallback
  /** What a valid value is; told of one that is not. */
  readonly expected: string
  readonly meaning: string
}

export type Settings = Readonly<Record<string, Setting<unknown>>>
type ValueOf<S> = S extends Setting<infer A, infer Fallback> ? A | (Fallback extends string ? never : undefined) : never
/** What a room's settings come to. */
export type Values<S extends Settings> = { readonly [Name in keyof S]: ValueOf<S[Name]> }

export const setting = <A>(
  variable: string,
  fallback: string,
  schema: Schema.Decoder<A>,
  expected: string,
  meaning: string
): Setting<A, string> => ({ variable, schema, fallback, expected, meaning })

export const optional = <A>(
  variable: string,
  schema: Schema.Decoder<A>,
  expected: string,
  meaning: string
): Setting<A, undefined> => ({ variable, schema, fallback: undefined, expected, meaning })

/** A number from `minimum` to `maximum`. */
export const whole = (minimum: number, maximum: number) =>
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))

/** `true` and `false` are what whoever comes from wa-gateway-go has written there. */
export const onOrOff = Schema.Literals(["on", "off", "true", "false"]).pipe(
  Schema.decodeTo(Schema.Boolean, {
    decode: SchemaGetter.transform((word) => word === "on" || word === "true"),
    encode: SchemaGetter.transform((is) => (is ? "on" : "off"))
  })
)

export const matching = (pattern: RegExp) => Schema.String.check(Schema.isPattern(pattern))

/** What a function of ours reads; `undefined` from it: not valid. */
export const parsed = <A>(parse: (text: string) => A | undefined): Schema.Decoder<A> =>
  Schema.String.check(Schema.makeFilter((text) => parse(text) !== undefined)).pipe(
    Schema.decodeTo(
      Schema.declare((_: unknown): _ is A => true),
      { decode: SchemaGetter.transform((text) => parse(text) as A), encode: SchemaGetter.forbidden(() => "only read") }
    )
  )
