"""The keyword fields that have an index of their own in Elasticsearch.

A field that is not named here, nor has a type in `soc.core.ecs`, is searched all the same, through one field of terms that all such
fields share (`soc.storage.elastic.layout`): so field names that a log makes up never grow the mapping.
Source: Elastic Common Schema 8.17, field reference; `soc.*` fields are ours; Windows names are those of the event schema.
"""

from __future__ import annotations

_ECS = """
agent.id agent.name agent.type agent.version
client.address client.domain client.mac client.user.name client.user.id
cloud.account.id cloud.instance.id cloud.provider cloud.region
container.id container.image.name container.name
destination.address destination.domain destination.mac destination.user.domain destination.user.email destination.user.id
destination.user.name destination.geo.country_iso_code
device.id dll.name dll.path dll.hash.sha256
dns.answers.data dns.question.class dns.question.name dns.question.registered_domain dns.question.type dns.response_code dns.type
ecs.version
email.attachments.file.name email.authentication.dkim email.authentication.dmarc email.authentication.spf email.direction
email.from.address email.message_id email.sender.address email.subject email.to.address
error.code error.type
event.action event.category event.code event.dataset event.hash event.id event.kind event.module event.outcome event.provider
event.reason event.reference event.timezone event.type
file.directory file.extension file.hash.md5 file.hash.sha1 file.hash.sha256 file.mime_type file.name file.owner file.path file.type
group.domain group.id group.name
host.architecture host.domain host.hostname host.id host.mac host.name host.os.family host.os.name host.os.type host.os.version host.type
http.request.id http.request.method http.request.mime_type http.request.referrer http.request.cookies http.response.mime_type
http.version
log.file.path log.level log.logger log.syslog.appname log.syslog.facility.name log.syslog.hostname log.syslog.msgid log.syslog.procid
log.syslog.severity.name log.syslog.structured_data
network.application network.community_id network.direction network.name network.protocol network.transport network.type
network.vlan.id
observer.egress.interface.name observer.hostname observer.ingress.interface.name observer.ingress.vlan.name observer.mac
observer.name observer.product observer.serial_number observer.type observer.vendor observer.version
organization.id organization.name
powershell.file.script_block_id powershell.file.script_block_text
process.args process.command_line process.entity_id process.executable process.hash.md5 process.hash.sha1 process.hash.sha256
process.name process.parent.command_line process.parent.entity_id process.parent.executable process.parent.name
process.parent.user.name process.pe.company process.pe.description process.pe.file_version process.pe.original_file_name
process.pe.product process.title process.user.name process.working_directory
registry.data.strings registry.data.type registry.hive registry.key registry.path registry.value
related.hash related.hosts related.user
rule.category rule.description rule.id rule.name rule.reference rule.ruleset rule.version
server.address server.domain server.user.name
service.id service.name service.type service.version
source.address source.domain source.geo.country_iso_code source.mac source.user.domain source.user.email source.user.id
source.user.name
tags
threat.indicator.name threat.tactic.id threat.tactic.name threat.technique.id threat.technique.name
tls.cipher tls.client.issuer tls.client.server_name tls.client.subject tls.server.issuer tls.server.subject tls.version
trace.id transaction.id
url.domain url.extension url.fragment url.full url.original url.password url.path url.query url.registered_domain url.scheme
url.subdomain url.username
user.changes.name user.domain user.effective.id user.effective.name user.email user.full_name user.group.name user.hash user.id
user.name user.roles user.target.id user.target.name
user_agent.device.name user_agent.name user_agent.original user_agent.os.name user_agent.version
vulnerability.id vulnerability.severity
winlog.channel winlog.computer_name winlog.provider_name
x509.issuer.common_name x509.serial_number x509.subject.common_name
"""

_OURS = """
soc.agency soc.api.consumer soc.api.name soc.api.route soc.asset soc.av.product soc.av.task soc.batch.id soc.charset
soc.doc.classification soc.doc.flow soc.doc.id soc.doc.number soc.dossier.id soc.exercise soc.log_type soc.logsource.category
soc.logsource.product soc.logsource.service soc.net.zone soc.object.name soc.object.type soc.parser soc.platform
soc.procedure.code soc.session.device soc.session.id soc.signature.device soc.signature.key soc.signature.ocsp
soc.signature.serial soc.source soc.unit soc.unit_group
"""

_WINDOWS = """
Channel Provider_Name EventID Computer CommandLine Image OriginalFileName ParentImage ParentCommandLine CurrentDirectory User
ParentUser IntegrityLevel Company Description Product Hashes Imphash TargetFilename ImageLoaded Signed Signature SignatureStatus
TargetObject EventType Details ScriptBlockText Payload ContextInfo HostApplication ServiceName ServiceFileName ImagePath
SubjectUserName SubjectUserSid SubjectDomainName TargetUserName TargetUserSid TargetDomainName TargetServerName LogonType
LogonProcessName AuthenticationPackageName WorkstationName IpAddress ProcessName NewProcessName ParentProcessName SourceImage
TargetImage CallTrace GrantedAccess PipeName QueryName DestinationHostname DestinationIp DestinationPort SourceIp SourcePort
Initiated ObjectName ObjectType ObjectServer AccessMask AccessList PrivilegeList ShareName RelativeTargetName TaskName
TaskContent Status SubStatus FailureReason TicketEncryptionType TicketOptions AttributeLDAPDisplayName AttributeValue
"""

KEYWORDS = frozenset(f"{_ECS} {_OURS} {_WINDOWS}".split())
"""Names of the mapped keyword fields."""
