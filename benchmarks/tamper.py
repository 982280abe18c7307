"""Changes to a finished crawl that both verifiers have to find and name (reliability R6.13, R6.14).

    python benchmarks/tamper.py [--places 20] [--kinds NAME...] [--processes 2]

Crawls the demo, and has a copy of it stamped and the stamps renewed by an authority of its own. Changes one of both in
one way at one place, and verifies it with ``audit verify`` and with ``standalone/verify_crawl.py``; prints what one of
them did not find or not name by its file. The seed is printed and can be given again.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from crawler.audit.verifying import verify
from crawler.errors import ClearcrawlError, ExitCode
from crawler.signing.key_folder import KeyFolder
from tests.demo_run import run_demo
from tests.evidence.authority import Authority
from tests.evidence.crawls import renew
from tests.evidence.second import second_verifier
from tests.evidence.tampering import ALL, ALL_STAMPS, KINDS, copy, tamper
from tests.shared import ROOT


def one(task: tuple[str, int], *, root: Path, keys: Path, seed: int) -> tuple[str, int, str]:
    """Change a copy, verify it twice, answer what is wrong with the answers; empty where both found and named it."""
    kind, place = task
    work = Path(tempfile.mkdtemp(prefix="clearcrawl-tamper-"))
    try:
        changed = copy(root / ("stamped" if kind in ALL_STAMPS else "plain"), work / "out")
        told = tamper(changed, kind, random.Random(f"{seed} {kind} {place}"))  # noqa: S311 - repeatable
        wrong = {name: ask(changed, keys, told) for name, ask in (("first", _first), ("second", _second))}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return kind, place, "; ".join(f"{name}: {why}" for name, why in wrong.items() if why)


def _first(changed: Path, keys: Path, told: set[str]) -> str:
    try:
        result = verify(changed, KeyFolder(keys).trust())
    except ClearcrawlError as error:
        return "" if error.exit_code is not ExitCode.CLEAN else "no error"
    except Exception as error:  # noqa: BLE001 - a traceback is what must never be
        return f"traceback: {error!r}"
    return _missing(int(result.code), {finding.file for finding in result.findings}, told)


def _second(changed: Path, keys: Path, told: set[str]) -> str:
    try:
        report = second_verifier().verify(changed, keys / "trust.txt")
    except Exception as error:  # noqa: BLE001 - likewise
        return f"traceback: {error!r}"
    return _missing(report.code, {finding["file"] for finding in report.findings}, told)


def _missing(code: int, named: set[str], told: set[str]) -> str:
    if code != int(ExitCode.FINDINGS):
        return f"exit {code}"
    return "" if named & told else f"named {sorted(named)[:4]}, not {sorted(told)}"


def _crawls(folder: Path) -> Path:
    """``plain`` and ``stamped``; answer the folder."""
    shutil.copytree(run_demo(folder / "out").folder.absolute(), folder / "plain", symlinks=True)
    shutil.copytree(folder / "plain", folder / "stamped", symlinks=True)
    shutil.copytree(ROOT / "policies", folder / "policies")
    with Authority(folder / "authority") as authority:
        with (folder / "policies/crawl-policy.toml").open("a") as file:
            file.write(f"\n[timestamps.authorities.tsa]\nurl = '{authority.url}'\nroots = ['{authority.root_line}']\n")
        for _ in range(3):  # stamp, renew, renew
            renew(folder / "stamped", folder / "policies")
    return folder


def main() -> int:
    """Run all kinds at all places."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=20)
    parser.add_argument("--kinds", nargs="*", default=[*ALL, *ALL_STAMPS])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        keys = Path(made) / "keys"
        os.environ["CLEARCRAWL_KEYS"] = str(keys)
        root = _crawls(Path(made))
        tasks = [(kind, place) for kind in options.kinds for place in range(options.places)]
        started = time.perf_counter()
        with ProcessPoolExecutor(options.processes) as pool:
            run = partial(one, root=root, keys=keys, seed=options.seed)
            missed = [found for found in pool.map(run, tasks, chunksize=4) if found[2]]
        seconds = time.perf_counter() - started
    for kind, place, why in missed:
        print(f"missed: {kind} at place {place}: {why}")
    by_kind = Counter(kind for kind, _, _ in missed)
    kinds = len({kind.partition("/")[0] for kind in options.kinds})
    print(f"seed {options.seed}: {kinds} kinds ({len(options.kinds)} with a bag made anew), {options.places} places")
    print(
        f"found and named {len(tasks) - len(missed)} of {len(tasks)} in {seconds:.0f} s; kinds missed: {dict(by_kind)}"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    assert KINDS  # noqa: S101 - the table is what this measures
    sys.exit(main())
