import { Context, Schema } from "effect"

/** Whether all that gateways share is where several of them reach it: log, bus and database. */
export const Shared = Context.Reference<boolean>("homing/services/identity/Shared", { defaultValue: () => false })

/** Whether this process's secrets and addresses become those of the log, whatever they were. */
export const Adopting = Context.Reference<boolean>("homing/services/identity/Adopting", { defaultValue: () => false })

const otherSecrets =
  "Put back the secrets of this log: those of a gateway that runs, or of a backup. If they are lost for ever: `homing store adopt`"
const words = {
  other_pepper: `the secret pepper is not the one of this log. ${otherSecrets}`,
  no_gateway_key: `none of the secrets is a key of the gateway that this log trusts now. ${otherSecrets}`,
  not_shared:
    "several gateways may run on this log: EVENTSTORE_URL, NATS_URL and DATABASE_URL have to be set, all three. " +
    "If only one will ever run: `homing store adopt`",
  other_database:
    "the database at DATABASE_URL belongs to another log: set EVENTSTORE_URL to that one, or use another database"
}

/** This process would write what the other processes on the log, before and beside it, cannot read or believe. */
export class NotThisLogs extends Schema.TaggedError<NotThisLogs>()("NotThisLogs", {
  reason: Schema.Literals(["other_pepper", "no_gateway_key", "not_shared", "other_database"])
}) {
  override get message() {
    return words[this.reason]
  }
}
