"""A million hostile inputs for every text reader: none may raise, break a promise, or take a second.

``make fuzz``, or ``PYTHONPATH=. python benchmarks/fuzz.py [--inputs N] [--seed N] [--readers ID,...] [--state FILE]``.
Progress is kept in FILE after every block, so that a stopped run goes on; inputs that fail are written beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random

from tests.fuzzing import TARGETS

BLOCK = 10_000
SLOW_S = 1.0


@dataclass(slots=True, kw_only=True)
class Count:
    """What was done for one reader."""

    inputs: int = 0
    statements: int = 0
    seconds: float = 0.0
    """CPU, making the inputs included."""
    slowest: float = 0.0
    """Seconds of CPU of one input."""
    failures: int = 0


def main() -> int:
    """Run what is left, then print the table; 1 where an input failed or was slow."""
    options = _options()
    counts = _load(options.state, options.seed)
    wanted = options.readers.split(",") if options.readers else list(TARGETS)
    try:
        for reader in wanted:
            count = counts.setdefault(reader, Count())
            while count.inputs < options.inputs:
                _run_block(reader, count, options.seed, options.state.parent)
                _save(options.state, options.seed, counts)
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
    _print({reader: counts[reader] for reader in wanted if reader in counts})
    return int(any(one.failures or one.slowest >= SLOW_S for one in counts.values()))


def _run_block(reader: str, count: Count, seed: int, folder: Path) -> None:
    random = Random(f"{seed}:{reader}:{count.inputs}")  # noqa: S311 - the same inputs for the same seed
    started = time.process_time()
    for target in islice(cycle(TARGETS[reader]), BLOCK):
        octets = target.make(random)
        before = time.process_time()
        try:
            count.statements += target.run(octets)
        except Exception:  # noqa: BLE001 - what the run is for
            count.failures += 1
            path = folder / f"failure-{reader}-{count.failures}"
            path.write_bytes(octets)
            print(f"{target.name}: {path}\n{traceback.format_exc(limit=-3)}", file=sys.stderr)
        count.slowest = max(count.slowest, time.process_time() - before)
    count.inputs += BLOCK
    count.seconds += time.process_time() - started


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--readers", default="")
    parser.add_argument("--state", type=Path, default=Path("build/fuzz/state.json"))
    return parser.parse_args()


def _load(state: Path, seed: int) -> dict[str, Count]:
    state.parent.mkdir(parents=True, exist_ok=True)
    if not state.exists():
        return {}
    kept = json.loads(state.read_text("utf-8"))
    if kept["seed"] != seed:
        return {}
    return {reader: Count(**values) for reader, values in kept["readers"].items() if reader in TARGETS}


def _save(state: Path, seed: int, counts: dict[str, Count]) -> None:
    document = {"seed": seed, "readers": {reader: asdict(one) for reader, one in counts.items()}}
    new = state.with_suffix(".new")
    new.write_text(json.dumps(document, indent=1), "utf-8")
    new.replace(state)


def _print(counts: dict[str, Count]) -> None:
    print("| reader | inputs | statements | inputs/s | slowest | failures |\n|---|---:|---:|---:|---:|---:|")
    for reader, one in counts.items():
        rate = one.inputs / one.seconds if one.seconds else 0.0
        cells = (f"`{reader}`", f"{one.inputs:,}", f"{one.statements:,}", f"{rate:,.0f}")
        print(f"| {' | '.join(cells)} | {one.slowest * 1000:.1f} ms | {one.failures} |")


if __name__ == "__main__":
    sys.exit(main())
