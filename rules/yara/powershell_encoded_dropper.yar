// A script or shortcut that starts PowerShell with a hidden window and an encoded or downloaded body.
// Reasoning: administrators use one of these at a time; a dropper needs the combination.
rule powershell_encoded_dropper
{
    meta:
        id = "powershell_encoded_dropper"
        version = "1"
        title_vi = "Tập lệnh thả mã độc qua PowerShell mã hóa"
        title_en = "Dropper through encoded PowerShell"
        severity = "high"
        attack = "T1059.001,T1027.010"
        reference = "docs/write-a-rule.md"
    strings:
        $shell_1 = "powershell" nocase ascii wide
        $shell_2 = "pwsh.exe" nocase ascii wide
        $encoded = /(powershell|pwsh)[^\r\n]{1,200}[ \t][-\/]e(c|n|nc|nco|ncod|ncode|ncoded|ncodedc\w{0,6})?[ \t]+["']?[A-Za-z0-9+\/]{60}/ nocase ascii wide
        $from_base64 = "FromBase64String" nocase ascii wide
        $hidden = /[-\/]w(in|indow|indowstyle)?[ \t]+hidden\b/ nocase ascii wide
        $bypass = /[ \t][-\/](ep|exec|executionpolicy)[ \t]+bypass/ nocase ascii wide
        $download = /(DownloadString|DownloadData|DownloadFile|Invoke-WebRequest|Net\.WebClient|Start-BitsTransfer)/ nocase ascii wide
        $invoke = /(\bIEX\b|Invoke-Expression|\.Invoke\()/ nocase ascii wide
    condition:
        filesize < 5MB and (
            ($encoded and ($hidden or $bypass))
            or (any of ($shell_*) and $hidden and $download and $invoke)
            or ($from_base64 and $invoke and $download and ($hidden or $bypass))
        )
}
