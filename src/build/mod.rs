//! Project folder to image: BuildKit through the Docker daemon, the log kept, failures mapped to `cog.yaml` lines.
