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
    "the database at DATABASE_URL belongs to another log: set EVENTSTORE_URL to that one, or use another database",
  other_views:
    "views.db belongs to another log. If the log is not the one that belongs here, put that back; else delete views.db, and " +
    "it is made anew",
  no_pepper: `the secret pepper is missing, and the log has been begun. ${otherSecrets}`,
  other_keys:
    "the subject keys, in subject-keys.db or the database, belong to another log. If the log is not the one that belongs " +
    "here, put that back; else the keys of this one, from the newest backup. If these shall be its keys: `homing store adopt`",
  no_keys:
    "there is no subject key, in subject-keys.db or the database, and the log needs some: no recipient, text or name in it " +
    "can be read. Put them back from the newest backup. If they are lost for ever: `homing store adopt`"
}

/** This process would write what the other processes on the log, before and beside it, cannot read or believe. */
export class NotThisLogs extends Schema.TaggedError<NotThisLogs>()("NotThisLogs", {
  reason: Schema.Literals([
    "other_pepper",
    "no_gateway_key",
    "not_shared",
    "other_database",
    "other_views",
    "no_pepper",
    "other_keys",
    "no_keys"
  ])
}) {
  override get message() {
    return words[this.reason]
  }
}
