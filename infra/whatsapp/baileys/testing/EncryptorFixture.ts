import "../QuietLibsignal.ts"
import { writeSync } from "node:fs"
import { addTransactionCapability, BufferJSON, DEFAULT_CONNECTION_CONFIG } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { pino } from "pino"
import { DeviceId } from "#domain/Ids.ts"
import { crypto } from "../../../crypto/NodeCrypto.ts"
import { toSession } from "../../simulator/PreKeyBundle.ts"
import * as AuthFile from "../AuthFile.ts"
import * as AuthState from "../AuthState.ts"

/**
 * A life of a device: encrypts so many messages, each in a transaction as Baileys' sends are, and dies by SIGKILL when the
 * last one has left and its transaction is not over. `file jid bundle count`; prints each as a line.
 */
const [path = "", jid = "", bundle = "", count = ""] = process.argv.slice(2)
const device = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a01")
const silent = pino({ level: "silent" })

const live = async (file: AuthFile.AuthFile) => {
  const { paired, save, state } = AuthState.load(file, device)
  const keys = addTransactionCapability(state.keys, silent, { maxCommitRetries: 1, delayBetweenTriesMs: 0 })
  const signal = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: state.creds, keys }, silent, async () => [])
  if (!paired()) {
    state.creds.account = { details: new Uint8Array([1]) }
    save()
    await signal.injectE2ESession({ jid, session: toSession(JSON.parse(bundle, BufferJSON.reviver)) })
  }
  for (let n = 1; n <= Number(count); n++) {
    await keys.transaction(async () => {
      const text = `${process.pid} ${n}`
      const data = Buffer.concat([Buffer.of(0x0a, text.length), Buffer.from(text), Buffer.of(1)]) // a conversation, padded
      const { ciphertext, type } = await signal.encryptMessage({ jid, data })
      writeSync(1, `${JSON.stringify({ type, text, ciphertext: Buffer.from(ciphertext).toString("hex") })}\n`)
      if (n === Number(count)) process.kill(process.pid, "SIGKILL")
    }, "own")
  }
}

AuthFile.open(crypto, path, Buffer.alloc(32, 7)).pipe(
  Effect.flatMap((file) => Effect.promise(() => live(file))),
  Effect.scoped,
  Effect.runPromise
)
