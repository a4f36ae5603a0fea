/** A JSON value. What events hold; numbers beyond 2^53 are written as strings. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}
