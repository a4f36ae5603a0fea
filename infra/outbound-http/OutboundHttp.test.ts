import { outboundHttpContract } from "./contract.ts"
import { layer } from "./NodeHttp.ts"

outboundHttpContract("node:http", layer)
