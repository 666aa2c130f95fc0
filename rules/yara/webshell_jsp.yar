// A JSP that starts a process, or defines a class, out of a request's content.
// Reasoning: the middleware of the data exchange platform runs on Java; an upload hole there is used exactly like this.
rule webshell_jsp
{
    meta:
        id = "webshell_jsp"
        version = "1"
        title_vi = "Web shell JSP: chạy lệnh hoặc nạp lớp từ yêu cầu"
        title_en = "JSP web shell: runs a command or defines a class out of a request"
        severity = "critical"
        attack = "T1505.003"
        reference = "docs/write-a-rule.md"
    strings:
        $scriptlet = "<%"
        $expression = "<jsp:scriptlet" nocase
        $request = /request[ \t]*\.[ \t]*(getParameter|getHeader|getInputStream|getReader)[ \t]*\(/
        $runtime = /Runtime[ \t]*\.[ \t]*getRuntime[ \t]*\([ \t]*\)[ \t]*\.[ \t]*exec[ \t]*\(/
        $builder = /new[ \t]+(java\.lang\.)?ProcessBuilder[ \t]*\(/
        $define = /\bdefineClass[ \t]*\(/
        $reflect = /getDeclaredMethod[ \t]*\([ \t]*"defineClass"/
        $cipher = /Cipher[ \t]*\.[ \t]*getInstance[ \t]*\(/
    condition:
        filesize < 1MB and ($scriptlet or $expression) and $request
        and ($runtime or $builder or $reflect or ($define and $cipher))
}
