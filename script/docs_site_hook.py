"""What GitHub shows and the site's Markdown reads otherwise.

- Links that leave docs/ lead to the repository's files on GitHub.
- Words after the language of a block of code, which tests read, are left out.
- Commands are colored as a script: the site takes a `console` without prompts for output.
- `\\|` within code in a table is `|`.
"""

import posixpath
import re

LINK = re.compile(r"(\]\()(\.\./[^)\s]*)(\))")
FENCE = re.compile(r"^( *```\w+) .*$", re.MULTILINE)
ROW = re.compile(r"^ *\|.*$", re.MULTILINE)
CODE = re.compile(r"`[^`]*`")


def on_page_markdown(markdown, page, config, **_):
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def to_repository(found):
        path, hash_, anchor = found[2].partition("#")
        path = posixpath.normpath(posixpath.join(folder, path))
        if path.startswith("docs/"):
            return found[0]
        return f"{found[1]}{config.extra['repository']}/blob/main/{path}{hash_}{anchor}{found[3]}"

    def with_pipes(row):
        return CODE.sub(lambda code: code[0].replace("\\|", "|"), row[0])

    markdown = markdown.replace("```console", "```sh")
    return ROW.sub(with_pipes, FENCE.sub(r"\1", LINK.sub(to_repository, markdown)))
