import { describe } from "@effect/vitest"
import { allowed } from "./contract/Allowed.ts"
import { endings } from "./contract/Endings.ts"
import { exchanges } from "./contract/Exchanges.ts"
import type { MakeLayer } from "./contract/Stage.ts"
import { trusted } from "./contract/Trusted.ts"

/** What every OutboundHttp adapter owes its callers. That nothing arrives where it may not is in `Ssrf.test.ts`. */
export const outboundHttpContract = (adapter: string, layer: MakeLayer) =>
  describe(`OutboundHttp contract: ${adapter}`, () => {
    exchanges(layer)
    allowed(layer)
    trusted(layer)
    endings(layer)
  })
