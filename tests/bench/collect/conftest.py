"""What the measurements of the way in share with its tests."""

from tests.collectors.machinery.conftest import items, logs, post

__all__ = ["items", "logs", "post"]
