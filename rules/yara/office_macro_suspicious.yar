// An Office document or exported macro that starts by itself and runs or fetches something.
// Reasoning: automatic start alone is used by forms; the execution beside it is what a form never needs.
rule office_macro_suspicious
{
    meta:
        id = "office_macro_suspicious"
        version = "1"
        title_vi = "Macro Office tự chạy và gọi chương trình khác"
        title_en = "Office macro that starts by itself and runs something"
        severity = "high"
        attack = "T1204.002,T1059.005"
        reference = "docs/write-a-rule.md"
    strings:
        $ole = { D0 CF 11 E0 A1 B1 1A E1 }
        $vba_text = /Attribute[ \t]+VB_Name/ nocase
        $sub = /\bSub[ \t]+(Auto_?Open|AutoExec|Document_Open|Workbook_Open|Auto_?Close)\b/ nocase ascii wide
        $auto = /\b(Auto_?Open|AutoExec|Document_Open|Workbook_Open)\b/ nocase ascii wide
        $shell = /\b(WScript\.Shell|Shell\.Application|Shell[ \t]*\(|ShellExecute[AW]?|Win32_Process)/ nocase ascii wide
        $download = /(URLDownloadToFile[AW]?|MSXML2\.(Server)?XMLHTTP|WinHttp\.WinHttpRequest|ADODB\.Stream)/ nocase ascii wide
        $inject = /\b(VirtualAlloc(Ex)?|RtlMoveMemory|CreateThread|WriteProcessMemory)\b/ ascii wide
        $hides = /(Chr[W]?[ \t]*\([ \t]*[0-9]{2,3}[ \t]*\)[ \t]*&[ \t]*){5}/ nocase
    condition:
        filesize < 20MB and ($ole at 0 or $vba_text or $sub) and ($sub or $auto)
        and ($shell or $inject or ($download and ($hides or $shell)))
}
