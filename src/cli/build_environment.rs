//! What builds take from the process's environment: a certificate authority, the commit, the time.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use cog_source::base_image::DEFAULT_REGISTRY_HOST;
use cog_source::dockerfile::certificate;

use crate::build::{BuildEnvironment, CacheMounts, CogProgram};
use crate::cli::action::CodeTrust;
use crate::cli::build_proxies::{build_proxies, passwords};
use crate::cli::environment::Environment;
use crate::clients::cog_release::RELEASES;
use crate::config::tokens::is_secret;
use crate::domain::plan::ModelPlan;
use crate::domain::secret_spec::variables_of;
use crate::support::ExposeSecret;
use crate::support::process::{Bounds, ProcessOutput};
use crate::support::secrets::Redactor;
use crate::support::untrusted::{DIFF_WITHOUT_PROGRAMS, FiltersOff, Launcher, UntrustedProgram, git};

/// The variable that Cog reads: a file, a folder of `.crt` and `.pem` files, PEM text, or PEM in base64. See
/// `docs/reference/cog.md#running-the-build`.
const CA_VARIABLE: &str = "COG_CA_CERT";

/// Variables in which other tools name this machine's root certificates. Only images that stay on this machine get these without being
/// asked.
const LOCAL_CA_VARIABLES: [&str; 3] = ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];

/// The CLI token, as a variable or an input of the action.
const TOKEN_VARIABLES: [&str; 2] = ["COG_TOKEN", "INPUT_COG_TOKEN"];

/// Environment variables that the Cog CLI gets, besides its own.
const COG_CLI_VARIABLES: [&str; 16] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_BUILDKIT",
    "GITHUB_SHA",
    "GITHUB_REF_NAME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Time limit of each git call, as in Cog. A label is not worth a longer wait.
const GIT_LIMIT: Duration = Duration::from_secs(3);

/// Longer output is ignored.
const GIT_BYTES: usize = 64 * 1024;

/// Whether the image leaves this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It is pushed to Replicate: it trusts what the user names, nothing else.
    Published,
    /// It stays in the sandbox: it trusts what this machine trusts.
    Local,
}

/// Collects the environment of a build.
pub(super) fn collect<'a>(
    environment: &Environment,
    launcher: &Launcher,
    plans: impl IntoIterator<Item = &'a ModelPlan>,
    repository: &Path,
    registry_host: &str,
    reach: Reach,
    redactor: &Redactor,
) -> anyhow::Result<BuildEnvironment> {
    let secrets: BTreeSet<String> = plans.into_iter().flat_map(|plan| variables_of(&plan.build.secrets)).collect();
    let variables = environment.secrets(|name| secrets.contains(name));
    redactor.learn(variables.values().map(ExposeSecret::expose_secret));
    let proxies = build_proxies(environment);
    let hidden = passwords(&proxies);
    redactor.learn(hidden.iter().map(String::as_str));
    let named = environment.get(CA_VARIABLE).map(named_certificate).transpose()?;
    let local =
        || LOCAL_CA_VARIABLES.iter().filter_map(|name| environment.get(name)).find_map(|path| fs::read_to_string(path).ok());
    let ca_certificate = if reach == Reach::Local { named.or_else(local) } else { named };
    let source_date_epoch = match environment.get("SOURCE_DATE_EPOCH") {
        None => None,
        Some(text) => {
            Some(text.parse().with_context(|| format!("SOURCE_DATE_EPOCH is '{text}', not a number of seconds since 1970"))?)
        }
    };
    Ok(BuildEnvironment {
        registry_host: registry_host.to_owned(),
        cog_registry_host: environment.get("COG_REGISTRY_HOST").unwrap_or(DEFAULT_REGISTRY_HOST).to_owned(),
        ca_certificate,
        git_revision: said_by(environment, "GITHUB_SHA")
            .or_else(|| asked_git(environment, launcher, repository, &["rev-parse", "HEAD"])),
        git_version: said_by(environment, "GITHUB_REF_NAME").or_else(|| described(environment, launcher, repository)),
        source_date_epoch,
        cog_cli: cog_cli(environment, &secrets, redactor),
        proxies,
        cache_mounts: cache_mounts(environment, repository),
        variables,
        // The runner sets an omitted input to an empty value, which is not a secret.
        tokens: environment.secrets(|name| is_secret(name) && environment.get(name).is_some()),
        redactor: redactor.clone(),
        ..BuildEnvironment::default()
    })
}

/// What foreign code leaves in a mount must not be found by a build that publishes.
fn cache_mounts(environment: &Environment, repository: &Path) -> CacheMounts {
    if CodeTrust::of(environment, repository).why_foreign().is_some() {
        return CacheMounts::of_one_build();
    }
    let token = TOKEN_VARIABLES.iter().filter_map(|name| environment.get(name)).find(|value| !value.trim().is_empty());
    token.map_or_else(CacheMounts::default, |token| CacheMounts::of_token(&token.into()))
}

/// Where the Cog CLI is, and its environment: what its build needs, and none of our tokens.
fn cog_cli(environment: &Environment, secrets: &BTreeSet<String>, redactor: &Redactor) -> CogProgram {
    let is_needed =
        |name: &str| COG_CLI_VARIABLES.contains(&name) || secrets.contains(name) || name.starts_with("COG_") && name != "COG_TOKEN";
    let cache = environment.get("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(environment.get("HOME")?).join(".cache"))).unwrap_or_else(env::temp_dir);
    CogProgram {
        on_path: environment.program("cog"),
        downloads: cache.join("safe-push").join("cog"),
        releases: RELEASES.to_owned(),
        variables: environment.secrets(is_needed),
        redactor: redactor.clone(),
    }
}

/// In a workflow, the commit comes from the runner's variables, as in Cog.
fn said_by(environment: &Environment, variable: &str) -> Option<String> {
    environment.get(variable).map(str::to_owned)
}

fn named_certificate(value: &str) -> anyhow::Result<String> {
    let path = Path::new(value);
    let text = if path.is_dir() {
        folder_of_certificates(path)?
    } else if path.is_file() {
        fs::read_to_string(path).with_context(|| format!("failed to read {value}, which {CA_VARIABLE} names"))?
    } else {
        value.to_owned()
    };
    certificate::pem_from_value(&text).with_context(|| format!("{CA_VARIABLE} cannot be used"))
}

fn folder_of_certificates(folder: &Path) -> anyhow::Result<String> {
    let failed = || format!("failed to read {}, which {CA_VARIABLE} names", folder.display());
    let mut paths = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "crt" || extension == "pem") {
            let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
            paths.insert(path, text);
        }
    }
    Ok(paths.into_values().map(|text| format!("{}\n", text.trim_end())).collect())
}

/// Describes the checkout by its nearest tag, and whether files differ. Filters of the checkout are not run, because they are programs.
fn described(environment: &Environment, launcher: &Launcher, folder: &Path) -> Option<String> {
    let tag = asked_git(environment, launcher, folder, &["describe", "--tags"])?;
    let git = |arguments: &[&str]| git(folder, |name| environment.get(name), arguments);
    let filters = FiltersOff::find(git, |program| run_git(launcher, &program));
    let filters = filters.inspect_err(|error| tracing::warn!("the image gets no label with its tag: {error}")).ok()?;
    let arguments: Vec<&str> = ["diff", "--quiet"].into_iter().chain(DIFF_WITHOUT_PROGRAMS).chain(["HEAD", "--"]).collect();
    match run_git(launcher, &filters.apply(git(&arguments)))?.status.code() {
        Some(0) => Some(tag),
        Some(1) => Some(format!("{tag}-dirty")),
        _ => None,
    }
}

/// Git's output about the checkout; `None` without git, without a repository, or after the time limit.
fn asked_git(environment: &Environment, launcher: &Launcher, folder: &Path, arguments: &[&str]) -> Option<String> {
    let ended = run_git(launcher, &git(folder, |name| environment.get(name), arguments))?;
    let text = String::from_utf8(ended.stdout.bytes).ok()?.trim().to_owned();
    (ended.status.success() && !ended.stdout.cut && !text.is_empty()).then_some(text)
}

fn run_git(launcher: &Launcher, program: &UntrustedProgram) -> Option<ProcessOutput> {
    let bounds = Bounds { time: GIT_LIMIT, bytes: GIT_BYTES, cancelled: &|| false };
    launcher.run(program, bounds).inspect_err(|error| tracing::debug!(%error, "git")).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Instant;

    use super::*;

    /// What is said of a folder when `git` is this script.
    fn asked(script: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("git");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let environment = Environment::of([("PATH", path)]);
        asked_git(&environment, &Launcher::without_isolator(), folder.path(), &["rev-parse", "HEAD"])
    }

    fn commands(folder: &Path, lines: &[&str]) {
        for line in lines {
            let settings = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];
            let output =
                std::process::Command::new("git").args(settings).args(line.split(' ')).current_dir(folder).output().unwrap();
            assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    fn label(folder: &Path, path: &str) -> Option<String> {
        described(&Environment::of([("PATH", path.to_owned())]), &Launcher::without_isolator(), folder)
    }

    #[test]
    fn the_tag_says_whether_files_differ_and_no_filter_is_run() {
        let outer = tempfile::tempdir().unwrap();
        let (folder, mark) = (outer.path().join("model"), outer.path().join("mark"));
        let inner = folder.join("inner");
        let filter = outer.path().join("filter");
        fs::write(&filter, format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display())).unwrap();
        fs::set_permissions(&filter, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("x.txt"), "x\n").unwrap();
        fs::write(folder.join("a.py"), "a\n").unwrap();
        fs::write(folder.join(".gitmodules"), "[submodule \"inner\"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n").unwrap();
        commands(&inner, &["init --quiet", "add --all", "commit --quiet --message=x"]);
        commands(&folder, &["init --quiet", "add --all", "commit --quiet --message=a", "tag v1"]);
        let path = env::var_os("PATH").unwrap().into_string().unwrap();
        assert_eq!(label(&folder, &path).as_deref(), Some("v1"));
        // In the submodule, git takes no settings of the call.
        for (folder, file) in [(&folder, "a.py"), (&inner, "x.txt")] {
            commands(folder, &[&format!("config filter.a=b.clean {}", filter.display())]);
            fs::write(folder.join(".git/info/attributes"), "* filter=a=b\n").unwrap();
            fs::write(folder.join(file), "z\n").unwrap();
        }
        assert_eq!(label(&folder, &path).as_deref(), Some("v1-dirty"));
        assert!(!mark.exists(), "git started a filter");
        commands(&inner, &["status"]);
        assert!(mark.exists(), "the setting is effective");
    }

    #[test]
    fn a_git_that_keeps_its_filters_on_compares_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let script = "#!/bin/sh\ncase \"$*\" in\n*get-regexp*) printf 'filter.a.clean\\nx\\0' ;;\n*describe*) echo v1 ;;\n*) touch compared ;;\nesac\n";
        fs::write(folder.path().join("git"), script).unwrap();
        fs::set_permissions(folder.path().join("git"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(label(folder.path(), &format!("{}:/usr/bin:/bin", folder.path().display())), None);
        assert!(!folder.path().join("compared").exists());
    }

    #[test]
    fn builds_of_foreign_code_share_no_cache_mounts() {
        let folder = tempfile::tempdir().unwrap();
        let mounts = |variables: &[(&'static str, &str)]| {
            let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
            cache_mounts(&Environment::of(variables), folder.path())
        };
        assert_eq!(mounts(&[]), CacheMounts::Everyone);
        assert_eq!(mounts(&[("INPUT_COG_TOKEN", "")]), CacheMounts::Everyone);
        let of_token = mounts(&[("INPUT_COG_TOKEN", "one-token")]);
        assert!(of_token == mounts(&[("COG_TOKEN", "one-token")]) && of_token != mounts(&[("COG_TOKEN", "another-token")]));
        let foreign = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request_target"), ("COG_TOKEN", "one-token")];
        assert!(mounts(&foreign).is_alone(), "{:?}", mounts(&foreign));
    }

    #[test]
    fn what_git_says_is_taken_without_its_end() {
        assert_eq!(asked("echo abc").as_deref(), Some("abc"));
        assert_eq!(asked("echo abc; exit 1"), None);
        assert_eq!(asked("true"), None);
    }

    #[test]
    fn a_git_that_hangs_holds_nothing_up() {
        let started = Instant::now();
        assert_eq!(asked("sleep 60"), None);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
