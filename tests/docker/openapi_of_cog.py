"""Prints what the installed Cog makes of every folder below the first argument, as one JSON object: folder to document or refusal.

Each folder is loaded in a process of its own, forked after the imports, so that one costs milliseconds and none sees another's modules.
"""

import contextlib
import json
import os
import re
import runpy
import sys
import tempfile

import cog.command.openapi_schema  # noqa: F401  imported before the forks
import cog.server.http  # noqa: F401


def configuration(folder):
    with open(os.path.join(folder, "expected.json")) as file:
        expected = json.load(file)
    keys = {"predict": expected.get("predict", "predict.py:Predictor"), "train": expected.get("train")}
    return "build: {}\n" + "".join(f'{key}: "{value}"\n' for key, value in keys.items() if value)


def call_the_method_predict(folder):
    """This Cog knows the method by its older name alone; a source with both names is another source for it."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if name.endswith(".py"):
                with open(path, newline="") as file:
                    source = file.read()
                if re.search(r"\bdef predict\(", source) and re.search(r"\bdef run\(", source):
                    raise ValueError("the source has both run and predict")
                with open(path, "w", newline="") as file:
                    file.write(re.sub(r"\bdef run\(", "def predict(", source))


def describe(folder):
    call_the_method_predict(folder)
    with open(os.path.join(folder, "cog.yaml"), "w") as file:
        file.write(configuration(folder))
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = ["openapi_schema"]
    # Cog redirects the streams by their numbers, so a file stands behind them.
    with tempfile.TemporaryFile("w+") as printed, open(os.devnull, "w") as nowhere:
        os.dup2(printed.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        with contextlib.suppress(SystemExit):
            runpy.run_module("cog.command.openapi_schema", run_name="__main__")
        sys.stdout.flush()
        printed.seek(0)
        return json.loads(printed.read())


def in_a_child(folder):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            answer = {"document": describe(folder)}
        except BaseException as error:
            answer = {"refused": f"{type(error).__name__}: {error}"[:500]}
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"refused": "the process ended without an answer"}


root = os.path.abspath(sys.argv[1])
folders = {name: os.path.join(root, name) for name in sorted(os.listdir(root))}
answers = {name: in_a_child(folder) for name, folder in folders.items() if os.path.isdir(folder)}
json.dump(answers, sys.stdout)
