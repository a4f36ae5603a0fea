import "../baileys/QuietLibsignal.ts"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Curve } from "@whiskeysockets/baileys"
import { type WebSocket, WebSocketServer } from "ws"
import { makeCertificateChain } from "./CertificateChain.ts"
import { Connection } from "./Connection.ts"
import { controlListener } from "./ControlServer.ts"
import { type Controls, makeControls } from "./Controls.ts"
import { Directory } from "./Directory.ts"
import { type FaultsPatch, noFaults } from "./Faults.ts"
import { Groups } from "./Groups.ts"
import { receiveSession } from "./Login.ts"
import type { Network } from "./Network.ts"
import type { ServerIdentity } from "./NoiseResponder.ts"
import { PairingDesk } from "./PairingDesk.ts"
import { SimulatorRecord } from "./Record.ts"
import { receiveStanza } from "./Stanzas.ts"
import { Timers } from "./Timers.ts"
import { Uploads } from "./Uploads.ts"

const webSocketPath = "/ws/chat"
const largestWebSocketMessage = 4 * 1024 * 1024
/**
 * Longer than whoever steers it keeps a connection that is not used: at Node's five seconds a busy client, late by as much as
 * that, asks on one that is just closed.
 */
const keepAliveTimeout = 150_000

/** All numbers are digits, without the plus sign. */
export interface SimulatorOptions {
  /** Default 127.0.0.1: whoever reaches the control API reads every message. */
  readonly host?: string
  /** Default 0, any free port. */
  readonly port?: number
  /** Where the whole record is kept as JSON lines; without it, the last of it in memory only. */
  readonly recordFile?: string | undefined
  /** How many observations stay in memory at least. Default 20,000. */
  readonly recordWindow?: number
  /** Numbers on WhatsApp from the start. */
  readonly contacts?: ReadonlyArray<string>
  /** Whether any number that a client asks for becomes a contact. Default false. */
  readonly autoContacts?: boolean
  /** Numbers that are not on WhatsApp, whatever `autoContacts` says. */
  readonly absent?: ReadonlyArray<string>
  readonly faults?: FaultsPatch
}

export interface Simulator extends Controls {
  /** What a client takes for WhatsApp's address: Baileys' `waWebSocketUrl`. */
  readonly url: string
  readonly controlUrl: string
  readonly close: () => Promise<void>
}

/** Starts a WhatsApp Web server that an unmodified Baileys pairs with and sends through. Rejects on a port in use. */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const { host = "127.0.0.1", port = 0, contacts = [], autoContacts = false, absent = [] } = options
  const network: Network = {
    directory: new Directory(autoContacts, absent),
    groups: new Groups(),
    connections: new Set(),
    pairing: new PairingDesk(),
    faults: { ...noFaults(), ...options.faults },
    record: new SimulatorRecord(options.recordFile, options.recordWindow),
    timers: new Timers(),
    uploads: new Uploads()
  }
  for (const number of contacts) network.directory.phone(number)

  const controls = makeControls(network)
  const server = createServer({ keepAliveTimeout }, network.uploads.before(controlListener(controls), network.faults))
  const sockets = acceptClients(server, network)
  server.listen(port, host)
  await once(server, "listening")

  const address = `${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
  return {
    ...controls,
    url: `ws://${address}${webSocketPath}`,
    controlUrl: `http://${address}/control`,
    close: async () => {
      network.timers.close()
      for (const connection of network.connections) connection.drop()
      sockets.close()
      server.close()
      server.closeAllConnections()
      await once(server, "close")
      network.record.close()
    }
  }
}

const acceptClients = (server: Server, network: Network) => {
  const key = Curve.generateKeyPair()
  const identity = { key, certificateChain: makeCertificateChain(Curve.generateKeyPair(), key.public) }
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestWebSocketMessage })
  server.on("upgrade", (request, socket, head) => {
    const isClient = URL.parse(request.url ?? "", "http://localhost")?.pathname === webSocketPath
    const refusal = isClient ? network.faults.upgradeStatus : 404
    if (refusal === null) {
      return sockets.handleUpgrade(request, socket, head, (webSocket) => accept(network, identity, webSocket))
    }
    network.record.add("upgrade-refused", { detail: String(refusal) })
    // A client that hangs up first must not bring the server down.
    socket.on("error", () => undefined)
    socket.end(`HTTP/1.1 ${refusal} Simulated\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
  return sockets
}

const accept = (network: Network, identity: ServerIdentity, socket: WebSocket) => {
  const connection = new Connection(socket, identity, {
    onSession: (from, session) => receiveSession(network, from, session),
    onStanza: (from, stanza) => receiveStanza(network, from, stanza),
    onProtocolError: (_from, error) =>
      network.record.add("protocol-error", { detail: error instanceof Error ? error.message : "unknown" }),
    onClosed: (from) => {
      network.connections.delete(from)
      network.pairing.forget(from)
      if (!from.login) return
      const { phone, companion } = from.login
      companion.detach(from)
      network.record.add("closed", { account: phone.number, device: companion.device })
    }
  })
  network.connections.add(connection)
}
