"""A real supervisord and real processes."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from adapters.supervision import SupervisionError, Supervisor, launch
from tests.adapters.supervision.conftest import marked

ODD = "100% of \"it\", 'all'; # and ü\nmore\\"


def start(supervisor: Supervisor, folder: Path, code: str, name: str = "one", **settings):
    def has_begun() -> bool:
        (found,) = (one for one in supervisor.status() if one.name == name)
        return found.pid is not None and code in psutil.Process(found.pid).cmdline()

    settings = {"env": {}, "stop_seconds": 3, "is_ready": has_begun, **settings}
    return supervisor.start(
        name,
        [sys.executable, "-u", "-c", code],
        folder=folder,
        log=folder / "logs" / f"{name}.log",
        **settings,
    )


SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, lambda *_: print('no')); print('up')\n" + (
    "while True: time.sleep(1)"
)
WITH_WORKER = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "time.sleep(600)"
)


def printed(folder: Path, name: str = "one") -> str:
    log = folder / "logs" / f"{name}.log"
    return log.read_text() if log.exists() else ""


def test_what_is_started_outlives_the_command_that_started_it(supervisor, tmp_path, root) -> None:
    code = (
        "from pathlib import Path\n"
        "from adapters.supervision import Supervisor\n"
        f"p = Supervisor(Path({str(tmp_path)!r})).start('one', ['sleep', '600'], env={{}}, "
        f"folder=Path('/'), log=Path({str(tmp_path)!r}) / 'log', stop_seconds=1)\n"
        "print(p.pid)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    process = psutil.Process(int(done.stdout))
    assert process.cmdline() == ["sleep", "600"]
    assert os.getsid(process.ppid()) == process.ppid()
    assert [(one.name, one.state) for one in supervisor.status()] == [("one", "running")]


def test_environment_and_arguments_arrive_as_they_are(supervisor, tmp_path) -> None:
    code = f"import os, sys, time; print([os.environ['SECRET']] == [{ODD!r}]); time.sleep(600)"

    start(supervisor, tmp_path, code, env={"SECRET": ODD}, is_ready=lambda: printed(tmp_path))

    assert printed(tmp_path) == "True\n"


def test_a_program_gets_nothing_else_of_the_environment(supervisor, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SOMEBODY_ELSES_SECRET", "x")
    code = "import os, time; print(sorted(os.environ)); time.sleep(600)"

    start(supervisor, tmp_path, code, env={"MINE": "1"}, is_ready=lambda: printed(tmp_path))

    assert "MINE" in printed(tmp_path)
    assert "SOMEBODY_ELSES_SECRET" not in printed(tmp_path)
    assert "SUPERVISOR" not in printed(tmp_path)


def test_a_secret_is_on_no_command_line_and_in_no_file_others_can_read(
    supervisor, tmp_path
) -> None:
    start(supervisor, tmp_path, SLEEP, env={"SECRET": "s3cret"})

    lines = [" ".join(process.cmdline()) for process in marked(tmp_path)]
    holding = [
        file for file in tmp_path.rglob("*") if file.is_file() and b"s3cret" in file.read_bytes()
    ]
    assert lines
    assert not any("s3cret" in line for line in lines)
    assert [file.name for file in holding] == ["one.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "serving" / "supervisor").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["a b%c;d [x] ü", "long" * 30])
def test_a_state_folder_may_have_any_name(tmp_path, name) -> None:
    folder = tmp_path / name
    folder.mkdir()
    supervisor = Supervisor(folder)

    try:
        start(supervisor, folder, SLEEP)
        (found,) = Supervisor(folder).status()
    finally:
        supervisor.shutdown()

    assert found.pid
    assert not marked(folder)


def test_another_temporary_folder_finds_the_same_supervisor(tmp_path, monkeypatch) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    supervisor = Supervisor(folder)

    try:
        start(supervisor, folder, SLEEP)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        (found,) = Supervisor(folder).status()
    finally:
        supervisor.shutdown()

    assert found.pid


def test_what_dies_is_begun_again(supervisor, tmp_path) -> None:
    before = start(supervisor, tmp_path, SLEEP)

    os.kill(before.pid, signal.SIGKILL)
    wait_for(lambda: supervisor.status()[0].state == "running" and supervisor.status()[0].pid)

    (after,) = supervisor.status()
    assert after.pid != before.pid
    assert (before.restarts, after.restarts) == (0, 1)


def test_what_ends_well_by_itself_is_begun_again_too(supervisor, tmp_path) -> None:
    start(supervisor, tmp_path, "import time; time.sleep(1.3)", is_ready=None)

    wait_for(lambda: supervisor.status()[0].restarts > 0)

    assert supervisor.status()[0].state in ("starting", "running")


def test_what_dies_at_once_is_told_with_its_last_words_and_leaves_nothing(
    supervisor, tmp_path
) -> None:
    log = tmp_path / "logs" / "one.log"
    log.parent.mkdir()
    log.write_text("of an earlier run\n")

    with pytest.raises(SupervisionError) as caught:
        start(supervisor, tmp_path, "raise SystemExit('no model here')", is_ready=None)

    assert "no model here" in str(caught.value)
    assert "of an earlier run" not in str(caught.value)
    assert supervisor.status() == ()
    assert start(supervisor, tmp_path, SLEEP).pid


def test_a_command_that_is_not_there_says_so(supervisor, tmp_path) -> None:
    with pytest.raises(SupervisionError, match=r"nowhere-at-all cannot be run in .*: No such file"):
        supervisor.start(
            "one",
            ["nowhere-at-all"],
            env={},
            folder=tmp_path,
            log=tmp_path / "log",
            stop_seconds=1,
        )


def test_what_is_not_ready_in_time_is_taken_down(supervisor, tmp_path) -> None:
    code = "import time; print('still loading'); time.sleep(600)"

    with pytest.raises(SupervisionError, match="not ready within 1 seconds") as caught:
        start(supervisor, tmp_path, code, is_ready=lambda: False, ready_seconds=0.6)

    assert "still loading" in str(caught.value)
    assert supervisor.status() == ()
    assert not [one for one in marked(tmp_path) if "supervisor" not in " ".join(one.cmdline())]


def test_what_dies_while_it_loads_is_not_waited_for_again_and_again(supervisor, tmp_path) -> None:
    code = "import time; time.sleep(1.2); raise SystemExit('a changed byte')"
    started = time.monotonic()

    with pytest.raises(SupervisionError, match="a changed byte"):
        start(supervisor, tmp_path, code, is_ready=lambda: time.sleep(0.5))

    assert time.monotonic() - started < 10


def test_a_name_that_runs_is_not_started_twice(supervisor, tmp_path) -> None:
    before = start(supervisor, tmp_path, SLEEP)

    with pytest.raises(SupervisionError, match=f"already, as process {before.pid}"):
        start(supervisor, tmp_path, SLEEP)

    assert supervisor.status()[0].pid == before.pid


@pytest.mark.parametrize("name", ["", "a b", "a:b", "../a", ".a", "a/b", "é", "a" * 101])
def test_a_name_that_cannot_be_written_down_is_refused(supervisor, tmp_path, name) -> None:
    with pytest.raises(SupervisionError, match="cannot be the name of a program"):
        start(supervisor, tmp_path, SLEEP, name=name)


def test_stopping_asks_first_and_kills_later(supervisor, tmp_path) -> None:
    found = start(
        supervisor, tmp_path, STUBBORN, stop_seconds=1, is_ready=lambda: printed(tmp_path)
    )

    supervisor.stop("one")

    assert printed(tmp_path) == "up\nno\n"
    assert not is_alive(found.pid)


def test_the_last_program_takes_the_supervisor_along(supervisor, tmp_path) -> None:
    start(supervisor, tmp_path, SLEEP, "one")
    start(supervisor, tmp_path, SLEEP, "two")

    supervisor.stop("one")
    with_one = supervisor.status()
    supervisor.stop("two")

    assert [process.name for process in with_one] == ["two"]
    assert supervisor.status() == ()
    assert not marked(tmp_path)


def test_stopping_what_is_not_there_is_no_fault(supervisor) -> None:
    supervisor.stop("nobody")

    assert supervisor.status() == ()


def test_before_anything_was_started_nothing_is_there_and_nothing_is_made(tmp_path) -> None:
    assert Supervisor(tmp_path).status() == ()
    Supervisor(tmp_path).shutdown()

    assert [*tmp_path.iterdir()] == []


def test_the_workers_of_what_was_killed_do_not_stand_in_the_way(supervisor, tmp_path) -> None:
    before = start(supervisor, tmp_path, WITH_WORKER)
    wait_for(lambda: psutil.Process(before.pid).children())
    (worker,) = psutil.Process(before.pid).children()

    os.kill(before.pid, signal.SIGKILL)
    wait_for(lambda: supervisor.status()[0].pid not in (None, before.pid))
    wait_for(lambda: not is_alive(worker.pid))

    assert supervisor.status()[0].restarts == 1


def test_a_killed_supervisor_takes_nobody_along_and_the_next_one_starts_no_second(
    supervisor, tmp_path
) -> None:
    one = start(supervisor, tmp_path, SLEEP, "one")
    os.kill(supervisor._daemon.pid(), signal.SIGKILL)
    wait_for(lambda: supervisor.status()[0].state == "orphaned")

    start(supervisor, tmp_path, SLEEP, "two")
    wait_for(lambda: {process.state for process in supervisor.status()} == {"running"})

    assert supervisor.status()[0].pid == one.pid
    assert len([each for each in marked(tmp_path) if each.cmdline()[-1] == SLEEP]) == 2


def test_what_outlived_its_supervisor_is_kept_running_by_the_next(supervisor, tmp_path) -> None:
    one = start(supervisor, tmp_path, SLEEP)
    os.kill(supervisor._daemon.pid(), signal.SIGKILL)
    supervisor.resume()
    wait_for(lambda: "watching it" in printed(tmp_path))

    os.kill(one.pid, signal.SIGKILL)
    wait_for(lambda: supervisor.status()[0].pid not in (None, one.pid))

    assert supervisor.status()[0].state in ("starting", "running")


@pytest.mark.parametrize("taken_over", [True, False])
def test_what_outlived_its_supervisor_can_be_stopped(supervisor, tmp_path, taken_over) -> None:
    one = start(supervisor, tmp_path, STUBBORN, stop_seconds=1, is_ready=lambda: printed(tmp_path))
    os.kill(supervisor._daemon.pid(), signal.SIGKILL)
    if taken_over:
        supervisor.resume()
        wait_for(lambda: "watching it" in printed(tmp_path))

    supervisor.stop("one")

    assert not is_alive(one.pid)
    assert supervisor.status() == ()


def test_after_a_reboot_nothing_runs_and_everything_can_be_resumed(supervisor, tmp_path) -> None:
    pids = [start(supervisor, tmp_path, SLEEP, name).pid for name in ("one", "two")]
    for pid in (supervisor._daemon.pid(), *pids):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(is_alive(pid) for pid in pids))

    states = {process.state for process in supervisor.status()}
    supervisor.resume()
    wait_for(lambda: {process.state for process in supervisor.status()} == {"running"})

    assert states == {"stopped"}
    assert not {process.pid for process in supervisor.status()} & {*pids, None}


def test_a_process_that_only_has_the_same_number_is_let_alone(supervisor, tmp_path) -> None:
    one = start(supervisor, tmp_path, SLEEP)
    os.kill(supervisor._daemon.pid(), signal.SIGKILL)
    os.kill(one.pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(one.pid))
    trace = launch.trace_of(tmp_path / "serving" / "supervisor" / "programs" / "one.json")
    trace.write_text(json.dumps({**json.loads(trace.read_text()), "pid": os.getpid()}))

    state = supervisor.status()[0].state
    supervisor.stop("one")

    assert state == "stopped"


def test_two_commands_at_once_make_one_supervisor(supervisor, tmp_path, root) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from adapters.supervision import Supervisor\n"
        f"Supervisor(Path({str(tmp_path)!r})).start(sys.argv[1], ['sleep', '600'], env={{}}, "
        f"folder=Path('/'), log=Path({str(tmp_path)!r}) / 'log', stop_seconds=1)"
    )

    running = [
        subprocess.Popen([sys.executable, "-c", code, f"number-{number}"], cwd=root)
        for number in range(3)
    ]
    endings = [process.wait(60) for process in running]

    commands = [" ".join(process.cmdline()) for process in marked(tmp_path)]
    assert endings == [0, 0, 0]
    assert len([command for command in commands if "supervisor.supervisord" in command]) == 1
    assert commands.count("sleep 600") == 3


def test_shutting_down_ends_everything(supervisor, tmp_path) -> None:
    start(supervisor, tmp_path, SLEEP, "one")
    start(supervisor, tmp_path, WITH_WORKER, "two")

    supervisor.shutdown()

    assert supervisor.status() == ()
    assert not marked(tmp_path)


def test_a_supervisor_that_hangs_is_told_of(supervisor, tmp_path, monkeypatch) -> None:
    start(supervisor, tmp_path, SLEEP)
    monkeypatch.setattr("adapters.supervision.channel.UnixConnection.__init__.__defaults__", (0.3,))
    pid = supervisor._daemon.pid()
    os.kill(pid, signal.SIGSTOP)

    try:
        with pytest.raises(SupervisionError, match="does not answer"):
            supervisor.status()
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_folder_of_somebody_else_is_not_used(tmp_path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "serving" / "supervisor").mkdir(parents=True)
        shutil.chown(tmp_path / "serving" / "supervisor", "nobody")
        state = tmp_path
    else:
        state = Path("/")

    with pytest.raises((SupervisionError, PermissionError)):
        start(Supervisor(state), tmp_path, SLEEP)


def test_it_works_for_an_ordinary_user(tmp_path, root) -> None:
    code = (
        "import os\nfrom pathlib import Path\n"
        "from adapters.supervision import Supervisor\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "supervisor = Supervisor(folder)\n"
        "try:\n"
        "    supervisor.start('one', ['sleep', '600'], env={}, folder=folder, "
        "log=folder / 'log', stop_seconds=1)\n"
        "    print(os.geteuid(), *[one.state for one in supervisor.status()])\n"
        "finally:\n"
        "    supervisor.shutdown()\n"
    )
    # A user without any privilege, and without a name, who still reaches these files.
    ordinary = ["unshare", "--user", "--map-user=4242", "--map-group=4242"]
    as_is = os.geteuid() != 0

    done = subprocess.run(
        [*([] if as_is else ordinary), sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    user = os.geteuid() if as_is else 4242
    assert done.stdout.split() == [str(user), "running"], done.stderr


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and launch.is_alive(psutil.Process(pid))


def wait_for(holds, seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.02)
