# SPDX-License-Identifier: MIT
"""The command line of a model, and its part in the test suite.

    MODEL [RUNS] [SEED]         normal runs: must find nothing
    MODEL --break NAME …        runs with one rule left out: must find a fault
    MODEL --suite               TAP: some runs as they are, and each rule left out

MODEL_SEEDS is the number of runs that must find nothing, 60 without it.
"""
import os
import sys

SEEDS_MOST = 400               # a rule that is left out must be found within so many runs


def runs(run, count, seed, broken):
    """Returns how many runs found a fault. Prints the first ones of the model as it is."""
    bad = [(s, f) for s in range(seed, seed + count) if (f := run(s, broken))]
    for s, f in bad[:3]:
        if not broken:
            print(f"# seed {s}: {f[0]}  (+{len(f) - 1} more)")
    return len(bad)


def suite(noun, run, breaks):
    count = int(os.environ.get("MODEL_SEEDS", "60"))
    failed = runs(run, count, 0, None)
    print(f"{'not ok' if failed else 'ok'} {noun}: {count} runs find nothing")
    for name, what in breaks.items():
        found = next((s for s in range(SEEDS_MOST) if run(s, name)), None)
        print(f"{'not ok' if found is None else 'ok'} {noun} without its rule, {name}: {what}")
        failed += found is None
    return failed


def main(noun, run, breaks):
    args = sys.argv[1:]
    if "--suite" in args:
        sys.exit(1 if suite(noun, run, breaks) else 0)
    broken = args[args.index("--break") + 1] if "--break" in args else None
    if broken is not None and broken not in breaks:
        sys.exit(f"no rule {broken}: {' '.join(breaks)}")
    numbers = [int(a) for a in args if a.isdigit()]
    count, seed = numbers[0] if numbers else 200, numbers[1] if len(numbers) > 1 else 0
    bad = runs(run, count, seed, broken)
    print(f"{count - bad} passed, {bad} failed")
    sys.exit(1 if bool(bad) != bool(broken) else 0)
