# syntax=docker/dockerfile:1
#
# slipway with our own application, for amd64 and arm64:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t slipway .
#
# `scripts/image-check` acts out the last stage without Docker.

# Everything is cross-compiled on the machine that builds, which takes minutes; under emulation it would take hours.
# Debian 12 as in the last stage, for the same glibc. glibc and not musl: it is what the tests run on.
FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS build
ARG TARGETARCH
ARG COMMIT=
ENV SLIPWAY_COMMIT=$COMMIT
WORKDIR /src
# SQLite, mimalloc and ring are C and assembly, so the target's compiler is needed, and it links too.
RUN <<END
set -eu
case $TARGETARCH in
amd64) cpu=x86_64 package=x86-64-linux-gnu libc=amd64 ;;
arm64) cpu=aarch64 package=aarch64-linux-gnu libc=arm64 ;;
*) echo "no image for $TARGETARCH: amd64 and arm64 are known" >&2; exit 1 ;;
esac
if [ "$(uname -m)" != $cpu ]; then
    apt-get -q update
    apt-get -q install -y --no-install-recommends gcc-$package libc6-dev-$libc-cross
    rm -rf /var/lib/apt/lists/*
fi
rustup target add $cpu-unknown-linux-gnu wasm32-wasip2
echo "$cpu" >/cpu
END
COPY . .
# Folders that outlive the build are shared by builds of the same kind alone, and nothing in them gets into the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,id=slipway-target-$TARGETARCH,sharing=locked <<END
set -eu
cpu=$(cat /cpu)
export CC_${cpu}_unknown_linux_gnu=$cpu-linux-gnu-gcc
export CARGO_TARGET_$(echo $cpu | tr a-z A-Z)_UNKNOWN_LINUX_GNU_LINKER=$cpu-linux-gnu-gcc
scripts/wasm-cargo build --locked --profile component -p tracker -p webhook
cargo build --locked --profile dist --package slipway --target $cpu-unknown-linux-gnu
scripts/image-root /out target/$cpu-unknown-linux-gnu/dist/slipway
END

# Components are compiled by the program of the image itself: for arm64 on amd64 and the other way around this step runs
# under emulation (docker run --privileged tonistiigi/binfmt --install all). --portable, because the machine that builds
# is not the one that runs. Here, everything still belongs to root.
FROM gcr.io/distroless/cc-debian12 AS compile
COPY --from=build /out/ /
RUN ["/usr/local/bin/slipway", "compile", "--portable", "-f", "/app", "-o", "/app/compiled"]

# glibc, libgcc, certificates, and the user nonroot (65532); no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=compile /usr/local/bin/slipway /usr/local/bin/slipway
# Root's, and writable by nobody else: what is compiled is not trusted otherwise.
COPY --from=compile /app /app
COPY --from=build --chown=65532:65532 /out/var/lib/slipway /var/lib/slipway
USER 65532:65532
# All that is ever written; the rest may be read-only. Also the working directory, so that `up -f REFERENCE` as SpinKube
# calls it has its .slipway here.
VOLUME /var/lib/slipway
WORKDIR /var/lib/slipway
EXPOSE 3000 9090
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s CMD ["/usr/local/bin/slipway", "health"]
ENTRYPOINT ["/usr/local/bin/slipway"]
CMD ["up", "-f", "/app", "--cache-dir", "/app/compiled", "--state-dir", "/var/lib/slipway", "--listen", "0.0.0.0:3000", "--admin-listen", "0.0.0.0:9090", "--sweep-every", "30s", "--max-burst-time", "8s"]
