/** What this process knows of an object and does not write into it, for as long as the object is in memory. */
export interface Beside<K extends object, V> {
  readonly get: (object: K) => V | undefined
  readonly set: (object: K, known: V) => unknown
}

export const beside = <K extends object, V>(): Beside<K, V> => new WeakMap<K, V>()
