"""Parse and answer of robots.txt beside protego alone, on made files: ``python -m benchmarks.robots``.

Processor time, best of several rounds. protego is given the same text; it does not group as RFC 9309 says, so the
figures compare speed and nothing else.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from typing import TYPE_CHECKING

from protego import Protego

from crawler.optout.robots.access import RobotsRules
from crawler.optout.robots.outcome import RobotsFetch, judge

if TYPE_CHECKING:
    from collections.abc import Callable

PRODUCT = "ExampleBot"
URL = "/articles/2026/some-title-here?page=2"
OTHER = "/articles/2026/another-title-here?page=3"
"""Asked in turn: the answer about the last URL is remembered."""


def _site(groups: int, rules: int, wildcards: int) -> str:
    lines = ["Sitemap: https://a.test/sitemap.xml"]
    for group in range(groups):
        lines += [f"User-agent: Bot{group}", f"Disallow: /only/{group}/", ""]
    lines.append("User-agent: *")
    lines += [f"Disallow: /path/{number}/" for number in range(rules)]
    lines += [f"Disallow: /*word{number}=" for number in range(wildcards)]
    return "\n".join(lines) + "\n"


FILES = {
    "one rule": _site(0, 1, 0),
    "typical: 5 groups, 25 rules": _site(5, 20, 5),
    "block list: 150 groups, 60 rules": _site(150, 40, 20),
    "large: 3,000 rules": _site(10, 2900, 100),
    "wildcards: 2,000": _site(0, 10, 2000),
    "500 agents x 500 rules": "".join(f"User-agent: r{number}\n" for number in range(500)) + _site(0, 500, 0)[14:],
}


def _best(call: Callable[[], object], rounds: int, times: int) -> float:
    """Seconds of processor time for one call."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(times):
            call()
        best = min(best, (time.process_time() - started) / times)
    return best


def _memory(call: Callable[[], object]) -> int:
    tracemalloc.start()
    kept = call()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size


def main() -> None:
    """Print one line for each file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robots")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"{'file':34} {'octets':>8} {'parse ms':>9} {'protego':>9} {'ratio':>6}", end=" ")
    print(f"{'answer us':>9} {'protego':>9} {'ratio':>6} {'memory kB':>10} {'estimate':>9}")
    for name, text in FILES.items():
        body = text.encode()

        def read(body: bytes = body) -> RobotsRules:
            rules = RobotsRules(judge(RobotsFetch(requested="u", status=200, body=body)), [PRODUCT])
            rules.answer_target(URL)
            return rules

        def read_alone(text: str = text) -> Protego:
            alone = Protego.parse(text)
            alone.can_fetch(f"https://a.test{URL}", PRODUCT)
            return alone

        rules, alone = read(), read_alone()
        parse, parse_alone = _best(read, given.rounds, 3), _best(read_alone, given.rounds, 3)

        def ask(rules: RobotsRules = rules) -> None:
            rules.answer_target(URL)
            rules.answer_target(OTHER)

        def ask_alone(alone: Protego = alone) -> None:
            alone.can_fetch(f"https://a.test{URL}", PRODUCT)
            alone.can_fetch(f"https://a.test{OTHER}", PRODUCT)

        answer, alone_answer = _best(ask, given.rounds, 150) / 2, _best(ask_alone, given.rounds, 150) / 2
        print(
            f"{name:34} {len(body):8} {parse * 1e3:9.2f} {parse_alone * 1e3:9.2f} {parse / parse_alone:6.2f}", end=" "
        )
        print(f"{answer * 1e6:9.1f} {alone_answer * 1e6:9.1f} {answer / alone_answer:6.2f}", end=" ")
        print(f"{_memory(read) / 1e3:10.0f} {rules.cost / 1e3:9.0f}")


if __name__ == "__main__":
    main()
