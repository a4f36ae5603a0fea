import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Curve, encodeBinaryNode, makeNoiseHandler, NOISE_WA_HEADER, proto } from "@whiskeysockets/baileys"
import pino from "pino"
import { toFrame } from "../baileys/Frames.ts"
import { element } from "./BinaryNodes.ts"
import { makeCertificateChain } from "./CertificateChain.ts"
import { FrameReader } from "./Frames.ts"
import { NoiseResponder } from "./NoiseResponder.ts"

// Baileys' own check ignores libsignal's verdict, so this test asks libsignal, which has no types for this path.
const { verifySignature } = createRequire(import.meta.url)("libsignal/src/curve.js") as {
  readonly verifySignature: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
}
const holds = (key: Uint8Array, { details, signature }: proto.CertChain.INoiseCertificate) =>
  verifySignature(Buffer.concat([Buffer.from([5]), key]), details!, signature!)

describe("handshake", () => {
  it("shows a certificate chain that holds for a client that checks it", () => {
    const root = Curve.generateKeyPair()
    const server = Curve.generateKeyPair()
    const { leaf, intermediate } = proto.CertChain.decode(makeCertificateChain(root, server.public))
    const issuer = proto.CertChain.NoiseCertificate.Details.decode(intermediate!.details!)
    const subject = proto.CertChain.NoiseCertificate.Details.decode(leaf!.details!)
    assert.isTrue(holds(root.public, intermediate!))
    assert.isTrue(holds(issuer.key!, leaf!))
    assert.isFalse(holds(root.public, leaf!))
    assert.deepStrictEqual(Buffer.from(subject.key!), Buffer.from(server.public))
  })

  it("agrees on keys with Baileys' half, and learns whom it talks to", async () => {
    const root = Curve.generateKeyPair()
    const key = Curve.generateKeyPair()
    const responder = new NoiseResponder({ key, certificateChain: makeCertificateChain(root, key.public) })
    const ephemeral = Curve.generateKeyPair()
    const client = Curve.generateKeyPair()
    const noise = makeNoiseHandler({
      keyPair: ephemeral,
      NOISE_HEADER: NOISE_WA_HEADER,
      logger: pino({ level: "silent" })
    })

    const hello = proto.HandshakeMessage.encode({ clientHello: { ephemeral: ephemeral.public } }).finish()
    const serverHello = proto.HandshakeMessage.decode(responder.hello(hello))
    const clientKey = noise.processHandshake(serverHello, client)
    const payload = noise.encrypt(proto.ClientPayload.encode({ username: 15550001, device: 3 }).finish())
    const finish = proto.HandshakeMessage.encode({ clientFinish: { static: clientKey, payload } }).finish()
    const session = responder.finish(finish)

    assert.deepStrictEqual(session.clientKey, Buffer.from(client.public))
    assert.strictEqual(session.payload.device, 3)
    assert.throws(() => new NoiseResponder({ key, certificateChain: Buffer.alloc(0) }).finish(finish))

    await noise.finishInit()
    const [frame] = new FrameReader().read(noise.encodeFrame(Buffer.from("to the server")))
    assert.strictEqual(String(session.open(frame!)), "to the server")
    const received: Array<unknown> = []
    await noise.decodeFrame(toFrame(session.seal(encodeBinaryNode(element("success")))), (node) => received.push(node))
    assert.deepInclude(received[0], { tag: "success" })
  })

  it("cuts frames out of bytes that arrive one by one, behind a routing hint", () => {
    const hint = Buffer.concat([Buffer.from("ED"), Buffer.from([0, 1, 0, 0, 2, 9, 9])])
    const bytes = Buffer.concat([hint, NOISE_WA_HEADER, toFrame(Buffer.from("one")), toFrame(Buffer.from("two"))])
    const reader = new FrameReader()
    const frames = [...bytes].flatMap((byte) => reader.read(Buffer.from([byte])))
    assert.deepStrictEqual(frames.map(String), ["one", "two"])
    assert.throws(() => new FrameReader().read(Buffer.from("HTTP")))
    assert.throws(() => new FrameReader().read(Buffer.concat([NOISE_WA_HEADER, Buffer.from([255, 255, 255])])))
  })
})
