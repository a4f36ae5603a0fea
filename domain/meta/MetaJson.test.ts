import { assert, describe, it } from "@effect/vitest"
import { utf8 } from "../Bytes.ts"
import { readObject } from "./MetaJson.ts"

describe("MetaJson", () => {
  it("writes every number as it came, wherever it stands", () => {
    for (const text of [
      '{"a":1.0}',
      '{"a":-1.50}',
      '{"a":[1e2]}',
      '{"a":[-0]}',
      '{"a":["b",12345678901234567890]}',
      '{"a":[[[0.10]]],"b":"c"}'
    ]) {
      assert.strictEqual(JSON.stringify(readObject(utf8(text))), text)
      const spaced = text.replace(/[:,[]/g, "$&\r\n\t ")
      assert.strictEqual(JSON.stringify(readObject(utf8(spaced))), text)
    }
  })

  it("leaves texts as they are, also those that look like numbers", () => {
    for (const text of ['{"a":"1.0"}', '{"a":"b: 1.0, [2.0"}', '{"a":["0012","-1"],"b":null}']) {
      assert.strictEqual(JSON.stringify(readObject(utf8(text))), text)
    }
  })
})
