import type { Connection } from "./Connection.ts"
import type { Directory } from "./Directory.ts"
import type { Faults } from "./Faults.ts"
import type { Groups } from "./Groups.ts"
import type { PairingDesk } from "./PairingDesk.ts"
import type { SimulatorRecord } from "./Record.ts"
import type { Timers } from "./Timers.ts"
import type { Uploads } from "./Uploads.ts"

/** What every part of the simulated server shares. */
export interface Network {
  readonly directory: Directory
  readonly groups: Groups
  readonly connections: Set<Connection>
  readonly pairing: PairingDesk
  readonly faults: Faults
  readonly record: SimulatorRecord
  readonly timers: Timers
  readonly uploads: Uploads
}
