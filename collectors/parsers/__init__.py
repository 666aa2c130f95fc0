"""Every parser by its id: the one place where a new format joins.

The class is loaded when its parser is first asked for, so that a command which reads one format does not pay for sixty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from collectors.parsing import Parser

_WHERE = {
    "apache": "apache:ApacheParser",
    "apex_one": "apex_one:ApexOneParser",
    "arcgis": "arcgis:ArcgisParser",
    "aruba_os": "aruba_os:ArubaOsParser",
    "auditbeat": "auditbeat:AuditbeatParser",
    "auditd": "auditd:AuditdParser",
    "bind": "bind:BindParser",
    "cef": "cef:CefParser",
    "checkpoint": "checkpoint:CheckpointParser",
    "cisco_firewall": "cisco_firewall:CiscoFirewallParser",
    "cisco_ios": "cisco_ios:CiscoIosParser",
    "csv": "csv:CsvParser",
    "dicom": "dicom:DicomParser",
    "eset_protect": "eset_protect:EsetProtectParser",
    "f5_bigip": "f5_bigip:F5BigipParser",
    "fortigate": "fortigate:FortigateParser",
    "freeradius": "freeradius:FreeradiusParser",
    "gelf": "gelf:GelfParser",
    "geoserver_audit": "geoserver_audit:GeoserverAuditParser",
    "grok": "grok:GrokParser",
    "haproxy": "haproxy:HaproxyParser",
    "hikvision": "hikvision:HikvisionParser",
    "iis": "iis:IisParser",
    "imperva_waf": "imperva_waf:ImpervaWafParser",
    "jitsi": "jitsi:JitsiParser",
    "journald": "journald:JournaldParser",
    "json": "json:JsonParser",
    "juniper": "juniper:JuniperParser",
    "jupyterhub": "jupyterhub:JupyterhubParser",
    "kaspersky": "kaspersky:KasperskyParser",
    "keycloak": "keycloak:KeycloakParser",
    "kong": "kong:KongParser",
    "kv": "kv:KvParser",
    "leef": "leef:LeefParser",
    "linux_auth": "linux_auth:LinuxAuthParser",
    "luna_hsm": "luna_hsm:LunaHsmParser",
    "mcu_cdr": "mcu_cdr:McuCdrParser",
    "mikrotik": "mikrotik:MikrotikParser",
    "minio_audit": "minio_audit:MinioAuditParser",
    "modsecurity": "modsecurity:ModsecurityParser",
    "mosquitto": "mosquitto:MosquittoParser",
    "mssql_audit": "mssql_audit:MssqlAuditParser",
    "mysql": "mysql:MysqlParser",
    "netflow": "netflow:NetflowParser",
    "nginx": "nginx:NginxParser",
    "openldap": "openldap:OpenldapParser",
    "openssh": "openssh:OpensshParser",
    "openvpn": "openvpn:OpenvpnParser",
    "oracle_audit": "oracle_audit:OracleAuditParser",
    "paloalto": "paloalto:PaloaltoParser",
    "pfsense": "pfsense:PfsenseParser",
    "postfix": "postfix:PostfixParser",
    "postgresql": "postgresql:PostgresqlParser",
    "sip": "sip:SipParser",
    "sophos_firewall": "sophos_firewall:SophosFirewallParser",
    "squid": "squid:SquidParser",
    "suricata": "suricata:SuricataParser",
    "syslog": "syslog:SyslogParser",
    "trellix_epo": "trellix_epo:TrellixEpoParser",
    "unbound": "unbound:UnboundParser",
    "veeam": "veeam:VeeamParser",
    "vmware_esxi": "vmware_esxi:VmwareEsxiParser",
    "vmware_vcenter": "vmware_vcenter:VmwareVcenterParser",
    "vsftpd": "vsftpd:VsftpdParser",
    "watchguard": "watchguard:WatchguardParser",
    "windows_json": "windows_json:WindowsJsonParser",
    "winlogbeat": "winlogbeat:WinlogbeatParser",
    "wso2": "wso2:Wso2Parser",
    "xroad": "xroad:XroadParser",
    "zeek": "zeek:ZeekParser",
    "zimbra": "zimbra:ZimbraParser",
}
"""Id -> module of this package and class in it."""


class _Parsers(Mapping[str, type[Parser]]):
    """Id -> class."""

    def __getitem__(self, id: str) -> type[Parser]:  # noqa: A002 - the word of the glossary
        module, _, name = _WHERE[id].partition(":")
        found: type[Parser] = getattr(import_module(f"{__name__}.{module}"), name)
        return found

    def __contains__(self, id: object) -> bool:  # noqa: A002
        return id in _WHERE

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)


PARSERS: Mapping[str, type[Parser]] = _Parsers()
