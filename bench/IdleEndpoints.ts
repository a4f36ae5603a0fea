import { key, pairedDevice, request } from "./Callers.ts"
import { ask, type Load, load, median, type Server, serve } from "./Processes.ts"

/**
 * Confirmed sends of two processes of the product, in pairs and by turns: one with ten endpoints that nothing of it concerns,
 * one with none.
 */
const gateway = "../dist/bench-gateway.js"
const endpoints = 10
const levels = [1, 32]

/** `cpuMs`: for one request, which whoever else uses the machine changes least. */
type Measured = Load & { readonly cpuMs: number }

const withEndpoints = async (server: Server) => {
  for (let n = 0; n < endpoints; n++) {
    const created = await fetch(`http://127.0.0.1:${server.port}/v1/endpoints`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ url: `https://hooks.example/${n}`, types: ["homing.device.renamed.v1"] })
    })
    if (created.status !== 201) throw new Error(`no endpoint: ${created.status} ${await created.text()}`)
  }
  return server
}

export const measure = async (rounds: number, seconds: number, note: (line: string) => void) => {
  const servers = { with: await withEndpoints(await serve(gateway)), without: await serve(gateway) }
  const asked = {
    with: request(await pairedDevice(servers.with), 512),
    without: request(await pairedDevice(servers.without), 512)
  }
  const one = async (which: keyof typeof servers, connections: number, lasting = seconds): Promise<Measured> => {
    const before = await ask(servers[which])
    const result = await load(servers[which].port, connections, lasting, asked[which])
    return { ...result, cpuMs: ((await ask(servers[which])).cpuMs - before.cpuMs) / result.answered }
  }
  for (const which of ["with", "without"] as const) await one(which, 32, 10) // optimized code takes about that long to come
  const pairs = new Map(levels.map((level) => [level, [] as Array<{ with: Measured; without: Measured }>]))
  for (let round = 1; round <= rounds; round++) {
    for (const connections of levels) {
      const order = round % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const)
      const pair: Partial<Record<keyof typeof servers, Measured>> = {}
      for (const which of order) pair[which] = await one(which, connections)
      const { with: a, without: b } = pair as { with: Measured; without: Measured }
      pairs.get(connections)!.push({ with: a, without: b })
      note(
        `round ${round}, ${connections} connections: ${a.rps.toFixed(0)} of ${b.rps.toFixed(0)} req/s, ${a.cpuMs.toFixed(2)} of ${b.cpuMs.toFixed(2)} ms of CPU`
      )
    }
  }
  for (const server of Object.values(servers)) await server.stop()
  return levels.map((connections) => {
    const some = pairs.get(connections)!
    const of = (pick: (pair: (typeof some)[number]) => number) => median(some.map(pick))
    return {
      connections,
      rps: of((_) => _.with.rps),
      rpsWithout: of((_) => _.without.rps),
      p50Ms: of((_) => _.with.p50Ms),
      p50MsWithout: of((_) => _.without.p50Ms),
      /** The median of the pairs' own ratios: 1 is as quick. */
      ratio: of((_) => _.with.rps / _.without.rps),
      cpuRatio: of((_) => _.without.cpuMs / _.with.cpuMs)
    }
  })
}
