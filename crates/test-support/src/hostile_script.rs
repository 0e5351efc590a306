//! A select script that tries everything: tokens of other processes, the runner's files, the Docker daemon, more rights, a process that
//! stays. It needs bash and Python alone, which the action's image has. What it says is in `attempts.log` of the repository.

use std::fs;
use std::path::Path;

use crate::Repository;

/// Where the script is, and where its words are.
const SCRIPT: &str = "script/select-model";
const LOG: &str = "attempts.log";

/// The last line of a script that tried everything.
const END: &str = "tried everything";

const TEXT: &str = r#"#!/bin/bash
# It lists its models with --list.
[ "$1" = --list ] || exit 0
exec 3>> attempts.log
breach() { echo "BREACH: $*" >&3; }
tokens='TOKENS'
session=$(cut -d' ' -f6 /proc/$$/stat)

env | grep -qE "$tokens" && breach "a token in the environment"
env | grep -qE '^(GITHUB|ACTIONS|RUNNER|INPUT)_' && breach "variables of the runner: $(env | grep -E '^(GITHUB|ACTIONS|RUNNER|INPUT)_' | cut -d= -f1 | tr '\n' ' ')"
for process in /proc/[0-9]*; do
    # Threads of the kernel have neither memory nor environment.
    command=
    read -r -d '' command 2>/dev/null < "$process/cmdline"
    [ -n "$command" ] || continue
    { tr '\0' '\n' < "$process/environ"; } 2>/dev/null | grep -aqE "$tokens" && breach "a token in $process/environ"
    [ "$(cut -d' ' -f6 "$process/stat" 2>/dev/null)" = "$session" ] && continue
    [ -d "$process" ] || continue
    (exec 4< "$process/mem") 2>/dev/null && breach "opened $process/mem"
    (exec 4<> "$process/mem") 2>/dev/null && breach "opened $process/mem to write"
    [ -n "$(readlink "$process"/fd/* 2>/dev/null)" ] && breach "followed $process/fd"
    [ -n "$(ls "$process/root/" 2>/dev/null)" ] && breach "listed $process/root"
done
kill -0 "$PPID" 2>/dev/null && breach "can signal its parent"
for descriptor in /proc/self/fd/*; do
    number=${descriptor##*/}
    [ "$number" -gt 3 ] && [ -e "$descriptor" ] && [ "$(readlink "$descriptor")" != "/proc/$$/fd" ] &&
        grep -aqE "$tokens" "$descriptor" 2>/dev/null && breach "a token in inherited descriptor $number"
done

for file in FILES; do
    [ -n "$(cat "$file" 2>/dev/null)" ] && breach "read $file"
    { echo "EVIL=1" >> "$file"; } 2>/dev/null && breach "wrote $file"
done
for folder in FOLDERS; do
    { echo evil > "$folder/evil"; } 2>/dev/null && breach "wrote into $folder"
done
ln -s /etc/shadow link 2>/dev/null
[ -n "$(cat link /etc/shadow 2>/dev/null)" ] && breach "read /etc/shadow"
rm -f link
ln / hard 2>/dev/null && breach "linked /"

python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" -c 'import ctypes, os, socket' || breach "has no Python to try the rest with"
for socket in SOCKETS; do
    "$python" -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$socket" 2>/dev/null &&
        breach "connected to $socket"
done
"$python" -c 'import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)' || breach "is refused a pair of streams, which shells need"
for kind in socket.SOCK_DGRAM socket.SOCK_RAW 'socket.SOCK_DGRAM | socket.SOCK_CLOEXEC'; do
    # A pair of datagrams can be sent to any socket on the machine.
    "$python" -c "import socket; socket.socketpair(socket.AF_UNIX, $kind)" 2>/dev/null && breach "made a pair of $kind"
done
grep -q '^NoNewPrivs:.*1' /proc/self/status || breach "may gain privileges"
grep -qE '^Cap(Eff|Prm):.*[1-9a-f]' /proc/self/status && breach "has capabilities"
[ ! -e /.dockerenv ] || [ -z "$(id -G | tr ' ' '\n' | grep -vx "$(id -g)")" ] || breach "has groups: $(id -G)"
[ "$(id -u)" = 0 ] || "$python" -c 'import os; os.setuid(0)' 2>/dev/null && [ "$(id -u)" != 0 ] && breach "became root"
mount -t tmpfs none /mnt 2>/dev/null && breach "mounted"
chroot / true 2>/dev/null && breach "changed the root"
unshare -U true 2>/dev/null && breach "made a user namespace"
"$python" -c 'import ctypes, os, platform
clone = 220 if platform.machine() == "aarch64" else 56
os._exit(ctypes.CDLL(None).syscall(clone, 0x10000011, 0, 0, 0, 0) < 0)' 2>/dev/null && breach "cloned into a user namespace"
"$python" -c 'import ctypes, os
arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
os._exit(ctypes.CDLL(None).syscall(435, ctypes.byref(arguments), 64) < 0)' 2>/dev/null && breach "cloned into a user namespace by a pointer"

# Four ways to stay behind.
nohup bash -c 'exec -a MARK-nohup sleep 600' > /dev/null 2>&1 &
setsid bash -c 'exec -a MARK-setsid sleep 600' > /dev/null 2>&1 &
(bash -c 'exec -a MARK-orphan sleep 600' > /dev/null 2>&1 3>&- &)
"$python" -c 'import os
os.setpgid(0, 0)
try: os.setsid()
except OSError: pass
if os.fork(): os._exit(0)
os.setpgid(0, 0)
os.execv("/bin/sleep", ["MARK-daemon", "600"])' > /dev/null 2>&1 3>&- &
sleep 0.3
echo "tried everything as $(id -u)" >&3
echo text-stats
"#;

/// What the script looks for.
pub struct Targets<'a> {
    /// An extended regular expression for the secrets of the run.
    pub tokens: &'a str,
    /// Files that it must neither read nor write.
    pub files: &'a [String],
    /// Folders that it must not write into.
    pub folders: &'a [String],
    /// Sockets that it must not reach.
    pub sockets: &'a [String],
    /// A word in the names of the processes that it leaves behind.
    pub mark: &'a str,
}

/// Writes the script into a repository.
pub fn write(repository: &Repository, targets: &Targets<'_>) {
    use std::os::unix::fs::PermissionsExt;
    let text = TEXT
        .replace("TOKENS", targets.tokens)
        .replace("FILES", &targets.files.join(" "))
        .replace("FOLDERS", &targets.folders.join(" "))
        .replace("SOCKETS", &targets.sockets.join(" "))
        .replace("MARK", targets.mark);
    repository.write(SCRIPT, &text);
    repository.write(LOG, "");
    fs::set_permissions(repository.path().join(SCRIPT), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The script ran to its end, and nothing worked. Returns the number of its user.
pub fn assert_harmless(repository: &Repository, mark: &str) -> u32 {
    let log = repository.read(LOG);
    assert!(!log.contains("BREACH"), "{log}");
    assert!(log.contains(END), "it did not try everything: {log}");
    assert_eq!(left_behind(mark), Vec::<String>::new());
    let last = log.lines().rfind(|line| line.starts_with(END)).unwrap();
    last.rsplit(' ').next().unwrap().parse().unwrap()
}

pub fn assert_not_run(repository: &Repository) {
    assert_eq!(repository.read(LOG), "", "the script was run");
}

/// Processes of the script that still run, on this machine and in its containers.
fn left_behind(mark: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let names = entries.filter_map(|process| named(&process)).filter(|name| name.starts_with(mark));
    names.collect()
}

fn named(process: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(process.join("cmdline")).ok()?).replace('\0', " "))
}
