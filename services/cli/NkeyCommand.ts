import { join } from "node:path"
import { Effect, Layer, Redacted } from "effect"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as Nkey from "#infra/bus/jetstream/Nkey.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import type { Config } from "../Config.ts"
import { say } from "./Terminal.ts"

/** Prints as whom the gateway signs in at a NATS server: the server has to be told before. Made if it is not there yet. */
export const print = ({ dataDirectory }: Config) =>
  Effect.gen(function* () {
    const secret = yield* (yield* SecretVault).obtain("gateway-nkey")
    say(Nkey.userOf(Redacted.value(secret)).publicKey)
  }).pipe(Effect.provide(FileVault.layer(join(dataDirectory, "secrets")).pipe(Layer.provide(NodeCrypto.layer))))
