/** The browser's timers, in one place. Each gives what ends it. */

export const after = (millis: number, ring: () => void): (() => void) => {
  const timer = setTimeout(ring, millis)
  return () => clearTimeout(timer)
}

export const every = (millis: number, ring: () => void): (() => void) => {
  const timer = setInterval(ring, millis)
  return () => clearInterval(timer)
}
