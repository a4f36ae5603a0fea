import type { Addresses } from "./Addresses.ts"
import { userOf } from "./addresses/User.ts"
import type { Receipt } from "./ServerWords.ts"

/** Whether a receipt comes from whom a word on a message to this address has to come. */
export const isFrom = (addresses: Addresses, receipt: Receipt, address: string): boolean => {
  const { from, number, participant, recipient, speakers } = receipt
  // what comes from a group, a list or nobody is no word on a message to one person
  if (userOf(from) === undefined) return false
  if (participant !== undefined && !addresses.isSame(participant, from)) return false
  const isAccount = addresses.isOwn(from) && addresses.isSame(recipient, address)
  const isRecipient = addresses.isSame(from, address) || addresses.isSame(number, address)
  return (speakers.includes("account") && isAccount) || (speakers.includes("recipient") && isRecipient)
}
