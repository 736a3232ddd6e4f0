"""The examples in the documentation: found in Markdown, run as they are written, and held to what they show.

A `console` block is a session: lines after "$ " are commands, the others what they print, in which "..." stands for
anything, a version for any version, and a number with a decimal point for any that is close. All sessions of a page are
one shell in one folder. A `python` block is a program, and a `text` block right behind it is what it prints. A block
with the line `<!-- sketch: REASON -->` above it is not run.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```([a-z]*)[^\n]*\n(.*?)^```$", re.M | re.S)
_SKETCH = re.compile(r"<!-- sketch: .+ -->\s*\Z")
_HEREDOC = re.compile(r"<<'(\w+)'")
_MARK = "\x1e"
_DECIMAL = re.compile(r"(-?\d+\.\d+(?:e-\d+)?)")
_ESCAPED_DECIMAL = re.compile(r"(?:\\-)?\d+\\\.\d+(?:e\\-\d+)?")
_VERSION = re.compile(r"\b[0-9a-f]{12}\b")
TOLERANCE = 0.15
"""How far a number with a decimal point may be from the one on the page: a new model has other probabilities."""
TIMEOUT_S = 900
"""Ends a page that hangs, however busy the machine is."""


class CodeBlock(NamedTuple):
    language: str
    text: str
    line: int
    is_sketch: bool


class Step(NamedTuple):
    """A command, and what it is to print."""

    command: str
    expected: str
    line: int


def code_blocks(markdown: str) -> Iterator[CodeBlock]:
    for match in _FENCE.finditer(markdown):
        line = markdown.count("\n", 0, match.start()) + 1
        yield CodeBlock(match[1], match[2], line, bool(_SKETCH.search(markdown[: match.start()])))


def steps_of(markdown: str) -> Iterator[Step]:
    """Every command and program that a page has, but for sketches, in their order."""
    blocks = list(code_blocks(markdown))
    for block, following in zip_longest(blocks, blocks[1:]):
        if block.is_sketch:
            continue
        if block.language == "console":
            yield from _session(block)
        elif block.language == "python":
            behind = block.line + block.text.count("\n") + 3
            is_output = following and following.language == "text" and following.line == behind
            expected = following.text if following and is_output else ""
            yield Step(f"python - <<'PROGRAM'\n{block.text}PROGRAM", expected, block.line)


def _session(block: CodeBlock) -> Iterator[Step]:
    lines = block.text.splitlines()
    place = 0
    while place < len(lines):
        start = place
        assert lines[start].startswith("$ "), f"line {block.line + start + 1}: a command begins with '$ '"
        command = [lines[start][2:]]
        place += 1
        while command[-1].endswith("\\"):
            command.append(lines[place])
            place += 1
        if heredoc := _HEREDOC.search("\n".join(command)):
            end = lines.index(heredoc[1], place)
            command += lines[place : end + 1]
            place = end + 1
        first = place
        while place < len(lines) and not lines[place].startswith("$ "):
            place += 1
        yield Step("\n".join(command), "".join(f"{line}\n" for line in lines[first:place]), block.line + start + 1)


def run_steps(steps: list[Step], folder: Path, environ: Mapping[str, str], port: int) -> list[str]:
    """Run the commands of a page in one shell; return how each differs from what it should print, if it does."""
    script = ["trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT"]
    for step in steps:
        command = step.command.replace(":8000", f":{port}")
        script += ["{", command, "} 2>&1", f"printf '{_MARK}%d{_MARK}' $?"]
    written = folder.parent / f"{folder.name}.out"
    with written.open("wb") as stream:
        shell = ["bash", "-c", "\n".join(script)]
        process = subprocess.Popen(
            shell, cwd=folder, env=environ, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            process.wait(TIMEOUT_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    parts = written.read_text(encoding="utf-8").split(_MARK)
    outputs, codes = parts[0::2], parts[1::2]
    assert len(codes) == len(steps), f"the shell ended after line {steps[len(codes)].line}: {outputs[-1]}"
    return [
        f"line {step.line}: {step.command}\n{output}(exit code {code}), but the page shows\n{step.expected}"
        for step, output, code in zip(steps, outputs, codes, strict=False)
        if not _agrees(output.replace(f":{port}", ":8000"), int(code), step)
    ]


def _agrees(output: str, code: int, step: Step) -> bool:
    wanted = re.search(r"# exit code (\d+)", step.command)
    if code != int(wanted[1] if wanted else 0):
        return False
    expected, numbers = step.expected.strip(), _DECIMAL.findall(step.expected)
    pattern = ".*?".join(re.escape(part) for part in expected.split("..."))
    pattern = _VERSION.sub("[0-9a-f]{12}", _ESCAPED_DECIMAL.sub(_DECIMAL.pattern.replace("\\", r"\\"), pattern))
    match = re.fullmatch(pattern, output.strip(), re.S)
    return bool(match) and all(
        abs(float(shown) - float(given)) <= TOLERANCE for shown, given in zip(numbers, match.groups(), strict=True)
    )
