import { parse } from "yaml"
import { text } from "./Files.ts"

interface Service {
  readonly image: string
  readonly build?: string
  readonly command?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test?: ReadonlyArray<string>; readonly disable?: boolean }
  readonly networks: ReadonlyArray<string>
  readonly ports?: ReadonlyArray<string>
  readonly volumes: ReadonlyArray<string>
  readonly read_only?: boolean
  readonly cap_drop?: ReadonlyArray<string>
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly volumes: Readonly<Record<string, unknown>>
}
export const compose: Compose = parse(text("docker-compose.yml"), { merge: true })
export const services = Object.entries(compose.services)
/** Those that run Homing. */
export const ours = services.filter(([, { build }]) => build !== undefined)
