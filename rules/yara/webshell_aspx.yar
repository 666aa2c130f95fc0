// An ASP.NET page or handler that runs a request's content as code or as a command.
// Reasoning: pages of the province's systems are compiled; none of them starts cmd.exe or evaluates script from a request.
rule webshell_aspx
{
    meta:
        id = "webshell_aspx"
        version = "1"
        title_vi = "Web shell ASP/ASPX: thực thi nội dung của yêu cầu"
        title_en = "ASP/ASPX web shell: runs the content of a request"
        severity = "critical"
        attack = "T1505.003"
        reference = "docs/write-a-rule.md"
    strings:
        $page = /<%@[ \t]*(page|webhandler|webservice)\b/ nocase
        $script = /<script[^>]{0,80}runat[ \t]*=[ \t]*["']?server/ nocase
        $classic = "<%"
        $eval = /\b(eval|execute|executeglobal)[ \t]*\(?[ \t]*(request|context\.request)[ \t]*[\.\(\[]/ nocase
        $start = /Process(StartInfo)?[^;\n]{0,80}(cmd(\.exe)?|powershell(\.exe)?)/ nocase
        $from_request = /\bRequest[ \t]*(\.(Form|QueryString|Params|Item|Headers|BinaryRead))?[ \t]*[\[\(]/ nocase
        $load = /Assembly\.Load[ \t]*\([^;\n]{0,120}(FromBase64String|Request|Session|Decompress|TransformFinalBlock)/ nocase
        $wscript = /CreateObject[ \t]*\([ \t]*"(wscript\.shell|shell\.application)"/ nocase
    condition:
        filesize < 1MB and ($page or $script or $classic)
        and ($eval or $load or ($from_request and ($start or $wscript)))
}
