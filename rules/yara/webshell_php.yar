// A PHP file that hands what the visitor sent to something that executes it.
// Reasoning: a form field has no business inside eval or a shell call. Encoders alone are common in licensed code, so they count
// only beside an executing call.
rule webshell_php
{
    meta:
        id = "webshell_php"
        version = "1"
        title_vi = "Web shell PHP: thực thi dữ liệu do người truy cập gửi lên"
        title_en = "PHP web shell: executes what the visitor sends"
        severity = "critical"
        attack = "T1505.003"
        reference = "docs/write-a-rule.md"
    strings:
        $tag = "<?php" nocase
        $short = "<?="
        $direct = /\b(eval|assert|system|exec|shell_exec|passthru|popen|proc_open)[ \t]*\([ \t]*@?[ \t]*(base64_decode|gzinflate|str_rot13|stripslashes|trim|urldecode)?[ \t]*\(?[ \t]*\$_(GET|POST|REQUEST|COOKIE|SERVER)\b/ nocase
        $callback = /\b(array_map|call_user_func|usort|preg_replace_callback|array_filter)[ \t]*\([ \t]*\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $variable_function = /\$_(GET|POST|REQUEST|COOKIE)[ \t]*\[[^\]]{1,40}\][ \t]*\([ \t]*\$_(GET|POST|REQUEST|COOKIE)\b/ nocase
        $packed = /\b(eval|assert)[ \t]*\([ \t]*(gzinflate|gzuncompress|str_rot13|base64_decode)[ \t]*\([ \t]*(base64_decode|str_rot13|gzinflate|strrev)?[ \t]*\(?[ \t]*['"][A-Za-z0-9+\/=]{80}/ nocase
    condition:
        filesize < 2MB and ($tag or $short) and ($direct or $callback or $variable_function or $packed)
}
