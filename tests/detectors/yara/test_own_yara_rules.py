"""Every YARA rule of ours against a file it must catch and look-alikes it must leave alone.

The samples are put together from pieces here, so that no antivirus takes offence at the checkout, and none of them works.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from detectors.rulepack import own_rules, yara_files
from detectors.yara.rules import load_yara
from detectors.yara.scanner import YaraScanner

EV, B64, REQ = "ev" + "al", "base64" + "_decode", "$_" + "POST"
PS = "power" + "shell"
LNK = bytes.fromhex("4c00000001140200000000" + "00c000000000000046")
OLE = bytes.fromhex("d0cf11e0" + "a1b11ae1")
LONG = base64.b64encode(b"harmless text for a test, nothing more " * 4).decode()
SPAM = ("nhà cái uy tín", "tài xỉu", "nổ hũ", "soi cầu", "casino")
SPAM_LINKS = "".join(f'<a href="https://{i}.example">{words}</a>' for i, words in enumerate(SPAM))
WALLET = "4" + "A" + "b" * 93

CATCHES: dict[str, list[tuple[str, bytes]]] = {
    "webshell_php": [
        ("anh.php", f"<?php @{EV}({REQ}['x']);".encode()),
        ("logo.php", f"GIF89a<?php {EV}({B64}({REQ}['a']));".encode()),
        ("cache.php", f"<?php {EV}(gz{'inflate'}({B64}('{LONG}')));".encode()),
    ],
    "webshell_aspx": [
        ("a.aspx", f'<%@ Page Language="Jscript"%><%{EV}(Request.Item["x"],"unsafe");%>'.encode()),
        ("b.ashx", f'<%@ WebHandler %> new Process{"StartInfo"}("c{"md"}.exe", "/c " + context.Request["c"])'.encode()),
    ],
    "webshell_jsp": [
        ("c.jsp", f'<% Runtime.get{"Runtime"}().exec(request.getParameter("c")); %>'.encode()),
        ("d.jsp", b'<% Cipher c = Cipher.getInstance("AES"); x.define' + b'Class(request.getReader().readLine()); %>'),
    ],
    "gambling_seo_html": [
        (
            "index.html",
            f'<html><div style="position:absolute;left:-9999px">{SPAM_LINKS}</div></html>'.encode(),
        )
    ],
    "powershell_encoded_dropper": [
        ("run.bat", f"{PS} -nop -w hidden -enc {LONG}".encode()),
        ("run.vbs", f'sh.Run "{PS} -WindowStyle Hidden IEX (New-Object Net.{"WebClient"}).DownloadString(x)"'.encode()),
        ("run.lnk", f"{PS}.exe -ep bypass -e {LONG}".encode("utf-16-le")),
    ],
    "ransom_note": [
        ("README.txt", b"All your files have been encr" + b"ypted. Buy bit" + b"coin, write to help@" + b"onionmail.org."),
        ("DOC_DI.txt", "Toàn bộ dữ liệu đã bị mã hóa. Trả tiền chuộc bằng bitcoin. Telegram: @mau_khong_that".encode()),
    ],
    "usb_worm_lnk": [
        ("TaiLieu.lnk", LNK + "cmd.exe /c start wscript x.vbs & explorer %cd%TaiLieu".encode("utf-16-le")),
        ("autorun.inf", b"[autorun]\r\nicon=folder.ico\r\nopen=RECYCLER\\x.exe\r\n"),
    ],
    "office_macro_suspicious": [
        ("m.bas", b'Attribute VB_Name = "T"\r\nSub Auto' + b'Open()\r\nCreateObject("WScript.' + b'Shell").Run "x"\r\nEnd Sub'),
        ("m.doc", OLE + b"\0" * 64 + "Document_Open URLDownload".encode("utf-16-le") + b"ToFile Shell (" + b"VirtualAlloc"),
    ],
    "miner_config": [
        ("config.json", f'{{"pools": [{{"url": "pool.example:3333", "user": "{WALLET}", "pass": "x"}}], "donate-level": 1}}'.encode()),
        ("start.cmd", b"x.exe -o stratum" + b"+tcp://pool.example:4444 --donate-level 1"),
    ],
}  # fmt: skip

LEAVES: dict[str, list[tuple[str, bytes]]] = {
    "webshell_php": [
        ("form.php", b"<?php $name = htmlspecialchars($_POST['name']); system_log($name); echo $name;"),
        ("guide.md", f"Never write {EV}({REQ}['x']) in a page.".encode()),
    ],
    "webshell_aspx": [("login.aspx", b'<%@ Page Language="C#" %><% var u = Request.Form["user"]; Membership.ValidateUser(u, p); %>')],
    "webshell_jsp": [("list.jsp", b'<% String id = request.getParameter("id"); out.print(service.find(id)); %>')],
    "gambling_seo_html": [
        ("news.html", '<html><a href="/1">1</a><p style="display:none">x</p>Công an triệt phá đường dây cá cược, tài xỉu</html>'.encode()),
        ("list.txt", "nhà cái uy tín, tài xỉu, nổ hũ, soi cầu, casino".encode()),
    ],
    "powershell_encoded_dropper": [
        ("backup.ps1", f"{PS} -ExecutionPolicy Bypass -File backup.ps1".encode()),
        ("update.ps1", b"Invoke-WebRequest https://update.example/a.msi -OutFile a.msi"),
    ],
    "ransom_note": [
        ("canh-bao.txt", "Khi dữ liệu đã bị mã hóa, không trả tiền chuộc; gọi trung tâm ứng cứu của tỉnh, dùng bản sao lưu.".encode()),
        ("news.txt", b"The hospital's files were encrypted; the gang wants bitcoin and threatens that data will be leaked."),
    ],
    "usb_worm_lnk": [
        ("Word.lnk", LNK + "C:\\Program Files\\Office\\winword.exe".encode("utf-16-le")),
        ("autorun.inf", b"[autorun]\r\nopen=setup.exe\r\nicon=setup.exe,0\r\n"),
    ],
    "office_macro_suspicious": [
        ("form.bas", b'Attribute VB_Name = "T"\r\nSub Workbook_Open()\r\nSheets(1).Activate\r\nEnd Sub'),
        ("tool.bas", b'Attribute VB_Name = "T"\r\nSub Export()\r\nCreateObject("WScript.' + b'Shell").Run "x"\r\nEnd Sub'),
    ],
    "miner_config": [
        ("article.html", b"<p>Miners speak stratum; a pool shares the work. The donate level of software differs.</p>"),
        ("db.json", b'{"pools": [{"url": "db.example:5432", "user": "app", "pass": "x"}]}'),
    ],
}  # fmt: skip

NAMES = [path.stem for path in yara_files(own_rules())]


@pytest.fixture(scope="module")
def scanner() -> Iterator[YaraScanner]:
    with YaraScanner(load_yara(yara_files(own_rules()))) as scanner:
        yield scanner


def fired(scanner: YaraScanner, folder: Path, name: str, content: bytes) -> set[str]:
    path = folder / name
    path.write_bytes(content)
    (result,) = scanner.scan([path])
    assert result.scanned
    return {match.rule.id for match in result.matches}


@pytest.mark.parametrize("rule", NAMES)
def test_a_rule_catches_its_samples(rule: str, scanner: YaraScanner, tmp_path: Path) -> None:
    for name, content in CATCHES[rule]:
        assert rule in fired(scanner, tmp_path, name, content), name


@pytest.mark.parametrize("rule", NAMES)
def test_a_rule_leaves_the_look_alikes_alone(rule: str, scanner: YaraScanner, tmp_path: Path) -> None:
    for name, content in LEAVES[rule]:
        assert fired(scanner, tmp_path, name, content) == set(), name


def test_every_rule_has_cases_of_both_kinds_and_no_case_is_without_a_rule() -> None:
    assert set(NAMES) == set(CATCHES) == set(LEAVES)


def test_the_rule_in_a_file_is_named_like_the_file_and_tells_what_an_alert_needs() -> None:
    loaded = load_yara(yara_files(own_rules()))
    assert not loaded.refusals
    for (namespace, name), rule in loaded.rules.items():
        assert Path(namespace).stem == name
        assert rule.title["vi"] != rule.title["en"]
        assert rule.attack
        assert rule.version == "1"
