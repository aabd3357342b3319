from steps.progress import Ticker, tell


class Terminal:
    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_a_step_is_told_on_one_line(capsys):
    tell("check", "23 checks, 0 blocking")

    assert capsys.readouterr().out == "  check     23 checks, 0 blocking\n"


def test_on_a_terminal_the_line_is_overwritten_and_never_wraps(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")

    ticker = Ticker("tune")
    ticker.update("trial 1 " + "x" * 200)
    ticker.close("done")

    first, last = terminal.text.split("\r\x1b[2K")[1:]
    assert len(first) == 39
    assert last == "  tune      done\n"


def test_elsewhere_only_some_states_are_told(capsys):
    ticker = Ticker("tune", every=1000)
    for trial in range(5):
        ticker.update(f"trial {trial}")
    ticker.close("done")

    assert capsys.readouterr().out.splitlines() == ["  tune      trial 0", "  tune      done"]
