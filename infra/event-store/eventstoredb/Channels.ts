import type { Socket } from "node:net"
import { Channel, type ChannelCredentials, credentials } from "@grpc/grpc-js"

/** The library's own, and a connection for this client alone: grpc-js gives clients of one address the same one. */
const options = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.max_receive_message_length": 17 * 1024 * 1024,
  "grpc.use_local_subchannel_pool": 1
}

export interface Security {
  readonly insecure: boolean
  readonly rootCertificate?: Buffer
}

/**
 * Opens channels and can end their connections. Closing a channel leaves those behind that were accepted and never spoken
 * on: grpc-js waits for their first word without end.
 */
export const channels = ({ insecure, rootCertificate }: Security) => {
  const sockets = new Set<Socket>()
  const security = heldBy(sockets, insecure ? credentials.createInsecure() : credentials.createSsl(rootCertificate))
  const opened = new Set<Channel>()
  return {
    open: (target: string): Channel => {
      const channel = new Channel(target, security, options)
      opened.add(channel)
      return channel
    },
    /** Whether it was known yet whom to connect to. */
    isOpen: () => opened.size > 0,
    cut: () => {
      for (const channel of opened) channel.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}

/** Remembers every socket that these credentials are asked to secure. */
const heldBy = (sockets: Set<Socket>, security: ChannelCredentials): ChannelCredentials => {
  const { _createSecureConnector } = security
  security._createSecureConnector = (...asked) => {
    const connector = _createSecureConnector.apply(security, asked)
    const { connect } = connector
    connector.connect = (socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
      return connect.call(connector, socket)
    }
    return connector
  }
  return security
}
