"""Meetings: Jitsi event_sync, Asterisk security notices, call detail records of Cisco Meeting Server."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact

_MUC = "muc.hop.dongnai.example"


def room(at: float, event: str, name: str) -> str:
    """A room opened or closed: `muc-room-created`, `muc-room-destroyed`."""
    key = "created_at" if event.endswith("created") else "destroyed_at"
    record: dict[str, object] = {"event_name": event, "room_name": name, "room_jid": f"{name}@{_MUC}"}
    return compact(record | {"is_breakout": False, key: int(at)})


def occupant(at: float, event: str, name: str, who: str, email: str, ident: str, jid: str, number: int) -> str:
    """Somebody came or went; without a token there is neither e-mail nor id."""
    person: dict[str, object] = {"name": who}
    if ident:
        person |= {"email": email, "id": ident}
    person |= {"occupant_jid": f"{jid}@{_MUC}", "joined_at": int(at)}
    if event.endswith("left"):
        person["left_at"] = int(at)
    return compact(
        {
            "event_name": event,
            "room_name": name,
            "room_jid": f"{name}@{_MUC}",
            "is_breakout": False,
            "active_occupants_count": number,
            "occupant": person,
        }
    )


def sip(at: float, method: str, user: str, server: str, ip: str, port: int, call: str, reason: str) -> str:
    """A request that chan_pjsip refused."""
    address = f"[{ip}]" if ":" in ip else ip
    return (
        f"[{stamps.plain(at)}] NOTICE[2311] res_pjsip/pjsip_distributor.c: Request '{method}' from "
        f"'<sip:{user}@{server}>' failed for '{address}:{port}' (callid: {call}) - {reason}"
    )


def cdr(at: float, kind: str, index: int, leg: str, inner: str) -> str:
    """One call detail record; `inner` is the content of the call leg."""
    return (
        f'<records session="s1" callBridge="cb1"><record type="{kind}" time="{stamps.utc(at)}" recordIndex="{index}">'
        f'<callLeg id="{leg}">{inner}</callLeg></record></records>'
    )


def leg_start(name: str, party: str, call: str) -> str:
    """Content of a leg that starts."""
    return f"<displayName>{name}</displayName><remoteParty>{party}</remoteParty><call>{call}</call>"


def leg_end(reason: str, seconds: int) -> str:
    """Content of a leg that ends."""
    return f"<reason>{reason}</reason><durationSeconds>{seconds}</durationSeconds>"
