// A ransom note in Vietnamese or English.
// Reasoning: three things stand together in every note - files are encrypted, the way back costs money, and an address to write to. An article or a
// guide about ransomware has the first two, and no address that works.
rule ransom_note
{
    meta:
        id = "ransom_note"
        version = "1"
        title_vi = "Thư đòi tiền chuộc dữ liệu"
        title_en = "Ransom note"
        severity = "critical"
        attack = "T1486"
        reference = "docs/write-a-rule.md"
    strings:
        $lost_vi_1 = "đã bị mã hóa" nocase
        $lost_vi_2 = "đã bị mã hoá" nocase
        $lost_vi_3 = "da bi ma hoa" nocase
        $lost_en = /\b(files|documents|data|databases|network)\b.{0,60}\b(have|has|are|were|is)\b.{0,20}\b(encrypted|locked|stolen)/ nocase
        $pay_vi = /(ti.{1,4}n chu.{1,4}c|tien chuoc|kh.{1,4}a gi.{1,4}i m.{1,4}|khoa giai ma|bitcoin|monero)/ nocase
        $pay_en = /(ransom|decrypt(ion|or)( key| tool)?|bitcoin|\bBTC\b|monero|\bXMR\b)/ nocase
        $contact_onion = /\b[a-z2-7]{16,56}\.onion\b/ nocase
        $contact_mail = /[A-Za-z0-9._-]{3,40}@(proton(mail)?|tuta(nota|mail)?|onionmail|cock|keemail|mailfence)\.[a-z]{2,5}/ nocase
        $contact_session = /\b(session|tox)( id)?[ \t]*:?[ \t]*[0-9A-F]{60,76}\b/ nocase
        $contact_telegram = /telegram[ \t:]{1,4}@[A-Za-z0-9_]{4,32}/ nocase
    condition:
        filesize < 200KB and any of ($lost_*) and any of ($pay_*) and any of ($contact_*)
}
