import { assert, describe, it } from "@effect/vitest"
import { declared } from "./Config.ts"
import { meantBy } from "./Misspelt.ts"

const names = declared.map(({ variable }) => variable)
const meant = (variable: string) => meantBy(variable, names)

describe("a variable that is nearly a setting", () => {
  it("is known by what was meant", () => {
    const near = {
      PROT: "PORT",
      port: "PORT",
      PORTS: "PORT",
      HOMING_PORT: "PORT",
      "data-dir": "DATA_DIR",
      DATADIR: "DATA_DIR",
      APIKEY: "API_KEY",
      LOGLEVEL: "LOG_LEVEL",
      NATS_URI: "NATS_URL",
      DATABSE_URL: "DATABASE_URL",
      PHONE_CONTRY_CODE: "PHONE_COUNTRY_CODE",
      RATE_LIMIT_DEVICE: "RATE_LIMIT_DEVICES",
      RATE_LIMIT_MESSAGE: "RATE_LIMIT_MESSAGES"
    }
    for (const [variable, name] of Object.entries(near)) assert.strictEqual(meant(variable), name, variable)
  })

  it("is none of what machines set by themselves, and no setting", () => {
    const others =
      "HOME HOSTNAME HOSTTYPE PATH PWD OLDPWD USER LOGNAME SHELL SHLVL TERM LANG TZ MAIL EDITOR PAGER DISPLAY COLORTERM " +
      "SSH_AGENT_PID INIT_CWD NODE NODE_ENV NODE_OPTIONS NODE_COMPILE_CACHE npm_config_cache npm_package_name " +
      "npm_lifecycle_event PGHOST PGPORT PGDATABASE AWS_REGION POSTGRES_PASSWORD HOMING_GATEWAY_NKEY " +
      "HOMING_AGENT_HOME_NKEY XDG_DATA_DIRS XDG_DATA_HOME CI DEBUG KUBERNETES_PORT KUBERNETES_SERVICE_HOST HTTP_PROXY"
    for (const variable of [...others.split(" "), ...names]) assert.isUndefined(meant(variable), variable)
  })
})
