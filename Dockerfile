# The action's image: the program, and what scripts of model repositories call. No compiler, no Docker client: the daemon is spoken to
# through its socket. It runs as root, as GitHub asks of container actions (the workspace belongs to somebody else).
#
# BASE    a Debian with apt; script/make-base-image makes a stand-in where nothing can be pulled
# BINARY  the program, built before, relative to this folder
ARG BASE=debian:bookworm-slim
# zizmor: ignore[unpinned-images] the digest changes with every security update; a release pins the image that came out of this
FROM ${BASE}
ARG BINARY=target/release/safe-push
ARG RUFF_VERSION=0.12.0
RUN --mount=type=secret,id=ca,required=false \
    set -eux; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends bash ca-certificates gettext-base git jq python3-pip; \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    pip download --quiet --no-deps --only-binary :all: --dest /tmp/ruff "ruff==${RUFF_VERSION}"; \
    python3 -m zipfile -e /tmp/ruff/ruff-*.whl /tmp/ruff/out; \
    install -m 0755 /tmp/ruff/out/ruff-*.data/scripts/ruff /usr/local/bin/ruff; \
    apt-get purge -y python3-pip; apt-get autoremove -y --purge; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /tmp/ruff /root/.cache /usr/share/doc /usr/share/locale
COPY ${BINARY} /usr/local/bin/safe-push
ENTRYPOINT ["/usr/local/bin/safe-push"]
