"""Signs of life: one live line on a terminal, plain lines and a heartbeat everywhere else."""

import io
import time

import pytest

from safe_migrate.reports.progress import Live, Plain, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_carry_the_stage_and_say_nothing_twice() -> None:
    stream = io.StringIO()
    with progress(stream) as told:
        assert isinstance(told, Plain)
        told.stage("plan")
        told.note("2 migrations")
        told.doing("waiting")
        told.doing("waiting")
    assert stream.getvalue() == "plan       2 migrations\nplan       waiting\n"


def test_a_heartbeat_while_nothing_else_happens() -> None:
    stream = io.StringIO()
    with Plain(stream, heartbeat_seconds=0.05) as told:
        told.stage("backup")
        told.doing("dumping")
        deadline = time.monotonic() + 5
        while stream.getvalue().count("dumping (") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert stream.getvalue().count("backup     dumping (0 s)") >= 2


def test_a_heartbeat_says_how_far_it_is() -> None:
    stream = io.StringIO()
    with Plain(stream, heartbeat_seconds=0.05) as told:
        told.stage("backup")
        told.doing("dumping")
        told.amount("20 MiB of about 90")
        deadline = time.monotonic() + 5
        while "dumping (" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "backup     dumping (0 s, 20 MiB of about 90)\n" in stream.getvalue()


def test_a_live_line_says_how_far_it_is() -> None:
    stream = Terminal()
    with Live(stream, colour=False) as told:
        told.stage("backup")
        told.doing("dumping")
        told.amount("20 MiB of about 90")
        told.amount("21 MiB of about 90")
    shown = stream.getvalue()
    assert "backup     dumping: 20 MiB of about 90" in shown
    assert "21 MiB" not in shown, "faster than anybody reads"


def test_a_live_line_is_rewritten_and_notes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with progress(stream) as told:
        assert isinstance(told, Live)
        told.stage("apply")
        told.doing("apply a.0001")
        told.note("done")
    shown = stream.getvalue()
    assert "\x1b[1mapply     \x1b[0m done\n" in shown
    assert shown.endswith("\r\x1b[K")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    stream = Terminal()
    with progress(stream) as told:
        told.note("done")
    assert "\x1b[1m" not in stream.getvalue()


def test_no_colour_where_the_caller_says_so() -> None:
    stream = Terminal()
    with progress(stream, colour=False) as told:
        told.note("done")
    assert "\x1b[1m" not in stream.getvalue()
