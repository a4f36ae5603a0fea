import { outboundHttpContract } from "./contract.ts"
import { layer } from "./Undici.ts"

outboundHttpContract("undici", layer)
