//! Models that differ in how they are built.

use std::io::Write as _;

use serde_json::json;

use super::{Model, model};

/// A runner whose answer is this expression. `os`, `subprocess` and `Path` are imported.
fn telling(build: &str, expression: &str) -> Model {
    let source = format!(
        "import os\nimport subprocess\nfrom pathlib import Path\n\nfrom cog import BaseRunner\n\n\nclass Runner(BaseRunner):\n    \
         def run(self) -> str:\n        return str({expression})\n"
    );
    model(&format!("{build}run: run.py:Runner\n"), &source)
}

pub(crate) fn requirements_from_pypi() -> Model {
    telling("build:\n  python_requirements: requirements.txt\n", "__import__('six').__version__")
        .file("requirements.txt", "# what it needs\nsix==1.17.0\n")
        .answers(json!("1.17.0"))
}

pub(crate) fn hashed_requirements() -> Model {
    let requirements = "six==1.17.0 \\\n    \
         --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274 \\\n    \
         --hash=sha256:ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81\n";
    telling("build:\n  python_requirements: requirements.txt\n", "__import__('six').__version__")
        .file("requirements.txt", requirements)
        .answers(json!("1.17.0"))
}

pub(crate) fn marked_requirements() -> Model {
    let requirements =
        "six==1.17.0 ; python_version >= \"3.8\"\ncolorama==0.4.6 ; sys_platform == \"win32\"\ntyping_extensions>=4,<5\n";
    telling(
        "build:\n  python_requirements: requirements.txt\n",
        "[bool(__import__('importlib.util').util.find_spec(name)) for name in ('six', 'colorama', 'typing_extensions')]",
    )
    .file("requirements.txt", requirements)
    .answers(json!("[True, False, True]"))
}

pub(crate) fn packages_in_the_configuration() -> Model {
    telling("build:\n  python_packages:\n    - six==1.16.0\n", "__import__('six').__version__").answers(json!("1.16.0"))
}

/// A package whose source is in the project.
pub(crate) fn a_local_package() -> Model {
    telling("build:\n  python_requirements: requirements.txt\n", "__import__('helper').WORDS")
        .file("requirements.txt", "./vendor/helper-1.0-py3-none-any.whl\n")
        .bytes("vendor/helper-1.0-py3-none-any.whl", wheel(), 0o644)
        .answers(json!("from a wheel"))
}

/// The smallest wheel: stored files, one after the other, and their list.
fn wheel() -> Vec<u8> {
    let files = [
        ("helper.py", "WORDS = 'from a wheel'\n"),
        ("helper-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: helper\nVersion: 1.0\n"),
        ("helper-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        (
            "helper-1.0.dist-info/RECORD",
            "helper.py,,\nhelper-1.0.dist-info/METADATA,,\nhelper-1.0.dist-info/WHEEL,,\nhelper-1.0.dist-info/RECORD,,\n",
        ),
    ];
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let offset = u32::try_from(archive.len()).unwrap();
        let (checksum, size) = (crc32(text.as_bytes()), u32::try_from(text.len()).unwrap());
        let length = u16::try_from(path.len()).unwrap();
        let mut common = Vec::new();
        // Version 2.0, no flags, stored, 1 January 1980.
        for half in [20_u16, 0, 0, 0, 0x21] {
            common.write_all(&half.to_le_bytes()).unwrap();
        }
        for word in [checksum, size, size] {
            common.write_all(&word.to_le_bytes()).unwrap();
        }
        common.write_all(&length.to_le_bytes()).unwrap();
        common.write_all(&0_u16.to_le_bytes()).unwrap();
        archive.write_all(b"PK\x03\x04").unwrap();
        archive.write_all(&common).unwrap();
        archive.write_all(path.as_bytes()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
        directory.write_all(b"PK\x01\x02").unwrap();
        directory.write_all(&20_u16.to_le_bytes()).unwrap();
        directory.write_all(&common).unwrap();
        // Comment, disk, internal attributes: none. External attributes: a readable file.
        directory.write_all(&[0; 6]).unwrap();
        directory.write_all(&0x81a4_0000_u32.to_le_bytes()).unwrap();
        directory.write_all(&offset.to_le_bytes()).unwrap();
        directory.write_all(path.as_bytes()).unwrap();
    }
    let (count, start, size) = (u16::try_from(files.len()).unwrap(), u32::try_from(archive.len()).unwrap(), directory.len());
    archive.extend(directory);
    archive.write_all(b"PK\x05\x06\0\0\0\0").unwrap();
    archive.write_all(&count.to_le_bytes()).unwrap();
    archive.write_all(&count.to_le_bytes()).unwrap();
    archive.write_all(&u32::try_from(size).unwrap().to_le_bytes()).unwrap();
    archive.write_all(&start.to_le_bytes()).unwrap();
    archive.write_all(&[0, 0]).unwrap();
    archive
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

pub(crate) fn system_packages() -> Model {
    telling("build:\n  system_packages:\n    - tree\n", "subprocess.check_output(['tree', '--version'], text=True).split()[0]")
        .answers(json!("tree"))
}

pub(crate) fn environment_with_blanks() -> Model {
    telling(
        "environment:\n  - GREETING=hello there, you\n  - QUOTED=\"a b\"\n  - EMPTY=\n  - SYMBOLS=a=b;c&d\n",
        "[os.environ[name] for name in ('GREETING', 'QUOTED', 'EMPTY', 'SYMBOLS')]",
    )
    .answers(json!("['hello there, you', 'a b', '', 'a=b;c&d']"))
}

pub(crate) fn commands_in_order() -> Model {
    let build = "build:\n  pre_install:\n    - echo late >> /order\n  run:\n    - echo one >> /order\n    - command: echo two >> /order\n    \
                 - python -c \"import cog\" && echo cog >> /order\n";
    telling(build, "Path('/order').read_text().split()").answers(json!("['one', 'two', 'cog', 'late']"))
}

/// The secret is available to its command, and to nothing else.
const READS_SECRET: &str = "build:\n  run:\n    - command: test -s /run/secrets/token && sha256sum < /run/secrets/token > /sum\n      \
                            mounts:\n        - type: secret\n          id: token\n          target: /run/secrets/token\n";

const SECRET_SUM: &str = "[Path('/sum').read_text().split()[0][:12], os.path.exists('/run/secrets/token')]";

pub(crate) fn a_secret_from_a_variable() -> Model {
    // What `printf hunter2 | sha256sum` says.
    telling(READS_SECRET, SECRET_SUM)
        .secret("id=token,env=TOKEN")
        .variable("TOKEN", "hunter2")
        .answers(json!("['f52fbd32b2b3', False]"))
}

pub(crate) fn a_secret_from_a_file() -> Model {
    telling(
        &READS_SECRET.replace("> /sum", "> /sum && touch /from-file"),
        "[*Path('/sum').read_text().split()[:1], Path('/src/token.txt').exists()]",
    )
    .secret("id=token,src=token.txt")
    .file("token.txt", "hunter2")
    .file(".dockerignore", "token.txt\n")
    .answers(json!("['f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7', False]"))
}

pub(crate) fn files_in_folders() -> Model {
    let source = "from cog import BaseRunner\n\nfrom lib.words import WORDS\n\n\nclass Runner(BaseRunner):\n    \
                  def run(self) -> str:\n        return f\"{WORDS} {open('data/a/b.txt').read()}\"\n";
    model("run: models/one/run.py:Runner\n", "")
        .file("models/one/run.py", source)
        .file("lib/__init__.py", "")
        .file("lib/words.py", "WORDS = 'from a folder'\n")
        .file("data/a/b.txt", "and deeper")
        .answers(json!("from a folder and deeper"))
}

pub(crate) fn left_out_files() -> Model {
    telling("", "sorted(path.name for path in Path('/src').iterdir())")
        .file(".dockerignore", "*.md\n!KEPT.md\ncache/\n")
        .file("README.md", "x")
        .file("KEPT.md", "x")
        .file("cache/large.bin", "x")
        .file(".git/HEAD", "ref: refs/heads/main\n")
        .answers(json!("['.cog', '.dockerignore', 'KEPT.md', '__pycache__', 'cog.yaml', 'run.py']"))
}

pub(crate) fn a_project_with_unusual_files() -> Model {
    telling(
        "",
        "[subprocess.check_output(['./say'], text=True).strip(), os.readlink('to-data'), Path('to-data').read_text(), oct(os.stat('private').st_mode & 0o777)]",
    )
    .bytes("say", b"#!/bin/sh\necho said\n".to_vec(), 0o755)
    .bytes("private", b"x".to_vec(), 0o600)
    .file("a name with blanks & $signs.txt", "data")
    .link("to-data", "a name with blanks & $signs.txt")
    .answers(json!("['said', 'a name with blanks & $signs.txt', 'data', '0o600']"))
}

pub(crate) fn a_dockerfile_of_its_own() -> Model {
    // The test gives the machine's roots as a secret where it has some of its own.
    let text = "FROM python:3.11-slim\nRUN --mount=type=secret,id=roots \\\n    \
                if [ -s /run/secrets/roots ]; then export PIP_CERT=/run/secrets/roots; fi; pip install cog==0.23.1\n\
                ENV MADE_BY=hand COG_PREDICT_TYPE_STUB=run.py:Runner\nWORKDIR /src\nEXPOSE 5000\n\
                CMD [\"python\", \"-m\", \"cog.server.http\"]\nCOPY . /src\n";
    telling("", "os.environ['MADE_BY']").file("docker/Dockerfile", text).dockerfile("docker/Dockerfile").answers(json!("hand"))
}

pub(crate) fn compiled_ahead_of_time() -> Model {
    let mut model = telling(
        "",
        "sorted(path.suffixes[-2] for path in Path(__import__('cog').__file__).parent.glob('__pycache__/__init__.*.pyc'))",
    );
    model.plan.precompile = true;
    model.plan.strip = true;
    model.answers(json!("['.cpython-311', '.opt-2']"))
}

/// 50 MB that are not code: more than enough to count as weights.
pub(crate) fn weights_apart() -> Model {
    let mut model = telling(
        "",
        "[os.path.getsize('weights/model.bin'), Path('weights/names.txt').read_text(), os.path.getsize('extra.bin'), Path('data/words.txt').read_text()]",
    )
    .bytes("weights/model.bin", vec![7; 50_000_000], 0o644)
    .file("weights/names.txt", "names")
    .bytes("extra.bin", vec![9; 11_000_000], 0o644)
    .file("data/words.txt", "words");
    model.plan.separate_weights = true;
    model.answers(json!("[50000000, 'names', 11000000, 'words']"))
}
