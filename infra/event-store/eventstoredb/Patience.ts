/**
 * How long is waited for EventStoreDB, in milliseconds. The client's own deadlines hold for classic appends only: reads,
 * connecting and subscriptions would wait for ever for a server that accepts and says nothing.
 */
export interface Patience {
  /** For the answer to one append, and for each next word of a read. */
  readonly answer: number
  /** How often one append is offered, all in all, while its outcome is unknown. */
  readonly offers: number
  /** A subscription that heard nothing for so long is opened again: it may have died silently. */
  readonly silence: number
  /** The longest pause between two attempts to open a subscription. */
  readonly pause: number
  /** For a server to be there when this process starts. */
  readonly start: number
}

export const patience: Patience = { answer: 3_000, offers: 3, silence: 5_000, pause: 1_000, start: 30_000 }
