"""E-office, DNIS and mail in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import Day, kind_of, local_date
from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS, NUMBER_KINDS, file_name, officer
from soc.simulate.records import eoffice as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province, Unit

AUDIT = "document_management.eoffice_audit_json.tinh"
DNIS = "dnis.eoffice_audit_json.tinh"
ZIMBRA = "document_management.zimbra_audit.tinh"
POSTFIX = "document_management.postfix_smtp.tinh"
_ACTIONS = (
    "XEM",
    "XEM",
    "XEM",
    "XEM",
    "XU_LY",
    "CHUYEN",
    "TAI_VE",
    "TAI_LEN",
    "PHE_DUYET",
    "DANG_NHAP",
    "TIM_KIEM",
    "KY_SO",
)
_FREE = (
    "mat-bang-quy-hoach.dwg",
    "ra-mat-cong-thong-tin.docx",
    "BanDo-mat-bang-tong-the.pdf",
    "le-ra-mat-doan-thanh-nien.pptx",
)


def document(draw: Draw, at: float, unit: Unit) -> tuple[str, str]:
    """Id and number of a document of a unit."""
    number = draw.upto(1, 1800)
    return (
        f"VB-{stamps.day(at)[:7]}-{number:04d}-{unit.code}",
        f"{number}/{draw.pick(NUMBER_KINDS)}-{unit.code.upper()}",
    )


def _audit(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        who = draw.random()
        action = draw.pick(_ACTIONS)
        user = unit.clerk if who < 0.2 else unit.leader if who < 0.3 else user
        doc, text = document(draw, at, unit)
        if action == "XEM" and draw.chance(0.15):
            doc = draw.pick(world.papers(unit)) if draw.chance(0.7) else world.papers(draw.pick(world.units))[-1]
        source = AUDIT if draw.chance(0.75) or unit.kind == "department" else DNIS
        device = "mobile" if user == unit.leader and draw.chance(0.5) else "web"
        result = "LOI" if draw.chance(0.012) else "OK"
        yield (
            at,
            source,
            form.audit(
                at, user, unit.id, ip, action, doc, text, file_name(draw), draw.size(240_000), "THUONG", device, result
            ),
        )


def _evening(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.units)
        doc, text = document(draw, at, unit)
        action = draw.pick(("XEM", "XEM", "PHE_DUYET", "TAI_VE"))
        ip = world.homes[unit.leader]
        yield (
            at,
            AUDIT,
            form.audit(
                at, unit.leader, unit.id, ip, action, doc, text, file_name(draw), draw.size(240_000), device="mobile"
            ),
        )


def _mail(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    proxy = world.servers["proxy"]
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        box = f"{user if draw.chance(0.7) else 'vanthu'}@{unit.domain}"
        error = (
            f"authentication failed for [{box.partition(chr(64))[0]}], invalid password" if draw.chance(0.02) else ""
        )
        if draw.chance(0.75):
            agent = draw.pick(("zclient/8.8.15_GA_4717", BROWSERS[0], BROWSERS[1]))
            yield at, ZIMBRA, form.zimbra_auth(at, f"1234-{draw.upto(20, 90)}", box, ip, agent, error=error)
        else:
            protocol = draw.pick(("imap", "imap", "pop3", "smtp"))
            yield at, ZIMBRA, form.zimbra_client(at, proxy, ip, box, protocol, draw.upto(2, 60), error)


def message(
    draw: Draw, at: float, box: str, ip: str, to: str, relay: str, recipients: int, status: str = "sent"
) -> Iterator[Entry]:
    """The lines of one message on its way."""
    queue = f"4C{draw.hex(8)}"
    yield (
        at,
        POSTFIX,
        form.postfix(at, "smtpd", 2211, queue, f"client=unknown[{ip}], sasl_method=LOGIN, sasl_username={box}"),
    )
    size = draw.size(22_000, 1.2)
    yield (
        at + 0.3,
        POSTFIX,
        form.postfix(at + 0.3, "qmgr", 901, queue, f"from=<{box}>, size={size}, nrcpt={recipients} (queue active)"),
    )
    dsn, reply = ("2.0.0", "250 2.0.0 Ok: queued") if status == "sent" else ("4.4.1", "connection timed out")
    yield (
        at + 1.4,
        POSTFIX,
        form.postfix(
            at + 1.4,
            "smtp",
            930,
            queue,
            f"to=<{to}>, relay={relay}[192.0.2.13]:25, delay=1.2, dsn={dsn}, status={status} ({reply})",
        ),
    )
    yield at + 1.5, POSTFIX, form.postfix(at + 1.5, "qmgr", 901, queue, "removed")


def _messages(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        other = draw.pick(world.units)
        box = f"{user if draw.chance(0.5) else 'vanthu'}@{unit.domain}"
        to = f"vanthu@{other.domain}"
        status = "deferred" if draw.chance(0.01) else "sent"
        yield from message(draw, at, box, ip, to, f"mx.{other.domain}", draw.often((1, 1, 2, 3, 5, 12)), status)


def _council_papers(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A clerk prints the papers of a council meeting: many downloads of one group of numbers, in hours."""
    unit = draw.pick(world.communes)
    for number in range(draw.upto(30, 60)):
        at += draw.upto(8, 50)
        yield (
            at,
            AUDIT,
            form.audit(
                at,
                unit.clerk,
                unit.id,
                unit.gates[0],
                "TAI_VE",
                f"VB-HDND-{unit.code}-{number:03d}",
                f"{number + 1}/TTr-HĐND",
                f"TTr-HDND-{number + 1}.pdf",
                draw.size(300_000),
            ),
        )


def _innocent_names(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Files whose name holds the syllable `mat` and nothing secret."""
    unit, user, ip = officer(draw, world)
    doc, text = document(draw, at, unit)
    yield at, AUDIT, form.audit(at, user, unit.id, ip, "TAI_LEN", doc, text, draw.pick(_FREE), draw.size(900_000))


def _leave(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Mail forwarded between two official boxes for the time of a leave."""
    unit, user, ip = officer(draw, world)
    target = f"{draw.pick(unit.officers)}@{unit.domain}"
    rest = f"zimbraPrefMailForwardingAddress={target}"
    yield (
        at,
        ZIMBRA,
        form.zimbra_soap(at, "1234-70", f"{user}@{unit.domain}", ip, BROWSERS[0], "ModifyPrefsRequest", rest),
    )


def _invitation(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The office of the committee invites all communes."""
    office = world.department("vpubnd")
    box = f"{office.clerk}@{office.domain}"
    yield at, ZIMBRA, form.zimbra_auth(at, "1234-40", box, office.gates[0], "zclient/8.8.15_GA_4717")
    to = f"vanthu@{world.communes[0].domain}"
    yield from message(draw, at + 40, box, office.gates[0], to, f"mx.{world.communes[0].domain}", len(world.communes))


def _copier(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A copier scans to mail with an old password: one account, again and again."""
    unit = draw.pick(world.units)
    box = f"scan@{unit.domain}"
    for _ in range(draw.upto(8, 30)):
        at += draw.upto(30, 120)
        error = "authentication failed for [scan], invalid password"
        yield (
            at,
            ZIMBRA,
            form.zimbra_client(at, world.servers["proxy"], unit.gates[1], box, "smtp", draw.upto(2, 60), error),
        )


def _seconded(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An officer on secondment reads the documents of two units, as the list of such officers says."""
    unit, other = world.communes[0], world.communes[1]
    for _ in range(draw.upto(20, 35)):
        at += draw.upto(60, 500)
        _, text = document(draw, at, other)
        doc = draw.pick(world.papers(other))
        name, size = file_name(draw), draw.size(240_000)
        yield at, AUDIT, form.audit(at, unit.officers[0], unit.id, unit.gates[0], "XEM", doc, text, name, size)


def _storm(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A storm: urgent documents are handled at night by those on duty, from their offices."""
    for unit in draw.sample(world.communes, 25):
        when = at + draw.upto(0, 7000)
        doc, _ = document(draw, when, unit)
        yield (
            when,
            AUDIT,
            form.audit(
                when,
                unit.leader,
                unit.id,
                unit.gates[0],
                "PHE_DUYET",
                doc,
                f"{draw.upto(1, 20)}/CĐ-UBND",
                "CongDien-bao.pdf",
                draw.size(90_000),
            ),
        )


def working(at: float) -> bool:
    """Whether offices work on that day."""
    return kind_of(local_date(at)) is Day.WORK


LIFE: tuple[Life, ...] = (
    Stream(_audit, 22_000, "office"),
    Stream(_evening, 500, "evening"),
    Stream(_mail, 9_000, "login"),
    Stream(_messages, 9_000, "office_late", lines=4),
    Scene(_council_papers, 4),
    Scene(_innocent_names, 6),
    Scene(_leave, 4),
    Scene(_invitation, 4, (8, 11)),
    Scene(_copier, 3),
    Scene(_seconded, 2, (8, 10)),
    Scene(_storm, 1, (20, 22), any_day=True),
)
