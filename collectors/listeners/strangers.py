"""What is said of a record whose sender belongs to no source."""

from __future__ import annotations

from soc.core.i18n import Message, msg


def stranger(sender: str, listener: str) -> Message:
    """The reason under which the record is set aside."""
    return msg(
        "bên gửi {sender} chưa thuộc nguồn nào của {listener}; thêm vào senders của nguồn trong sources.yaml",
        sender=sender,
        listener=listener,
    )
