# The action's image: the binary, Ruff, and what scripts of model repositories call. No compiler, no package manager, no Docker client: the
# daemon is spoken to through its socket. It runs as root, as GitHub asks of container actions (the workspace belongs to somebody else).
#
# The first stage unpacks Debian packages into an empty root, without what they only recommend, and without what git needs Perl for.
#
# BASE    a Debian with apt; script/make-base-image makes a stand-in where nothing can be pulled
# BINARY  the binary, built before, called safe-push; relative to this folder
ARG BASE=debian:bookworm-slim
# zizmor: ignore[unpinned-images] the digest changes with every security update; a release pins the image that came out of this
FROM ${BASE} AS root
COPY pyproject.toml /tmp/pyproject.toml
COPY script/image-root /tmp/image-root
RUN --mount=type=secret,id=ca,required=false /tmp/image-root /root-of-image /tmp/pyproject.toml

FROM scratch
ARG BINARY=target/dist/safe-push
COPY --from=root /root-of-image /
# A release also puts Go's yq there (script/release-yq); without one, the pattern matches nothing.
COPY ${BINARY} dist/image/yq* /usr/local/bin/
ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8
ENTRYPOINT ["/usr/local/bin/safe-push"]
