/** What the gateway's policy lets styles that are made here go by; absent where the page is served by something else. */
export const nonce = (): string => {
  const { content = "" } = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]') ?? {}
  return content.startsWith("__") ? "" : content
}

/** What keeps a page from scrolling behind a dialog asks for it by a name that bundlers once gave it. */
export const shareNonce = (): void => {
  Object.assign(globalThis, { __webpack_nonce__: nonce() })
}
