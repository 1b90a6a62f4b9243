"""Run in a project's folder: set Django up once, then a forked process for each command.

Each is a process with its own pid and exit code, as `manage.py` is, without half a second of
imports. One request a line on stdin, as JSON: `argv`, the code `prelude` to run before, and the
files `out` and `err`. Answers `pid N`, and when it has ended `code N`.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any


def main() -> None:
    """Serve until stdin ends."""
    sys.path[:0] = [str(Path.cwd()), *sys.argv[1:]]
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django
    from django.core.management import get_commands, load_command_class

    django.setup()
    for name in ("safe_backup", "safe_migrate", "dbbackup", "dbrestore", "listbackups", "migrate"):
        if name in get_commands():
            load_command_class(get_commands()[name], name)
    import storages.backends.s3  # noqa: F401 (it takes long)

    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(request)
        print(f"pid {pid}", flush=True)
        _, status = os.waitpid(pid, 0)
        print(f"code {os.waitstatus_to_exitcode(status)}", flush=True)


def child(request: dict[str, Any]) -> None:
    """Run one command and leave, without what the parent would do at its end."""
    code = 1
    try:
        redirect(request)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        exec(request["prelude"], {"__name__": "prelude"})  # noqa: S102 (the harness wrote it)
        from django.core.management import execute_from_command_line

        execute_from_command_line(["manage.py", *request["argv"]])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code & 255)


def redirect(request: dict[str, Any]) -> None:
    """Nothing to read, and what is said goes into files."""
    null = os.open(os.devnull, os.O_RDONLY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for target, source in enumerate(
        (null, os.open(request["out"], flags, 0o600), os.open(request["err"], flags, 0o600))
    ):
        os.dup2(source, target)


if __name__ == "__main__":
    main()
