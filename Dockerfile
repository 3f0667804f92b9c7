# One target per image: operator, runtime, runtime-cuda, training. What runs in the first three is node, the C library and
# one bundled program: no shell, no npm.
ARG BASE=docker.io/library/node:24-bookworm-slim

FROM ${BASE} AS dependencies
WORKDIR /src
# The CPU build of onnxruntime is in its npm package; its installer would fetch CUDA libraries.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
# No install scripts: esbuild and onnxruntime come with their binaries, and node is here already. Versions are the lock
# file's; not "npm ci", which refuses a lock file written where a registry lacks some platform's optional packages.
RUN npm install --no-save --ignore-scripts --no-audit --no-fund --no-update-notifier

# Of onnxruntime's native builds (four platforms, 290 MB), only this platform's; sharp, which decodes pictures, with libvips;
# libjpeg-turbo for plain JPEGs, and koffi, which calls it.
FROM dependencies AS native
RUN set -e; \
    platform="linux/$(node -p process.arch)"; \
    package=node_modules/onnxruntime-node; \
    mkdir -p "/app/$package/bin/napi-v6/$platform"; \
    cp "$package/package.json" "/app/$package/"; \
    cp -R "$package/dist" "/app/$package/dist"; \
    cp -R "$package/bin/napi-v6/$platform/." "/app/$package/bin/napi-v6/$platform/"; \
    mkdir -p /app/node_modules/onnxruntime-common; \
    cp node_modules/onnxruntime-common/package.json /app/node_modules/onnxruntime-common/; \
    cp -R node_modules/onnxruntime-common/dist /app/node_modules/onnxruntime-common/dist; \
    rm -rf /app/node_modules/onnxruntime-common/dist/esm; \
    for package in sharp "@img/sharp-linux-$(node -p process.arch)" "@img/sharp-libvips-linux-$(node -p process.arch)" \
        @img/colour detect-libc semver; do \
      mkdir -p "/app/node_modules/$package"; \
      cp -R "node_modules/$package/." "/app/node_modules/$package/"; \
    done; \
    for package in koffi "@koromix/koffi-linux-$(node -p process.arch)"; do \
      mkdir -p "/app/node_modules/$package"; \
      cp -R "node_modules/$package/." "/app/node_modules/$package/"; \
    done; \
    rm -rf /app/node_modules/koffi/vendor /app/node_modules/koffi/doc /app/node_modules/koffi/lib \
      /app/node_modules/@koromix/*/musl_*; \
    package=node_modules/@julusian/jpeg-turbo; \
    turbo="$package/prebuilds/jpeg-turbo-linux-$(node -p process.arch)"; \
    mkdir -p "/app/$turbo"; \
    cp "$package/package.json" "$package/LICENSE" "/app/$package/"; \
    cp "$turbo/libturbojpeg.so.0" "/app/$turbo/"; \
    rm -rf /app/node_modules/sharp/src /app/node_modules/sharp/install /app/node_modules/sharp/lib \
      /app/node_modules/@img/*/lib/glib-2.0; \
    find /app \( -name '*.map' -o -name '*.d.ts' \) -delete

# Each program from what it is made of alone: a change of one rebuilds no other (images/inputs.ts lists the same).
FROM dependencies AS sources
COPY build.ts ./
COPY contract ./contract
COPY artifact ./artifact

FROM sources AS operator-program
COPY operator ./operator
RUN node build.ts operator

FROM sources AS runtime-program
COPY runtime ./runtime
RUN node build.ts runtime

# The root file system: node, the libraries that it and onnxruntime load, a user, and a place for temporary files.
FROM ${BASE} AS root
RUN set -e; \
    mkdir -p /root-fs/usr/local/bin /root-fs/etc /root-fs/tmp /root-fs/app; \
    chmod 1777 /root-fs/tmp; \
    cp "$(readlink -f "$(command -v node)")" /root-fs/usr/local/bin/node; \
    chmod 755 /root-fs/usr/local/bin/node; \
    for library in $(ldd /root-fs/usr/local/bin/node | grep -o '/[^ ]*'); do \
      mkdir -p "/root-fs$(dirname "$library")"; cp -L "$library" "/root-fs$library"; \
    done; \
    for library in librt.so.1 libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do \
      found=$(find /lib /usr/lib -name "$library" | head -n 1); \
      if [ -n "$found" ]; then mkdir -p "/root-fs$(dirname "$found")"; cp -L "$found" "/root-fs$found"; fi; \
    done; \
    echo 'root:x:0:0:root:/:/sbin/nologin' > /root-fs/etc/passwd; \
    echo 'windlass:x:65532:65532:windlass:/app:/sbin/nologin' >> /root-fs/etc/passwd; \
    printf 'root:x:0:\nwindlass:x:65532:\n' > /root-fs/etc/group; \
    echo 'hosts: files dns' > /root-fs/etc/nsswitch.conf
# Symbols are a seventh of node's size. Without a Debian mirror the image is that much larger, and as good.
RUN (apt-get update -qq && apt-get install -yqq --no-install-recommends binutils >/dev/null \
      && strip --strip-all /root-fs/usr/local/bin/node) \
    || echo 'no Debian mirror: node keeps its symbols'; \
    /root-fs/usr/local/bin/node --version

FROM scratch AS runtime-root
COPY --from=root /root-fs /
ENV PATH=/usr/local/bin NODE_ENV=production
WORKDIR /app
USER 65532:65532

FROM runtime-root AS operator
COPY --from=operator-program /src/dist/operator /app/operator
# Its threads wait for the network: one arena, given back soon, is a twentieth of its memory.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536
ENTRYPOINT ["node", "--max-semi-space-size=4", "/app/operator/main.mjs"]

FROM runtime-root AS runtime
COPY --from=native /app/node_modules /app/node_modules
COPY --from=runtime-program /src/dist/runtime /app/runtime
# Without a fixed threshold glibc keeps what a released session held: a model that moves to a worker thread counts twice.
# Tensors below 1 MiB stay on the heap, where they cost no page faults.
ENV MALLOC_MMAP_THRESHOLD_=1048576
# A smaller young generation keeps a pod tens of megabytes smaller, at no loss of throughput.
ENTRYPOINT ["node", "--max-semi-space-size=16", "/app/runtime/main.mjs"]

# CUDA's build of onnxruntime and all that it loads but the driver, which the node has: as wheels, pinned with their
# digests in runtime/cuda.lock. The three libraries of onnxruntime are of one build, so they replace the npm package's.
FROM ${BASE} AS cuda
RUN test "$(uname -m)" = x86_64 || { echo 'runtime-cuda is for x86-64 alone: onnxruntime has no CUDA build for others' >&2; exit 1; }; \
    apt-get update -qq && apt-get install -yqq --no-install-recommends python3-pip >/dev/null
COPY runtime/cuda.lock /
RUN set -e; \
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
      --implementation cp --python-version 3.12 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
      --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform manylinux_2_12_x86_64 \
      --platform manylinux2010_x86_64 --platform manylinux_2_5_x86_64 --platform manylinux1_x86_64 \
      --dest /wheels --requirement /cuda.lock; \
    for wheel in /wheels/*.whl; do python3 -m zipfile --extract "$wheel" /unpacked; done; \
    mkdir -p /cuda/onnxruntime /cuda/lib; \
    cp /unpacked/onnxruntime/capi/libonnxruntime_providers_cuda.so \
      /unpacked/onnxruntime/capi/libonnxruntime_providers_shared.so /cuda/onnxruntime/; \
    cp /unpacked/onnxruntime/capi/libonnxruntime.so.1.* /cuda/onnxruntime/libonnxruntime.so.1; \
    find /unpacked/nvidia -path '*/lib/*.so.*' ! -name 'libnvblas*' ! -name 'libcufftw*' -exec cp {} /cuda/lib/ ';'; \
    chmod 755 /cuda/onnxruntime/* /cuda/lib/*

FROM runtime AS runtime-cuda
COPY --from=cuda /cuda/lib /usr/local/cuda/lib64
COPY --from=cuda /cuda/onnxruntime /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
# NVIDIA's container toolkit reads the last two: what to mount of the driver, and which drivers are too old.
ENV LD_LIBRARY_PATH=/usr/local/cuda/lib64 NVIDIA_DRIVER_CAPABILITIES=compute,utility NVIDIA_REQUIRE_CUDA="cuda>=13.0"

# What retrains: Debian's Python, the packages of a lock, and windlass-train. For models of pictures:
# --build-arg TRAINING_LOCK=requirements-pictures.lock, which has TensorFlow and makes an image three times as large.
FROM ${BASE} AS training-packages
ARG TRAINING_LOCK=requirements-image.lock
# Debian's authorities take the place of those that a base image of one's own may bring: they are kept for pip.
RUN cp "${NODE_EXTRA_CA_CERTS:-/dev/null}" /authorities.crt; \
    apt-get update -qq && apt-get install -yqq --no-install-recommends python3-pip >/dev/null
COPY training/${TRAINING_LOCK} /requirements-training.lock
# The packages' own tests are an eighth of their size; TensorFlow's headers and libclang serve those who compile with it.
RUN set -e; \
    if [ -s /authorities.crt ]; then export PIP_CERT=/authorities.crt; fi; \
    python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes --only-binary :all: \
      --target /packages --requirement /requirements-training.lock; \
    find /packages -depth -type d \( -name tests -o -path '*/onnx/backend/test' \) -exec rm -rf {} +; \
    rm -rf /packages/bin /packages/clang /packages/tensorflow/include

FROM ${BASE} AS training-root
RUN set -e; \
    apt-get update -qq; \
    apt-get install -yqq --no-install-recommends python3 ca-certificates >/dev/null; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/local/bin/* /usr/local/lib/node_modules /usr/local/include \
      /usr/local/share /opt/yarn*; \
    printf '%s\n' '#!/usr/bin/python3' 'import sys' 'from windlass_training.cli import main' 'sys.exit(main())' \
      > /usr/local/bin/windlass-train; \
    chmod 755 /usr/local/bin/windlass-train; \
    echo 'windlass:x:65532:65532:windlass:/tmp:/usr/sbin/nologin' >> /etc/passwd; \
    echo 'windlass:x:65532:' >> /etc/group

# The root file system may be read-only: all that is written goes to /tmp.
FROM scratch AS training
COPY --from=training-root / /
COPY --from=training-packages /packages /app/packages
COPY training/windlass_training /app/windlass_training
ENV PATH=/usr/local/bin:/usr/bin:/usr/sbin PYTHONPATH=/app:/app/packages PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib GIT_PYTHON_REFRESH=quiet
WORKDIR /tmp
USER 65532:65532
ENTRYPOINT ["windlass-train"]
