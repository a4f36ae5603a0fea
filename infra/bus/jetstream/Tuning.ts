/** Times are milliseconds. Tests are less patient. */
export interface Tuning {
  /** What is delivered and not acknowledged comes again after this. */
  readonly ackWait: number
  /** The same of an event: until then a service that died is waited for by the next of its kind. */
  readonly eventAckWait: number
  /** After so many deliveries an envelope is a dead letter. */
  readonly maxDeliveries: number
  /** For how long the server knows an event's id again. */
  readonly eventWindow: number
  /** How many may be with the receiver at once. The ledger keeps the order, so more than one may. */
  readonly maxUnacknowledged: number
  /** How long one question to the server may take. */
  readonly request: number
  /** How long publishing goes on trying before the bus counts as unavailable. */
  readonly patience: number
  /** The server says so often that a consumer is alive; three silences end a pull. */
  readonly heartbeat: number
  /** How often the gateway looks after streams and consumers. */
  readonly look: number
  /** A consumer that has something, is asked for it and delivers nothing for so long is made anew. */
  readonly stuck: number
  /** A stream of this many bytes refuses more. */
  readonly maxBytes: number
}

export const defaults: Tuning = {
  ackWait: 30_000,
  eventAckWait: 5_000,
  eventWindow: 120_000,
  maxDeliveries: 20,
  maxUnacknowledged: 2_048,
  request: 5_000,
  patience: 30_000,
  heartbeat: 5_000,
  look: 5_000,
  stuck: 90_000, // three times ackWait: by then what was not acknowledged has been delivered again
  maxBytes: 1_073_741_824
}
