# Holds libsignal (GPL-3.0): whoever passes the image on passes the whole on under the GPL-3.0. See LICENSE.
FROM node:26.10.0-bookworm-slim AS dependencies
WORKDIR /homing
COPY package.json package-lock.json ./
# No install script is needed: nothing is compiled, and the image brings its own Node.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-bookworm-slim
WORKDIR /homing
COPY --from=dependencies /homing/node_modules node_modules
COPY . .
RUN install -d -o node -g node -m 700 /data
USER node
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
VOLUME /data
EXPOSE 4010
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4010}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["node", "services/cli/homing.ts"]
CMD ["start"]
