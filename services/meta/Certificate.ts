/** Whom Meta's certificate names. */
const commonName = "client.webhooks.fbclientcerts.com"

/** Between the parts of a name (RFC 4514, or as OpenSSL wrote it once); what is escaped is none. */
const separators = { comma: /(?<!\\)[,+]\s*/, slash: /(?<!\\)\// }

/**
 * Whether this is what a proxy says of a certificate that it checked: its common name alone, or the whole subject. Read
 * exactly, as a name that only ends with Meta's, or has it in another part, is somebody else's.
 */
export const isMetas = (subject: string | undefined): boolean => {
  if (subject === undefined) return false
  if (subject === commonName) return true
  const names = subject
    .split(subject.startsWith("/") ? separators.slash : separators.comma)
    .filter((part) => /^CN\s*=/i.test(part))
  return names.length === 1 && names[0]!.replace(/^CN\s*=\s*/i, "") === commonName
}
