/** How far something long is, on standard error, where that is a terminal; a line a second at most. */
const everyMillis = 200
const width = 30

export const progressBar = (what: string, total: bigint | undefined) => {
  const begun = performance.now()
  let shownAt = 0
  const isShown = process.stderr.isTTY === true
  const clear = () => {
    if (isShown) process.stderr.write("\r\u001b[2K")
  }
  return {
    advance: (position: bigint, events: number) => {
      if (!isShown || performance.now() - shownAt < everyMillis) return
      shownAt = performance.now()
      const share = total === undefined || total === 0n ? 1 : Math.min(1, Number(position) / Number(total))
      const rate = Math.round(events / ((shownAt - begun) / 1_000))
      const bar = "█".repeat(Math.round(share * width)).padEnd(width, "░")
      process.stderr.write(`\r\u001b[2K${what} ${bar} ${Math.floor(share * 100)} %  ${events} events, ${rate} a second`)
    },
    end: clear
  }
}
