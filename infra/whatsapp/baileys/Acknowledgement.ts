import { isDeepStrictEqual } from "node:util"
import {
  type BinaryNode,
  buildAckStanza,
  decodeBinaryNode,
  encodeBinaryNode,
  NACK_REASONS,
  type WASocket
} from "@whiskeysockets/baileys"
import { encodePlainly } from "./PlainNodes.ts"

/** Tells WhatsApp that a stanza is not to be offered again; of a message also that it could not be read. */
export const acknowledge = async (sock: WASocket, stanza: BinaryNode): Promise<void> => {
  const reason = stanza.tag === "message" ? NACK_REASONS.ParsingError : undefined
  await sock.sendRawMessage(await encode(buildAckStanza(stanza, reason, sock.user?.id)))
}

const encode = async (ack: BinaryNode): Promise<Uint8Array> => {
  const usual = encodeBinaryNode(ack)
  const readBack = await decodeBinaryNode(usual).catch(() => undefined)
  return isDeepStrictEqual(readBack?.attrs, ack.attrs) ? usual : encodePlainly(ack)
}
