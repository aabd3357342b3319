"""What a run costs before it does anything: trivial steps in a fresh process.

python -m benchmarks.fixed_cost
"""

import tempfile

from benchmarks.measuring import measure


def main() -> None:
    with tempfile.TemporaryDirectory() as state:
        environment = {"PERENNIAL_STATE": state}

        def cost(steps: int):  # noqa: ANN202
            return measure("-m", "benchmarks.trivial", str(steps), environment=environment)

        first, one, many = cost(1), cost(1), cost(21)
    print(f"{'':<28}{'wall s':>9}{'CPU s':>9}")
    print(f"{'first ever, 1 step':<28}{first.wall_s:>9.2f}{first.cpu_s:>9.2f}")
    print(f"{'fresh process, 1 step':<28}{one.wall_s:>9.2f}{one.cpu_s:>9.2f}")
    print(f"{'fresh process, 21 steps':<28}{many.wall_s:>9.2f}{many.cpu_s:>9.2f}")
    wall, cpu = (many.wall_s - one.wall_s) * 50, (many.cpu_s - one.cpu_s) * 50
    print(f"{'one more step, ms':<28}{wall:>9.0f}{cpu:>9.0f}")


if __name__ == "__main__":
    main()
