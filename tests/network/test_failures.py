"""The one mapping from exceptions to reason codes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
import scrapy.exceptions
import twisted.internet.error
from OpenSSL import SSL
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError, DownloadTimeoutError
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web._newclient import ResponseNeverReceived

from crawler.network import failures
from crawler.network.failures import AddressRefusedError, HeadTooLargeError, failure_of, listed_code
from crawler.policy.reasons import REASONS

if TYPE_CHECKING:
    from types import ModuleType


@pytest.mark.parametrize("module", [scrapy.exceptions, twisted.internet.error, failures])
def test_no_exception_is_unmapped(module: ModuleType) -> None:
    """Every exception of Scrapy and Twisted's reactor has a code that the table of reasons knows."""
    kinds = [kind for kind in vars(module).values() if inspect.isclass(kind) and issubclass(kind, BaseException)]
    assert kinds
    for kind in kinds:
        if kind is not AddressRefusedError:
            assert listed_code(kind) in REASONS or listed_code(kind) == "scheme_refused", kind


def test_most_telling_cause_names_the_failure() -> None:
    """What Twisted wrapped, and what Scrapy raised from it, is looked through."""
    wrapped = ResponseNeverReceived([Failure(ConnectionLost()), Failure(SSL.Error([("x", "y", "verify failed")]))])
    error = DownloadFailedError("failed")
    error.__cause__ = wrapped
    assert failure_of(error).code == "tls_error"
    assert failure_of(ResponseNeverReceived([Failure(ConnectionLost())])).code == "connection_error"
    assert failure_of(ResponseNeverReceived([Failure(HeadTooLargeError("64 KiB"))])).detail == "64 KiB"
    assert failure_of(DownloadTimeoutError("late")).code == "timeout"
    assert failure_of(CannotResolveHostError("x")).code == "dns_error"


def test_own_refusals_keep_their_code() -> None:
    """An address that a list covers is told apart from one that nobody may dial."""
    assert failure_of(AddressRefusedError("x")).code == "address_refused"
    refused = failure_of(AddressRefusedError("x", code="blocklist"))
    assert (refused.code, refused.defers) == ("blocklist", False)


def test_unknown_exception_is_our_fault_and_refuses() -> None:
    """Nothing unknown may look like a failure of the network that goes away by itself."""
    failure = failure_of(ZeroDivisionError())
    assert (failure.code, failure.detail, failure.defers) == ("internal_error", "ZeroDivisionError", False)
    error = DownloadFailedError("failed")
    error.__cause__ = KeyError("ours")
    assert failure_of(error).code == "internal_error"


def test_causes_that_point_at_each_other_end() -> None:
    """A circle of causes is walked once."""
    first, second = ConnectionLost(), DownloadFailedError()
    first.__cause__, second.__cause__ = second, first
    assert failure_of(first).code == "connection_error"
