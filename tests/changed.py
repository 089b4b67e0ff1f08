#!/usr/bin/env python3
"""Says which tests a change can break, by tests/changed.txt: a line for each test project, its name and the classes, or "all".

Usage: changed.py REVISION    the tests for what differs from REVISION, untracked files included
       changed.py --check     fails when a folder of the server or a class that changed.txt names is not there
"""

import fnmatch
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECTS = ["Client", "Server", "EndToEnd"]


def rules():
    """Paths with what they run, the longest first."""
    lines = (ROOT / "tests/changed.txt").read_text().splitlines()
    split = [line.split() for line in lines if line and not line.startswith("#")]
    return sorted(((words[0], words[1:]) for words in split), key=lambda rule: -len(rule[0]))


def classes_of(file):
    """The full names of the test classes in a file."""
    text = file.read_text()
    space = re.search(r"^namespace ([\w.]+);", text, re.MULTILINE)
    return [f"{space[1]}.{name}" for name in re.findall(r"^public (?:sealed |partial )*class (\w+Tests)\b", text, re.MULTILINE)] if space else []


def pattern(project, name):
    """Webhooks.* is a folder of the project; *CardTests is a class anywhere."""
    return name if name.startswith("*") else f"Afterword.{project}.Tests.{name}"


def changed_since(revision):
    diff = ["git", "-C", str(ROOT), "diff", "--no-renames", "--name-only", revision]
    new = ["git", "-C", str(ROOT), "ls-files", "--others", "--exclude-standard"]
    return sorted({line for command in (diff, new) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()})


def select(path, known, chosen):
    test = re.match(r"tests/Afterword\.(\w+)\.Tests/.*\.cs$", path)
    if test and (ROOT / path).exists() and (classes := classes_of(ROOT / path)):
        chosen[test[1]].update(classes)
        return
    names = next((names for prefix, names in known if path.startswith(prefix)), ["all"])
    for name in names:
        if name == "all":
            for project in PROJECTS:
                chosen[project].add("all")
        elif name != "none":
            project, classes = name.split(":")
            chosen[project].add(pattern(project, classes))


def check():
    wrong = []
    there = {project: [name for file in (ROOT / f"tests/Afterword.{project}.Tests").rglob("*.cs") for name in classes_of(file)] for project in PROJECTS}
    for path, names in rules():
        if not (ROOT / path).exists():
            wrong.append(f"{path} is not there")
        for project, _, classes in (name.partition(":") for name in names if name not in ("all", "none")):
            if not fnmatch.filter(there[project], pattern(project, classes)):
                wrong.append(f"{path}: no class of {project} is {classes}")
    for line in wrong:
        print(f"tests/changed.txt: {line}", file=sys.stderr)
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--check"]:
        return check()
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__)
        return 0 if arguments in (["--help"], ["-h"]) else 2
    known, chosen = rules(), {project: set() for project in PROJECTS}
    try:
        paths = changed_since(arguments[0])
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        return 2
    for path in paths:
        select(path, known, chosen)
    for project, classes in chosen.items():
        if classes:
            print(project, "all" if "all" in classes else " ".join(sorted(classes)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
