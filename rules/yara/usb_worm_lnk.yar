// A shortcut, or an autorun file, of the kind worms leave on USB sticks.
// Reasoning: the shortcut takes the name and icon of the victim's folder, starts a hidden program through cmd, wscript or rundll32 and then opens
// the real folder; a shortcut made by a person points at a program or a document.
rule usb_worm_lnk
{
    meta:
        id = "usb_worm_lnk"
        version = "1"
        title_vi = "Lối tắt hoặc autorun của sâu USB"
        title_en = "Shortcut or autorun file of a USB worm"
        severity = "high"
        attack = "T1091,T1204.002"
        reference = "docs/write-a-rule.md"
    strings:
        $lnk_magic = { 4C 00 00 00 01 14 02 00 00 00 00 00 C0 00 00 00 00 00 00 46 }
        $autorun = "[autorun]" nocase
        $interpreter = /(cmd|wscript|cscript|mshta|rundll32|powershell|msiexec)(\.exe)?/ nocase ascii wide
        $hidden_start = /\/[cqr][ \t]+(start|ren|attrib|md|explorer|wscript|cscript|powershell)/ nocase ascii wide
        $script = /\.(vbs|vbe|js|jse|wsf|bat|cmd|scr|ps1|dat,[a-z]|tmp,[a-z])\b/ nocase ascii wide
        $opens_folder = /(explorer(\.exe)?[ \t"%]|%cd%|start[ \t]+explorer)/ nocase ascii wide
        $run_line = /\n(open|shellexecute|shell\\[a-z]+\\command)[ \t]*=[ \t]*[^\r\n]*(recycler|\$recycle|system volume|\.(scr|vbs|vbe|bat|cmd|js|com|pif))/ nocase
    condition:
        filesize < 1MB and (
            ($lnk_magic at 0 and $interpreter and (2 of ($hidden_start, $script, $opens_folder)))
            or ($autorun in (0..64) and $run_line)
        )
}
