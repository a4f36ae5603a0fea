/** A map that forgets what was used longest ago. */
export const lru = <Value>(capacity: number) => {
  const entries = new Map<string, Value>()
  const set = (key: string, value: Value): void => {
    entries.delete(key)
    entries.set(key, value)
    if (entries.size > capacity) entries.delete(entries.keys().next().value!)
  }
  return {
    get: (key: string): Value | undefined => {
      const value = entries.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
    delete: (key: string): boolean => entries.delete(key)
  }
}
