"""Words and programs of everyday life that several families share."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.world import Province, Unit

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0",
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 6.1; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
)
PROCEDURES = (
    "1.001193",
    "1.004884",
    "2.000635",
    "1.000894",
    "2.001827",
    "1.012223",
    "1.003554",
    "2.000488",
    "1.001612",
)
NUMBER_KINDS = ("BC", "CV", "KH", "TTr", "QĐ", "TB", "GM")
STEMS = ("BaoCao", "KeHoach", "CongVan", "ToTrinh", "ThongBao", "QuyetDinh", "GiayMoi", "PhuLuc", "DanhSach", "BieuMau")
MATTERS = (
    "chuyen-doi-so",
    "cai-cach-hanh-chinh",
    "dau-tu-cong",
    "phong-chong-bao",
    "dat-dai",
    "y-te",
    "giao-duc",
    "an-sinh",
)
ENDINGS = ("pdf", "pdf", "pdf", "docx", "docx", "xlsx", "zip")


def officer(draw: Draw, world: Province) -> tuple[Unit, str, str]:
    """A unit, one of its officers, and the address the province sees."""
    unit = draw.pick(world.units)
    return unit, draw.pick(unit.officers), draw.pick(unit.gates)


def dossier(draw: Draw, unit: Unit, at: float) -> str:
    """Code of a dossier received within the last weeks."""
    return f"{unit.dossier_code}-{stamps.yymmdd(at - draw.upto(0, 20) * 86400)}-{draw.upto(1, 160):04d}"


def file_name(draw: Draw) -> str:
    """Name of an ordinary document."""
    return f"{draw.pick(STEMS)}-{draw.pick(MATTERS)}-{draw.upto(1, 400)}.{draw.pick(ENDINGS)}"
