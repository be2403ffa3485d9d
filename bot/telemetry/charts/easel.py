"""A process of its own that draws: matplotlib holds the interpreter's lock, and whoever waits for numbers must not.

Both sides speak in frames over pipes: a length, then as many bytes. The process ends when its input does.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import struct
import subprocess
import sys
from threading import Lock, Timer
from typing import IO, Final

from pydantic import TypeAdapter

from bot.errors import Unavailable
from bot.telemetry.charts.looks import ThemeName
from bot.telemetry.charts.shapes import Chart

LONGEST: Final = 30.0
"""Seconds for one picture, after which the process is taken for stuck."""
TRIES: Final = 2
POLITE: Final = 10
"""How much the process steps back when others want to compute."""
_LENGTH: Final = struct.Struct(">I")
_CHART: Final[TypeAdapter[Chart]] = TypeAdapter(Chart)


class Easel:
    """Draws in the other process, which is started with the first picture, and again if it died."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def draw(self, chart: Chart, theme: ThemeName) -> bytes:
        """Blocks; a picture that ends the process twice is not drawn."""
        wanted = theme.encode() + b"\n" + _CHART.dump_json(chart)
        for _ in range(TRIES):
            with self._lock, contextlib.suppress(OSError, EOFError):
                answer = self._asked(wanted)
                if answer[:1] == b"+":
                    return answer[1:]
                raise Unavailable(f"The picture could not be drawn: {answer[1:].decode(errors='replace')[:200]}.")
            self.close()
        raise Unavailable("The picture could not be drawn.", mend="The numbers are there without it.")

    def close(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            process.communicate()

    def _asked(self, wanted: bytes) -> bytes:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot.telemetry.charts.easel"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        stuck = Timer(self._longest, process.kill)
        stuck.start()
        try:
            _write(process.stdin, wanted)
            return _read(process.stdout)
        finally:
            stuck.cancel()


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main() -> None:
    """The other side: one picture after the other, until nobody asks."""
    from bot.telemetry.charts.draw import draw  # noqa: PLC0415  only the process that draws needs matplotlib

    with contextlib.suppress(OSError):
        os.nice(POLITE)
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            theme, _, chart = _read(sys.stdin.buffer).partition(b"\n")
            try:
                answer = b"+" + draw(_CHART.validate_json(chart), theme="dark" if theme == b"dark" else "light")
            except Exception as error:  # noqa: BLE001  told to whoever asked
                answer = b"-" + f"{type(error).__name__}: {error}".encode()
            _write(sys.stdout.buffer, answer)


if __name__ == "__main__":
    main()
