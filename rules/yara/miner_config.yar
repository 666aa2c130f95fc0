// The configuration of a coin miner, or a command line that carries one.
// Reasoning: a pool address, a wallet and the miner's own words stand together only there; a page about mining has no pool address with a port.
rule miner_config
{
    meta:
        id = "miner_config"
        version = "1"
        title_vi = "Cấu hình phần mềm đào tiền ảo"
        title_en = "Configuration of a coin miner"
        severity = "medium"
        attack = "T1496.001"
        reference = "docs/write-a-rule.md"
    strings:
        $stratum = /stratum\+(tcp|ssl|tls):\/\/[A-Za-z0-9.-]{4,80}:[0-9]{2,5}/ nocase ascii wide
        $pools = /"pools"[ \t]*:[ \t]*\[/
        $pool_url = /"url"[ \t]*:[ \t]*"[^"]{4,100}:[0-9]{2,5}"/
        $donate = "donate-level" ascii wide
        $randomx = /\b(randomx|rx\/0|cryptonight|cn\/r|kawpow|ethash)\b/ nocase ascii wide
        $wallet = /("user"[ \t]*:[ \t]*"|--user[ =]|-u )4[0-9AB][1-9A-HJ-NP-Za-km-z]{93}\b/ ascii wide
        $worker = /"(user|pass|rig-id|worker)"[ \t]*:/
    condition:
        filesize < 10MB and (
            ($stratum and ($donate or $randomx or $wallet))
            or ($pools and $pool_url and $worker and ($donate or $randomx or $wallet))
        )
}
