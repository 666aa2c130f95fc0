// A page of ours that carries gambling advertisements for search engines.
// Reasoning: one word is a news item about a raid. Spam shows at least four different phrases together with links that are hidden from
// people or a redirect that looks at the visitor's search engine.
rule gambling_seo_html
{
    meta:
        id = "gambling_seo_html"
        version = "1"
        title_vi = "Trang bị chèn quảng cáo cờ bạc cho máy tìm kiếm"
        title_en = "Page injected with gambling advertisements for search engines"
        severity = "high"
        attack = "T1491.002"
        reference = "docs/write-a-rule.md"
    strings:
        $w01 = "nhà cái uy tín" nocase
        $w02 = "nha cai uy tin" nocase
        $w03 = "nha-cai" nocase
        $w04 = "tài xỉu" nocase
        $w05 = "tai-xiu" nocase
        $w06 = "cá cược" nocase
        $w07 = "ca-cuoc" nocase
        $w08 = "bài đổi thưởng" nocase
        $w09 = "bai-doi-thuong" nocase
        $w10 = "nổ hũ" nocase
        $w11 = "no-hu" nocase
        $w12 = "soi cầu" nocase
        $w13 = "soi-cau" nocase
        $w14 = "kèo nhà cái" nocase
        $w15 = "keonhacai" nocase
        $w16 = "casino" nocase
        $w17 = "bong88" nocase
        $w18 = "xóc đĩa" nocase
        $markup_1 = "<html" nocase
        $markup_2 = "<body" nocase
        $markup_3 = "<div" nocase
        $markup_4 = "<script" nocase
        $hidden = /(display[ \t]*:[ \t]*none|visibility[ \t]*:[ \t]*hidden|(left|top|text-indent)[ \t]*:[ \t]*-[0-9]{3,5}px|font-size[ \t]*:[ \t]*0)/ nocase
        $cloak = /(document\.referrer|HTTP_REFERER|HTTP_USER_AGENT|navigator\.userAgent)[^\n]{0,120}(google|bing|coccoc|googlebot)/ nocase
        $link = /<a[ \t][^>]{0,40}href[ \t]*=/ nocase
    condition:
        filesize < 5MB and any of ($markup_*) and 4 of ($w*) and ($cloak or ($hidden and #link >= 4))
}
