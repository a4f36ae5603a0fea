import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { parseArgs } from "node:util"
import { controlServer } from "./ControlServer.ts"
import { startServer } from "./Server.ts"

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    port: { type: "string", default: "0" },
    "control-port": { type: "string", default: "0" }
  }
})
if (values.directory === undefined) throw new Error("--directory is where it keeps its events")

const server = await startServer({ directory: values.directory, port: Number(values.port) })
const control = controlServer(server.faults).listen(Number(values["control-port"]), "127.0.0.1")
await once(control, "listening")

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close()
    control.close()
    control.closeAllConnections()
  })
}

console.log(JSON.stringify({ port: server.port, control: (control.address() as AddressInfo).port }))
