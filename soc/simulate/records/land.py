"""Land and maps: GeoServer audit, ArcGIS Server log, land application (assumed form)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def geoserver(
    at: float,
    ident: int,
    service: str,
    operation: str,
    layer: str,
    query: str,
    ip: str,
    user: str,
    status: int,
    size: int,
) -> str:
    """One request; the time is UTC without saying so."""
    text = query.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        f'<Request id="{ident}"><Service>{service}</Service><Version>1.1.1</Version><Operation>{operation}</Operation>'
        f"<Resources>{layer}</Resources><Path>/{service.lower()}</Path><QueryString>{text}</QueryString>"
        f"<HttpMethod>GET</HttpMethod><StartTime>{stamps.utc_bare_ms(at)}</StartTime><TotalTime>{20 + size % 900}</TotalTime>"
        f"<RemoteAddr>{ip}</RemoteAddr><RemoteUser>{user}</RemoteUser><ResponseStatus>{status}</ResponseStatus>"
        f"<ResponseLength>{size}</ResponseLength><Failed>{'true' if status >= 400 else 'false'}</Failed></Request>"
    )


def arcgis(at: float, level: str, code: int, source: str, user: str, request: str, text: str, elapsed: str = "") -> str:
    """One message of the server."""
    when = stamps.iso_ms(at).replace(".", ",")
    return (
        f'<Msg time="{when}" type="{level}" code="{code}" source="{source}" process="3012" thread="1" methodName="" '
        f'machine="GIS01" user="{user}" elapsed="{elapsed}" requestID="{request}">{text}</Msg>'
    )


def land(at: float, channel: str, user: str, ip: str, action: str, commune: str, parcel: str, **more: object) -> str:
    """One look-up or change; `more` has deviceId, count, dossierId, oldState, newState."""
    record: dict[str, object] = {
        "time": stamps.iso(at),
        "channel": channel,
        "user": user,
        "ip": ip,
        "action": action,
        "commune": commune,
        "parcel": parcel,
    }
    return compact(record | more | {"result": "OK"})
