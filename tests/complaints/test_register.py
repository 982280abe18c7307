"""The register holds what was entered, names what was changed, and forgets what was erased."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawler.complaints.case import cases_of
from crawler.complaints.deciding import Wanted, decide
from crawler.complaints.handling import acknowledge, erase
from crawler.complaints.register import Register
from crawler.errors import DamagedStateError, FolderInUseError, SignerError, UsageError
from tests.complaints.registers import NOW, received
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.complaints.registers import Desk


def _filled(desk: Desk) -> None:
    desk.add(received(), received(name="John Roe", organisation=None, urls=["https://other.example/"]))
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        acknowledge(register, case, at=NOW, by="desk", text="Dear Jane", sealer=desk.sealer, now=NOW)
        wanted = Wanted(outcome="rejected", by="legal", reason="Nothing of it was ever fetched.")
        decide(register, case, wanted, matcher=None, known_agreements=(), sealer=desk.sealer, now=NOW)


def test_what_was_entered_is_read_again(desk: Desk) -> None:
    """Cases, states and the newest head."""
    _filled(desk)
    cases = desk.cases()
    assert [case.state for case in cases.values()] == ["closed", "received"]
    complaint = cases[2].complaint
    assert complaint is not None
    assert complaint.text("name") == "John Roe"
    with Register.open(desk.path) as register:
        assert register.unsigned is None
        assert register.head is not None
        assert register.head.size == register.size == 9


def test_log_names_nobody(desk: Desk) -> None:
    """Names, addresses, URLs and reasons lie apart from the log; nothing of them is in it."""
    _filled(desk)
    log = b"".join(path.read_bytes() for path in (desk.path / "log").iterdir())
    for word in (b"Jane", b"John", b"press.example/", b"other.example", b"Novel", b"Nothing of it"):
        assert word not in log


def test_erasure(desk: Desk) -> None:
    """Everything personal of one case is gone from the disk; the log stays provable, the other case whole."""
    _filled(desk)
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        assert erase(register, case, reason="Asked for in May", by="dpo", sealer=desk.sealer, now=NOW) == 3
        assert cases_of(register.entries)[1].complaint is None
    everything = b"".join(path.read_bytes() for path in desk.path.rglob("*") if path.is_file())
    assert b"Jane" not in everything
    assert b"John Roe" in everything
    assert [case.is_erased for case in desk.cases().values()] == [True, False]
    with desk.open() as register:
        case = cases_of(register.entries)[1]
        with pytest.raises(UsageError, match="nothing personal any longer"):
            erase(register, case, reason="Asked for in May", by="dpo", sealer=desk.sealer, now=NOW)


def test_open_case_is_not_erased(desk: Desk) -> None:
    """What is not decided has to be decided first."""
    desk.add(received())
    with desk.open() as register, pytest.raises(UsageError, match="not decided"):
        erase(register, cases_of(register.entries)[1], reason="Asked for", by="x", sealer=desk.sealer, now=NOW)


def test_every_flipped_bit_is_found(desk: Desk, tmp_path: Path) -> None:
    """Any octet of any file, changed anywhere: damaged, with the file's name, exit 5."""
    _filled(desk)
    chosen = random.Random(7)  # noqa: S311 - places of a test
    for path in sorted(one for one in desk.path.rglob("*") if one.is_file() and not one.name.endswith(".consistency")):
        copy = tmp_path / "copy"
        shutil.copytree(desk.path, copy)
        target = copy / path.relative_to(desk.path)
        data = bytearray(target.read_bytes())
        data[chosen.randrange(len(data) - 1)] ^= 1 << chosen.randrange(7)
        target.write_bytes(data)
        with pytest.raises(DamagedStateError, match=str(copy)) as caught, Register.open(copy) as register:  # noqa: PT012 - files as they came are read when asked for
            for name in (copy / "personal").glob("sha256-*"):
                register.file(name.name.replace("-", ":", 1))
        assert caught.value.exit_code == 5
        shutil.rmtree(copy)


def test_every_missing_file_is_found(desk: Desk, tmp_path: Path) -> None:
    """A part of the log, a head, or what was never erased."""
    _filled(desk)
    for path in sorted(desk.path.rglob("*")):
        if path.suffix == ".consistency" or path.name.startswith("sha256-") or path.is_dir():
            continue
        copy = tmp_path / "copy"
        shutil.copytree(desk.path, copy)
        (copy / path.relative_to(desk.path)).unlink()
        if path == max((desk.path / "heads").glob("*.checkpoint")):
            with Register.open(copy) as register:  # the last command may have been killed before it signed
                assert register.unsigned is not None
        else:
            with pytest.raises(DamagedStateError, match=str(copy)):
                Register.open(copy)
        shutil.rmtree(copy)


def test_earlier_copy_put_back(desk: Desk, tmp_path: Path) -> None:
    """The folder of keys remembers the last head."""
    desk.add(received())
    shutil.copytree(desk.path, tmp_path / "copy")
    desk.add(received(name="John Roe"))
    shutil.rmtree(desk.path)
    shutil.copytree(tmp_path / "copy", desk.path)
    with pytest.raises(DamagedStateError, match="earlier copy"), desk.open():
        pass


def test_two_at_once(desk: Desk) -> None:
    """The second one ends at once with 4; readers are let in."""
    desk.add(received())
    with desk.open():
        with pytest.raises(FolderInUseError), desk.open():
            pass
        assert len(desk.cases()) == 1


def test_killed_before_the_log_was_written(desk: Desk) -> None:
    """What a killed command left apart is swept; nothing was entered."""
    desk.add(received())
    left = [desk.path / "personal" / name for name in ("99.leaf", "sha256-" + "0" * 64, "x.tmp")]
    for path in left:
        path.write_bytes(b"left behind")
    desk.add(received(name="John Roe"))
    assert not any(path.exists() for path in left)
    assert len(desk.cases()) == 2


def test_signer_away(desk: Desk) -> None:
    """Entries stay, unsigned and saying so; the next command signs them."""

    class Away:
        key = desk.sealer.key
        protection = "external"
        rotations: dict[str, bytes] = {}  # noqa: RUF012 - never changed

        def sign(self, message: bytes) -> bytes:  # noqa: ARG002 - the port
            raise SignerError("the signer is away")

        def last_head(self, origin: str) -> bytes | None:
            return desk.sealer.last_head(origin)

        def remember_head(self, origin: str, note: bytes) -> None: ...

    desk.add(received())
    with Register.open_to_write(desk.path, sealer=Away(), domain="x", now=NOW) as register:
        acknowledge(register, cases_of(register.entries)[1], at=NOW, by="d", text="x", sealer=Away(), now=NOW)
        assert register.unsigned == "the signer is away"
    with Register.open(desk.path) as register:
        assert register.unsigned is not None
    desk.add(received(name="John Roe"))
    with Register.open(desk.path) as register:
        assert register.unsigned is None


def test_rotated_key(desk: Desk) -> None:
    """Heads of the earlier key hold beside those of the next one."""
    from crawler.signing.sealer import open_sealer  # noqa: PLC0415 - opened anew after the rotation

    desk.add(received())
    desk.sealer.folder.rotate(name="next", now=NOW, ask=lambda _: None)
    desk.sealer = open_sealer(desk.sealer.folder.path)
    desk.add(received(name="John Roe"))
    assert len(desk.cases()) == 2
    assert len(list((desk.path / "keys").glob("*.rotation"))) == 1


def test_other_folder(tmp_path: Path, desk: Desk) -> None:
    """A folder with other content is never written to; an empty one is no register yet."""
    desk.path.mkdir()
    with pytest.raises(UsageError, match="no register yet"):
        Register.open(desk.path)
    (desk.path / "thesis.doc").write_text("x")
    with pytest.raises(UsageError, match=r"thesis\.doc"), desk.open():
        pass
    with pytest.raises(UsageError, match="no such folder"):
        Register.open(tmp_path / "nowhere")


def test_needs_no_scrapy() -> None:
    """The auditor's half: nothing of Scrapy or Twisted is loaded."""
    code = (
        "import sys, crawler.complaints.bundling, crawler.complaints.control, crawler.complaints.deciding, "
        "crawler.complaints.statistics, crawler.cli.complaints_add, crawler.doctor.examining\n"
        "assert not {'scrapy', 'twisted'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)  # noqa: S603 - our own words
