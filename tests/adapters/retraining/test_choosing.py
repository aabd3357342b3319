from pathlib import Path

from pyarrow import csv

from adapters.retraining.choosing import choose
from lifecycle.project.project import Project
from lifecycle.retraining.aiming import aim
from tests.lifecycle.retraining.changing import DAY, DAYS, LAST, a_table, champion


def test_declared_tables_are_brought_in_and_a_window_is_chosen(tmp_path: Path) -> None:
    csv.write_csv(a_table(turns_on=((DAYS - 90, DAYS),)), tmp_path / "rows.csv")
    project = Project.model_validate(
        {
            "name": "turning",
            "about": {"question": "Which?", "decision": "None.", "owner": "us"},
            "data": {
                "tables": {"rows": "rows.csv"}, "time": "when", "window": {"from": "2013-01-01"},
                "label": {"column": "y", "task": "binary", "arrives_after": "6h"},
            },
            "schema": {"when": {"type": "time", "role": "ignore"}},
            "split": {"by": "time", "test": "20%"},
            "evaluation": {"resamples": 200},
            "retraining": {"window": "evidence", "windows": ["all", "30d"], "test": "10d"},
        }
    )  # fmt: skip
    found = aim(project.data, project.split, project.retraining, as_of=LAST + DAY / 4)

    choice = choose(project, found, champion(), home=tmp_path, threads=1)

    assert choice.window == "30d"
    assert choice.trials[0].rows > 3_000
